"""Pictures of the screen and of every panel at the size of a wall and of a laptop, light and dark, kept in build/screenshots for people to look at.

What can be told without looking is asked here: nothing is cut off or overlaps, every chart has the names of its axes, nobody complains.
"""
import math
import re
import unittest

from browser import Browser, need
from node import Node, until
from simulated import Detector
from web import LISTEN, Web

SIZES = {"wall": (1920, 1080), "laptop": (1366, 768)}
CRYSTALS = ("--detector", "eiger2-1m", "--hit-rate", "0.4", "--pool", "40", "--ice", "0.2", "--threads", "2", "--hot", "5")
PANELS = ("hits", "spots", "background", "frame", "radial", "peaks", "node")

CUT = """(() => {
    const out = [];
    for (const e of document.querySelectorAll('#bar h1, #bar h2, #bar p, .panel h2, .choice, .toggle, .figure, .gauge span:last-child, #latency td')) {
        const r = e.getBoundingClientRect();
        if (r.width && (r.left < -1 || r.right > innerWidth + 1 || r.top < -1 || r.bottom > innerHeight + 1))
            out.push('outside: ' + (e.id || e.className || e.textContent));
        if (e.matches('p, h1, h2') && e.scrollWidth > e.clientWidth + 1)
            out.push('cut off: ' + e.textContent);
    }
    for (const box of document.querySelectorAll('.plot'))
        if (box.querySelectorAll('.uplot').length > 1)
            out.push(`charts lie over each other in ${box.id}`);
    const panels = [...document.querySelectorAll('.panel')].filter(p => p.offsetWidth).map(p => [p.id, p.getBoundingClientRect()]);
    for (const [a, r] of panels)
        for (const [b, s] of panels)
            if (a < b && r.left < s.right && s.left < r.right && r.top < s.bottom && s.top < r.bottom)
                out.push(`${a} lies over ${b}`);
    for (const [id, r] of panels)
        for (const child of document.getElementById(id).querySelectorAll('header > *, footer > *'))
            if (child.offsetWidth && child.getBoundingClientRect().right > r.right + 1)
                out.push(`${id}: ${child.id || child.className} sticks out`);
    return out;
})()"""

DRAWN = """(selector => {
    const canvas = document.querySelector(selector), data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, colours = new Set();
    for (let i = 0; i < data.length; i += 4)
        if (data[i + 3])
            colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
    return colours.size;
})"""


class Pictures(unittest.TestCase):
    def look(self, page, name):
        """The whole screen, kept; and nothing on it is cut off."""
        page.picture(name)
        self.assertEqual(page.eval(CUT), [], name)

    def check_drawn(self, page, selector, n):
        self.assertGreater(page.eval(f"{DRAWN}('{selector}')"), n, selector)

    def views(self, page, size):
        self.look(page, f"{size}-screen")
        for panel in PANELS:
            page.picture(f"{size}-{panel}", f"#panel_{panel}")
        for chart in ("hits_plot_time", "spots_plot", "background_plot", "radial_plot", "latency_plot"):
            self.check_drawn(page, f"#{chart} canvas", 3)
        self.check_drawn(page, "#peaks_canvas", 10)
        self.check_drawn(page, "#frame_image", 5)
        page.press("x")
        page.wait("!document.querySelector('#hits_plot_frame').hidden")
        page.picture(f"{size}-hits-by-frame", "#panel_hits")
        page.press("y", "w", "w")
        page.wait("document.querySelector('#map_canvas').offsetWidth > 0 && document.querySelector('#map_columns').value > 0")
        page.wait(f"{DRAWN}('#map_canvas') > 20 && {DRAWN}('#waterfall_canvas') > 20")
        self.look(page, f"{size}-map-waterfall")
        page.picture(f"{size}-map", "#panel_hits")
        page.picture(f"{size}-waterfall", "#panel_radial")
        page.press("x", "w")

    def near(self, page, web, size):
        """Close to a spot of the latest hit, with the counts on the pixels."""
        def held():  # a page that is late may choose a hit that has just gone
            page.press("l", "ArrowLeft")
            page.wait("frame_mode.querySelector('[aria-pressed=true]').value === 'frozen' && frame_box.dataset.wants === frame_box.dataset.frame")
            answer = web.get(f"/api/frames/{page.eval('frame_box.dataset.frame')}")
            return answer.json["channels"][0] if answer.status == 200 else None
        channel = until("a frozen hit", held)
        middle = min(range(len(channel["spots"]["x"])), key=lambda i: abs(channel["spots"]["x"][i] / channel["width"] - .6) + abs(channel["spots"]["y"][i] / channel["height"] - .4))
        left, top, width, height = page.eval("(r => [r.left, r.top, r.width, r.height])(frame_box.getBoundingClientRect())")
        scale = min(width / channel["width"], height / channel["height"])
        spot = channel["spots"]["x"][middle], channel["spots"]["y"][middle]
        at = [left + width / 2 + (spot[0] - channel["width"] / 2) * scale, top + height / 2 + (spot[1] - channel["height"] / 2) * scale]
        page.do("move", x=at[0], y=at[1])
        for _ in range(9):
            page.do("wheel", by=-200)
        page.wait("document.querySelector('#frame_tip').innerText.includes('counts') && !document.querySelector('#frame_tip').innerText.includes('largest')")
        for _ in range(20):  # browsers turn wheels at whole pixels of the screen, which before were several of the detector
            under = [int(n) for n in re.match(r"x (\d+) +y (\d+)", page.text("#frame_tip")).groups()]
            if under == [math.floor(c) for c in spot]:
                break
            at = [a + (c - u - .5) * 16 for a, c, u in zip(at, spot, under)]
            page.do("move", x=at[0], y=at[1])
            page.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.assertIn("spot: ", page.text("#frame_tip"))
        page.picture(f"{size}-frame-near", "#panel_frame")
        page.press("0")

    def windows(self, page, size):
        page.press("t")
        page.wait("document.querySelector('#knob_spots_sigma_strong')?.value")
        page.fill("#knob_spots_sigma_strong", "6")
        page.wait("document.querySelector('#trial_n_spots td:last-child').textContent !== '–'")
        self.look(page, f"{size}-tuning")
        page.click("#tune_reset")
        page.eval("document.activeElement.blur()")
        page.press("t", "?")
        page.picture(f"{size}-help")
        page.press("Escape")
        page.wait("!document.querySelector('dialog[open]')")
        page.press("e")
        page.wait("document.querySelector('#ledger [data-term=received]')")
        page.picture(f"{size}-ledger")
        page.press("Escape", "l")
        page.wait("!document.querySelector('dialog[open]')")

    def test_every_panel_at_both_sizes(self):
        with Browser() as browser, Node(LISTEN) as node:
            web = Web(node)
            first = browser.open(f"http://{web.host}:{web.port}/", 1366, 768)
            first.wait("document.body.classList.contains('disconnected')")
            self.look(first, "laptop-waiting")
            hosts = ["localhost", "127.0.0.1"]  # what one page remembers is none of the other's
            with Detector(node, *CRYSTALS, "--rate", 20, "--frames", 4000, "--drop", "1%", "--duplicate", "1%"):
                until("60 hits", lambda: web.totals()["hits"] >= 60)
                for size, (width, height) in SIZES.items():
                    page = browser.open(f"http://{hosts.pop()}:{web.port}/", width, height)
                    page.wait("document.querySelector('#frame_box').dataset.tiles > 3 && document.querySelector('#bar').dataset.updates > 25")
                    self.views(page, size)
                    self.near(page, web, size)
                    self.windows(page, size)
                    page.press("d")
                    page.wait("document.documentElement.dataset.theme === 'dark'")
                    self.look(page, f"{size}-dark")
            self.assertEqual(browser.complaints(), [])


if __name__ == "__main__":
    need()
    unittest.main()
