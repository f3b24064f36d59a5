"""A 16M detector on the screen: the whole frame binned, single pixels when near, and what looking costs the node, by the clocks of its threads."""
import os
import unittest

from browser import Browser, need
from node import Node, until
from simulated import Detector
from web import LISTEN, Web

LARGE = ("--detector", "eiger2-16m", "--hit-rate", "0.5", "--pool", "3", "--threads", "2", "--rate", "4", "--frames", "0")
UPDATES = 60


def lanes_s(node):
    """Processor time of each thread of the node by its name, seconds."""
    folder, out = f"/proc/{node.process.pid}/task", {}
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/comm", encoding="utf-8") as file:
            name = file.read().strip()
        with open(f"{folder}/{task}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        out[name] = out.get(name, 0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return out


class Large(unittest.TestCase):
    def near(self, page, web):
        """Zooms in until there are counts on the pixels, and compares one with the frame."""
        page.press("ArrowLeft")
        page.wait("document.querySelector('#frame_mode [aria-pressed=true]').value === 'frozen'")
        x, y = page.eval("(() => { const r = document.querySelector('#frame_box').getBoundingClientRect(); return [r.left + r.width * .4, r.top + r.height * .4]; })()")
        page.do("move", x=x, y=y)
        self.assertIn("largest of", page.wait("document.querySelector('#frame_tip:not([hidden])')?.innerText"))
        for _ in range(20):
            page.do("wheel", by=-200)
        tip = page.wait("(t => t.includes('largest') ? '' : t)(document.querySelector('#frame_tip').innerText)")
        frame = page.eval("document.querySelector('#frame_box').dataset.frame")
        column, row = int(tip.split()[1]), int(tip.split()[3])
        tile = web.get(f"/api/frames/{frame}/image.raw?bin=1&region={column},{row},1,1").body
        elem = (1, 2, 4)[tile[6]]
        value = int.from_bytes(tile[48:48 + elem], "little")
        self.assertIn("no data" if value == 256 ** elem - 1 else f"{value} counts", tip.replace("\u202f", ""))
        page.picture("16m-near")

    def test_is_shown_whole_and_pixel_by_pixel(self):
        with Browser() as browser, Node(LISTEN, results=False) as node, Detector(node, *LARGE):
            web = Web(node)
            until("hits", lambda: web.totals()["hits"] >= 2)
            page = browser.open(f"http://{web.host}:{web.port}/", 1920, 1080)
            page.wait("document.querySelector('#frame_box').dataset.tiles > 2")
            began, before = page.eval("[performance.now(), Number(bar.dataset.updates), Number(frame_box.dataset.tiles)]"), lanes_s(node)
            page.wait(f"Number(bar.dataset.updates) >= {began[1] + UPDATES}")
            ended, after = page.eval("[performance.now(), Number(bar.dataset.updates), Number(frame_box.dataset.tiles)]"), lanes_s(node)
            seconds = (ended[0] - began[0]) / 1000
            print(f"16M: {(ended[1] - began[1]) / seconds:.1f} updates/s, {(ended[2] - began[2]) / seconds:.1f} pictures/s; processor time of the lanes:")
            for name in sorted(after):
                print(f"  {name:10} {100 * (after[name] - before.get(name, 0)) / seconds:6.1f} % of a core")
            page.picture("16m-screen")
            self.near(page, web)
            self.assertEqual(browser.complaints(), [])


if __name__ == "__main__":
    need()
    unittest.main()
