"""The page in a real browser, against a running node and a simulated detector: what it shows is what the node says."""
import json
import os
import tempfile
import unittest

from browser import Browser, need
from node import Node, until
from simulated import SMALL, Detector
from web import LISTEN, Web

LOSSES = ("--drop", "5%", "--damage", "5%", "--duplicate", "5%", "--seed", "7")
FIGURES = ("expected", "received", "analysed", "hits", "missing")


def address(web):
    return f"http://{web.host}:{web.port}/"


def shows(page, figure, n):
    """Waits until a figure of the top bar is the number."""
    return page.wait(f"document.querySelector('#figure_{figure}').textContent.replace(/\\D/g, '') === '{n}'")


class Screen(unittest.TestCase):
    def setUp(self):
        self.browser = self.enterContext(Browser()) if hasattr(self, "enterContext") else self.enter(Browser())

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def check_silent(self):
        self.assertEqual(self.browser.complaints(), [])

    def test_numbers_are_the_ledger(self):
        """Those of the run, in the bar; every loss with its reasons; and nothing is said on the console."""
        with Node(LISTEN, "run.quiet_after_end_ms=300") as node:
            web = Web(node)
            page = self.browser.open(address(web))
            page.wait("document.body.classList.contains('disconnected')")
            self.assertEqual(page.text("#no_loss"), "✓ nothing lost since the node started")
            with Detector(node, *SMALL, "--rate", 300, "--frames", 300, *LOSSES, "--idle", 60) as detector:
                count = node.wait_ends(1)[0]["count"]
                until("the run is done", lambda: web.status()["runs_done"] == 1)
                shows(page, "received", count["received"])
                for figure in FIGURES[1:]:
                    shows(page, figure, count[figure])
                shows(page, "expected", 300)
                detector.process.kill()
            ledger = web.status()["ledger"]
            lost = {t["term"]: t for t in ledger if t["loss"] and not t.get("of") and t["total"]}
            self.assertLessEqual({"missing", "duplicate", "invalid"}, set(lost))
            shown = page.eval("Object.fromEntries([...document.querySelectorAll('#losses .chip[data-term]')].map(c => [c.dataset.term, [Number(c.dataset.count), c.innerText]]))")
            self.assertEqual({term: n for term, (n, _) in shown.items()}, {term: t["run"] for term, t in lost.items()})
            for term in lost:
                page.hover(f'#losses [data-term="{term}"]')
                why = page.text(f'#losses [data-term="{term}"] .why')
                self.assertIn(lost[term]["words"], why)
                for reason in (t for t in ledger if t.get("of") == term and t["total"]):
                    self.assertIn(f"{reason['run']} × {reason['words']}", why)
            self.assertNotIn("nothing lost", page.text("#losses"))
            self.check_silent()

    def test_spots_are_drawn_where_the_results_say(self):
        with Node(LISTEN) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 50, "--frames", 60, "--hit-rate", 1, "--idle", 60):
                node.wait_ends(1)
                page.press("h", "r", "b", "m")  # the latest hit, with nothing but spots on it
                head = until("a latest hit", lambda: web.get("/api/frames").json["hits"])[0]
                page.wait(f"document.querySelector('#frame_box').dataset.frame === '{head['id']}'")
                result = next(r for r in node.of_type("result") if r["image_id"] == head["image"])
                self.assertGreater(len(result["spots"]["x"]), 10)
                page.wait("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
                self.check_spots(page, result)
            self.check_silent()

    def check_spots(self, page, result):
        """Every spot has its mark around it, and there is no mark elsewhere."""
        points = json.dumps([[float(x), float(y)] for x, y in zip(result["spots"]["x"], result["spots"]["y"])])
        missing, stray = page.eval(f"""(() => {{
            const canvas = document.querySelector('#frame_over'), box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
            const scale = Math.min(box.width / {result["width"]}, box.height / {result["height"]});
            const spots = {points}.map(([x, y]) => [((x - {result["width"] / 2}) * scale + box.width / 2) * ratio, ((y - {result["height"] / 2}) * scale + box.height / 2) * ratio]);
            const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, near = spots.map(() => 0);
            let stray = 0;
            for (let y = 0; y < canvas.height; y++)
                for (let x = 0; x < canvas.width; x++) {{
                    if (image[(y * canvas.width + x) * 4 + 3] < 200)
                        continue;
                    let any = false;
                    spots.forEach(([a, b], i) => {{
                        const far = Math.hypot(x + .5 - a, y + .5 - b) / ratio;
                        if (far < 30) {{
                            any = true;
                            near[i]++;
                        }}
                    }});
                    stray += !any;
                }}
            return [near.filter(n => n < 15).length, stray];
        }})()""")
        self.assertEqual((missing, stray), (0, 0))

    def test_pixels_are_those_of_the_frame(self):
        """What stands under the cursor is the count that the frame as TIFF has there."""
        with Node(LISTEN) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 50, "--frames", 20, "--hit-rate", 1, "--idle", 60):
                node.wait_ends(1)
                page.press("h")
                head = until("a latest hit", lambda: web.get("/api/frames").json["hits"])[0]
                page.wait(f"document.querySelector('#frame_box').dataset.frame === '{head['id']}'")
                box = page.eval("(() => { const r = document.querySelector('#frame_box').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()")
                for place in (.3, .5, .62):
                    page.do("move", x=box[0] + place * box[2], y=box[1] + .5 * box[3])
                    tip = page.wait("document.querySelector('#frame_tip:not([hidden])')?.innerText")
                    x, y = int(tip.split()[1]), int(tip.split()[3])
                    tile = web.get(f"/api/frames/{head['id']}/image.raw?bin=1&region={x},{y},1,1").body
                    value, elem = tile[int.from_bytes(tile[4:6], "little"):], (1, 2, 4)[tile[6]]
                    value = int.from_bytes(value[:elem], "little")
                    self.assertIn("no data" if value == 256 ** elem - 1 else f"{value} counts", tip.replace("\u202f", ""))
            self.check_silent()

    def test_a_change_is_tried_and_then_applied(self):
        """Trying tells what the run then does with the same frame, and leaves the run alone until the button is pressed."""
        with Node(LISTEN) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 20, "--frames", 0, "--hit-rate", 1, "--pool", "1"):
                page.wait("document.querySelector('#frame_box').dataset.frame")
                page.press("t")
                page.wait("document.querySelector('#knob_spots_sigma_strong')?.value === '3'")
                before = page.wait("Number(document.querySelector('#trial_n_strong td')?.textContent.replace(/\\D/g, ''))")
                page.fill("#knob_spots_sigma_strong", "9")
                after = page.wait("Number(document.querySelector('#trial_n_strong td:last-child').textContent.replace(/\\D/g, ''))")
                self.assertLess(after, before)
                n_spots = page.number_in("#trial_n_spots td:last-child")
                version = web.status()["settings_version"]
                image = int(page.eval("document.querySelector('#frame_box').dataset.image"))

                def same(results):  # the detector has two pictures in turns
                    return [r for r in results if (r["image_id"] - image) % 2 == 0]
                last = same(node.wait_results(len(node.of_type("result")) + 4))[-1]
                self.assertEqual(last["n_strong"], before)
                page.click("#tune_apply")
                page.wait(f"document.querySelector('#tune_say').textContent.includes('settings {version + 1}')")
                self.assertEqual(web.status()["settings_version"], version + 1)

                def applied():
                    return same(r for r in node.of_type("result") if r["plan_version"] != last["plan_version"])
                changed = until("results with the new settings", applied)[0]
                self.assertEqual((changed["n_strong"], changed["n_spots"]), (after, n_spots))
                self.assertIn("sigma_strong: 9", web.get("/api/config").text)
                page.wait("document.querySelector('#tune_apply').disabled")
            self.check_silent()

    def test_a_mistake_is_said_and_changes_nothing(self):
        with Node(LISTEN) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 20, "--frames", 0, "--hit-rate", 1):
                page.wait("document.querySelector('#frame_box').dataset.frame")
                page.press("t")
                page.wait("document.querySelector('#knob_hit_when')?.value")
                version = web.status()["settings_version"]
                page.fill("#knob_hit_when", "n_sports >= 3")
                said = page.wait("document.querySelector('#tune_say.bad')?.textContent")
                self.assertIn("hit.when", said)
                self.assertTrue(page.eval("document.querySelector('[data-key=\"hit.when\"]').classList.contains('wrong')"))
                self.assertEqual(web.status()["settings_version"], version)
            self.check_silent()

    def test_it_comes_back_when_the_node_does(self):
        with Node(LISTEN, results=False) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 200, "--frames", 40):
                shows(page, "received", 40)
        page.wait("document.body.classList.contains('silent') && !document.querySelector('#banner').hidden")
        self.assertIn("does not answer", page.text("#banner"))
        self.assertIn("grayscale", page.eval("getComputedStyle(document.querySelector('#figures')).filter"))
        page.picture("disconnected")
        with Node(f"http.listen=127.0.0.1:{web.port}", results=False) as node:
            page.wait("document.querySelector('#banner').hidden && document.body.classList.contains('disconnected')")
            shows(page, "received", 0)
            with Detector(node, *SMALL, "--rate", 200, "--frames", 25):
                shows(page, "received", 25)
                page.wait("document.querySelector('#frame_box').dataset.tiles > 0")
        while_away = ("ERR_CONNECTION_REFUSED", "WebSocket connection", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        self.assertEqual([m for m in self.browser.complaints() if not any(w in m["text"] for w in while_away)], [])

    def test_back_and_forth_through_the_hits(self):
        with Node(LISTEN) as node:
            web = Web(node)
            page = self.browser.open(address(web))
            with Detector(node, *SMALL, "--rate", 20, "--frames", 30, "--hit-rate", 1, "--idle", 60):
                node.wait_ends(1)
                page.wait("parseInt(document.querySelector('#frame_place').textContent) > 3")
                page.press("ArrowLeft")
                page.wait("document.querySelector('#frame_place').textContent.startsWith('hit ') && frame_box.dataset.wants === frame_box.dataset.frame")
                # A busy node sheds what is for the screen first, and is late with it: not all need be there, and newer ones may come still.
                ids = [h["id"] for h in web.get("/api/frames").json["hits"]][::-1]
                first = ids.index(page.eval("Number(frame_box.dataset.frame)"))
                self.assertGreater(first, 2)
                for key, place in (("ArrowLeft", first - 1), ("ArrowLeft", first - 2), ("ArrowRight", first - 1)):
                    page.press(key)
                    page.wait(f"document.querySelector('#frame_box').dataset.frame === '{ids[place]}'")
                    page.wait(f"document.querySelector('#frame_place').textContent.startsWith('hit {place + 1} of ')")
                self.assertEqual(page.eval("document.querySelector('#frame_mode [aria-pressed=true]').value"), "frozen")
            self.check_silent()

    def test_a_scan_is_shown_where_it_was(self):
        """The cell under the cursor names the frame that was measured there, back and forth through the rows, and its score."""
        columns, rows = 6, 5
        with Node(LISTEN, f"scan.columns={columns}", f"scan.rows={rows}", "scan.snake=on") as node:
            page = self.browser.open(address(Web(node)))
            with Detector(node, *SMALL, "--rate", 100, "--frames", columns * rows, "--idle", 60):
                node.wait_ends(1)
                score = {r["image_id"]: r["score"] for r in node.of_type("result")}
                shows(page, "received", columns * rows)
                page.press("y")
                page.wait(f"document.querySelector('#map_columns').value === '{columns}' && document.querySelector('#map_snake').checked")
                box = page.wait("document.querySelector('#map_canvas').dataset.cells && JSON.parse(document.querySelector('#map_canvas').dataset.cells)")
                for column, row in ((0, 0), (5, 0), (5, 1), (0, 1), (2, 3), (2, 4)):
                    frame = row * columns + (columns - 1 - column if row % 2 else column)
                    page.do("move", x=box["x"] + (column + .5) * box["cell"], y=box["y"] + (row + .5) * box["cell"])
                    said = page.wait(f"(t => t.startsWith('column {column}, row {row}:') && !t.endsWith('–') && t)(document.querySelector('#map_canvas').title)")
                    self.assertIn(f"frame {frame},", said)
                    self.assertAlmostEqual(float(said.split("score ")[1].replace("k", "e3")), score[frame], delta=abs(score[frame]) * .01)
                page.do("select", on="#map_quantity", text="n_spots")
                last = columns * rows - columns  # the scan's last row goes forth
                spots = next(r["n_spots"] for r in node.of_type("result") if r["image_id"] == last)
                page.wait(f"(map_canvas.dispatchEvent(new PointerEvent('pointermove', {{clientX: {box['x'] + .5 * box['cell']}, "
                          f"clientY: {box['y'] + (rows - .5) * box['cell']}}})), map_canvas.title.endsWith('spots {spots:.0f}'))")
            self.check_silent()

    def test_a_change_asks_for_the_token(self):
        """Where others can reach the node."""
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("open-sesame-open-sesame-open-sesame\n")
            file.flush()
            with Node("http.listen=0.0.0.0:0", f"http.token_file={file.name}", results=False) as node:
                page = self.browser.open(f"http://127.0.0.1:{Web(node).port}/")
                with Detector(node, *SMALL, "--rate", 20, "--frames", 0, "--hit-rate", 1):
                    page.wait("document.querySelector('#frame_box').dataset.frame")
                    page.press("t")
                    page.wait("document.querySelector('#knob_spots_min_pixels')?.value")
                    page.fill("#knob_spots_min_pixels", "5")
                    page.wait("document.querySelector('#token').open")
                    page.fill("#token_field", "open-sesame-open-sesame-open-sesame")
                    page.press("Enter")
                    page.wait("document.querySelector('#trial_n_spots td:last-child').textContent !== '–'")
                    page.click("#tune_apply")
                    page.wait("document.querySelector('#tune_say').classList.contains('good')")
                self.check_silent()

    def test_it_is_one_small_answer(self):
        with Node(LISTEN, results=False) as node:
            page = self.browser.open(address(Web(node)))
            page.wait("document.body.classList.contains('disconnected')")
            page.press("?")
            self.assertIn("freeze", page.text("#help"))
            sizes = page.eval("[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(e => [e.name, e.decodedBodySize])")
            self.assertLess(sizes[0][1], 300_000)
            self.assertEqual([name for name, _ in sizes[1:] if "/api/" not in name], [])
            paint = page.eval("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            print(f"page: {sizes[0][1]} bytes, first paint after {paint:.0f} ms")
            self.check_silent()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    need()
    unittest.main()
