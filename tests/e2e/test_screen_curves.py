"""What the screen sums up over a run is what the results of the run add up to: histories, profiles, waterfall, peaks, map; what is missing shows while the
run goes on; updates over a WebSocket, put together, are what a late-comer gets whole."""
import io
import os
import unittest

from detector_messages import SeriesV2, np
from node import SOURCE, Node, until
from simulated import SMALL, Detector
from web import LISTEN, Web
from websocket import WebSocket

RULE = ("hit.when=n_spots >= 5", "run.quiet_after_end_ms=300")
SUMS = ("frames", "analysed", "hits", "spots", "resolved", "d_min", "background", "backgrounds", "ice", "ices")


def known(values):
    return np.array([np.nan if v is None else v for v in values], float)


class Model:
    """A screen: what it was told, put together."""

    def __init__(self, hello):
        self.bins, self.run, self.radial, self.rows, self.peaks, self.map, self.hits = {}, None, {}, {}, None, None, None
        self.take(hello)

    def take(self, message):
        history = message.get("history", {})
        if history and history["run"] != self.run:
            self.run, self.bins, self.rows = history["run"], {}, {}
        for axis in ("time", "number"):
            if axis in history:
                self.take_bins(axis, history[axis])
        self.radial.update(message.get("radial", {}))
        waterfall = message.get("waterfall")
        if waterfall:
            self.rows.update({waterfall["from"] + i: row for i, row in enumerate(waterfall["rows"])})
        self.peaks = message.get("peakogram", self.peaks)
        self.map = message.get("map", self.map)
        self.hits = message.get("frames", self.hits)
        self.ledger = message["status"]["ledger"]

    def take_bins(self, axis, new):
        old = self.bins.get(axis)
        if old is None or old["width"] != new["width"] or new["from"] == 0:
            assert new["from"] == 0, "bins of a new run or width begin at 0"
            self.bins[axis] = {k: list(v) if isinstance(v, list) else v for k, v in new.items()}
            return
        for name, column in new.items():
            if isinstance(column, list):
                old[name][new["from"]:] = column


class Sums(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node(LISTEN, *RULE, "radial.bins=60")
        cls.node.__enter__()
        cls.web = Web(cls.node)
        cls.screen = WebSocket(cls.web)
        cls.model = Model(cls.screen.hear())
        cls.detector = Detector(cls.node, *SMALL, "--rate", 60, "--frames", 240, "--idle", 60)
        cls.detector.__enter__()
        cls.end = cls.node.wait_ends(1)[0]
        cls.results = cls.node.of_type("result")
        until("everything is summed up", lambda: sum(cls.web.get("/api/history").json["number"]["frames"]) == 240)

        def whole():
            cls.model.take(cls.screen.hear_until(lambda m: isinstance(m, dict)))
            return sum(cls.model.bins["number"]["frames"]) == 240 and cls.model.radial["n_all"] == 240
        until("the screen has everything", whole)
        for _ in range(25):  # peaks come once a second
            cls.model.take(cls.screen.hear())

    @classmethod
    def tearDownClass(cls):
        cls.screen.close()
        cls.detector.__exit__(None, None, None)
        cls.node.__exit__(None, None, None)

    def wanted(self, chosen):
        d_min = np.array([r["d_min"] for r in chosen], float)
        background, ice = np.array([r["background"] for r in chosen], float), np.array([r["ice"] for r in chosen], float)
        return {"frames": len(chosen), "analysed": len(chosen), "hits": sum(r["hit"] for r in chosen), "spots": sum(r["n_spots"] for r in chosen),
                "resolved": np.isfinite(d_min).sum(), "d_min": np.nansum(d_min), "background": np.nansum(background),
                "backgrounds": np.isfinite(background).sum(), "ice": np.nansum(ice), "ices": np.isfinite(ice).sum()}

    def test_histories_are_sums_of_the_results(self):
        history = self.web.get("/api/history").json
        self.assertEqual((history["run"], history["number"]["width"]), (1, 1))
        by_number = {r["image_id"]: r for r in self.results}
        for i in range(240):
            for name, number in self.wanted([by_number[i]]).items():
                self.assertAlmostEqual(history["number"][name][i], number, places=3, msg=f"{name} of {i}")
        for name, number in self.wanted(self.results).items():
            self.assertTrue(np.isclose(sum(history["time"][name]), number, rtol=1e-4), name)
        self.assertGreater(len(history["time"]["frames"]), 5)

    def test_profiles_are_means_of_the_results(self):
        radial = self.web.get("/api/radial").json
        hits = [r for r in self.results if r["hit"]]
        self.assertEqual((radial["n_all"], radial["n_hits"], radial["unit"], radial["run"]), (240, len(hits), "q", 1))
        self.assertGreater(len(hits), 10)
        start = self.node.of_type("start")[0]
        np.testing.assert_allclose(radial["axis"], start["radial_axis"], rtol=1e-5)
        for name, chosen in (("all", self.results), ("hits", hits)):
            # every frame has the same pixels here, so that the mean over pixels is the mean over frames
            with np.errstate(invalid="ignore"):
                mean = np.mean([r["radial"]["intensity"] for r in chosen], axis=0)
            np.testing.assert_allclose(known(radial[name]), mean, rtol=1e-4, equal_nan=True)
        columns = np.loadtxt(io.StringIO(self.web.get("/api/radial.txt").text))
        for i, name in enumerate(("last", "hits", "all")):
            np.testing.assert_allclose(columns[:, 2 + i], known(radial[name]), rtol=1e-4, equal_nan=True)
        self.assertTrue(any(np.allclose(columns[:, 2], r["radial"]["intensity"], rtol=1e-5, equal_nan=True) for r in self.results))

    def test_waterfall_rows_are_means_within_the_run(self):
        waterfall = self.web.get("/api/waterfall").json
        self.assertGreaterEqual(len(waterfall["rows"]), 3)
        self.assertEqual(waterfall["seconds"], sorted(waterfall["seconds"]))
        low = np.min([r["radial"]["intensity"] for r in self.results], axis=0)
        high = np.max([r["radial"]["intensity"] for r in self.results], axis=0)
        for row in waterfall["rows"]:
            self.assertEqual(len(row), 60)
            row = known(row)
            self.assertTrue(np.all(~np.isfinite(row) | ((row >= low * 0.999) & (row <= high * 1.001))))

    def test_peaks_are_counted_where_they_are(self):
        peaks = self.web.get("/api/peakogram").json
        counts = np.array(peaks["counts"]).reshape(peaks["rows"], peaks["columns"])
        d = np.concatenate([r["spots"]["d"] for r in self.results]).astype(float)
        height = np.concatenate([r["spots"]["max"] for r in self.results]).astype(float)
        fine = np.isfinite(d) & (1 / d < 160 * peaks["step_per_angstrom"])
        self.assertEqual(counts.sum(), fine.sum())
        wanted, _, _ = np.histogram2d(np.log2(height[fine]) * peaks["per_octave"], 1 / d[fine] / peaks["step_per_angstrom"],
                                      bins=(np.arange(peaks["rows"] + 1), np.arange(peaks["columns"] + 1)))
        self.assertLess(np.abs(wanted - counts).sum(), 0.01 * counts.sum() + 5)  # single precision at the edges of bins

    def test_the_map_has_a_value_for_every_frame(self):
        layout = self.web.get("/api/map").json
        self.assertEqual(layout, {"run": 1, "rows": 15, "columns": 16, "snake": False, "guessed": True, "frames": 240})
        by_number = {r["image_id"]: r for r in self.results}
        for name in ("score", "n_spots", "d_min", "background"):
            got = np.frombuffer(self.web.get(f"/api/map.f32?quantity={name}").body, "<f4")
            np.testing.assert_allclose(got, np.array([by_number[i][name] for i in range(240)], "f4"), rtol=1e-6, equal_nan=True)
        self.assertEqual(len(self.web.get("/api/map.f32?from=200").body), 4 * 40)
        self.assertEqual(self.web.get("/api/map.f32?quantity=colour").status, 400)

    def test_updates_add_up_to_the_whole(self):
        history = self.web.get("/api/history").json
        for axis in ("time", "number"):
            for name in (*SUMS, "width"):
                self.assertEqual(self.model.bins[axis][name], history[axis][name], (axis, name))
        radial, peaks = self.web.get("/api/radial").json, self.web.get("/api/peakogram").json
        self.assertEqual({k: self.model.radial[k] for k in radial}, radial)
        self.assertEqual(self.model.peaks, peaks)
        waterfall = self.web.get("/api/waterfall").json
        self.assertEqual(self.model.rows, dict(enumerate(waterfall["rows"])))
        self.assertEqual(self.model.map, self.web.get("/api/map").json)
        self.assertEqual(self.model.hits, self.web.get("/api/frames").json)
        self.assertEqual({term: counts[1] for term, counts in self.model.ledger.items()}, self.end["count"])

    def test_the_list_of_runs_has_its_ledger(self):
        run = until("the run is done", lambda: (lambda r: r if r["state"] == "done" else None)(self.web.get("/api/series").json[-1]))
        self.assertEqual((run["run"], run["series"], run["expected"], run["closed_by"]), (1, self.end["series_id"], 240, "end"))
        self.assertEqual(run["ledger"], {t: n for t, n in self.end["count"].items() if t in run["ledger"]})
        self.assertEqual(run["ledger"]["received"], 240)


class Whole(unittest.TestCase):
    def test_what_is_missing_shows_at_once(self):
        series = SeriesV2()
        with Node(LISTEN) as node:
            web, push = Web(node), node.detector()
            push.send_multipart(series.start(20))
            for i in (0, 1, 4, 5, 9):
                push.send_multipart(series.image(i))
            node.wait_results(5)
            self.assertEqual((web.totals()["missing"], web.totals("run")["missing"]), (5, 5))
            push.send_multipart(series.image(7))  # late, but there
            node.wait_results(6)
            until("one less is missing", lambda: web.totals()["missing"] == 4)
            push.send_multipart(series.end())
            end = node.wait_ends(1)[0]["count"]
            self.assertEqual((end["missing"], end["not_sent"]), (4, 10))
            self.assertEqual((web.totals(), web.totals("run")), (end, end))

    def test_a_new_run_begins_anew(self):
        with Node(LISTEN, *RULE) as node:
            web, push = Web(node), node.detector()
            with WebSocket(web) as screen:
                model = Model(screen.hear())
                for number, n in ((1, 12), (2, 7)):
                    series = SeriesV2(series_id=number)
                    for parts in (series.start(n), *map(series.image, range(n)), series.end()):
                        push.send_multipart(parts)
                    node.wait_ends(number)

                    def told():
                        model.take(screen.hear_until(lambda m: isinstance(m, dict)))
                        return model.run == number and sum(model.bins["number"]["frames"]) == n
                    until("the screen has the run", told)
            self.assertEqual(sum(web.get("/api/history").json["time"]["frames"]), 7)
            self.assertEqual([r["ledger"]["received"] for r in web.get("/api/series").json], [12, 7])

    def test_long_runs_widen_their_bins(self):
        series = SeriesV2((16, 16))
        with Node(LISTEN, *RULE) as node:
            web, push = Web(node), node.detector()
            pixels = series.pixels(0)
            push.send_multipart(series.start(1 << 20))
            ids = [0, 1, 2047, 2048, 4100, 70000, 1000000]
            for i in ids:
                push.send_multipart(series.image(i, pixels))
            node.wait_results(len(ids))
            until("all are summed up", lambda: sum(web.get("/api/history").json["number"]["frames"]) == len(ids))
            number = web.get("/api/history").json["number"]
            self.assertEqual((number["width"], len(number["frames"])), (512, 1000000 // 512 + 1))
            for i in ids:
                self.assertEqual(number["frames"][i // 512], sum(j // 512 == i // 512 for j in ids))

    def test_the_grid_is_as_configured(self):
        with Node(LISTEN, "scan.rows=4", "scan.snake=on", results=False) as node:
            web, push = Web(node), node.detector()
            series = SeriesV2()
            for parts in (series.start(10), series.image(0)):
                push.send_multipart(parts)
            until("there is a map", lambda: (web.get("/api/map").json or {}).get("frames"))
            self.assertEqual({k: web.get("/api/map").json[k] for k in ("rows", "columns", "snake", "guessed")},
                             {"rows": 4, "columns": 3, "snake": True, "guessed": True})

    def test_lanes_and_queues_are_told(self):
        with Node(LISTEN, "machine.slots=64", results=False) as node:
            web = Web(node)
            status = until("a second of it", lambda: (lambda s: s if s["lanes"][0]["load"] is not None else None)(web.status()))
            self.assertLessEqual({"receive", "admit", "publish", "live", "serve"}, {lane["name"] for lane in status["lanes"]})
            self.assertTrue(all(0 <= lane["load"] < 1.5 for lane in status["lanes"]), status["lanes"])
            slots = next(q for q in status["queues"] if q["name"] == "frames in the node")
            self.assertEqual((slots["used"] <= 1, slots["room"], slots["unit"]), (True, 64, "frames"))  # one is there to receive into


class Described(unittest.TestCase):
    """host/api.yaml and the node say the same."""

    def setUp(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("PyYAML is not here (Debian: python3-yaml)")
        with open(os.path.join(SOURCE, "host", "api.yaml"), encoding="utf-8") as file:
            self.text = file.read()
        self.api = yaml.safe_load(self.text)

    def fits(self, schema, value, where):
        """Is every member documented, and of its type? Nothing that is required is checked: members may be absent."""
        while "$ref" in schema:
            schema = self.api["components"]["schemas"][schema["$ref"].split("/")[-1]]
        if "allOf" in schema:
            merged = {"type": "object", "properties": {}}
            for part in schema["allOf"]:
                while "$ref" in part:
                    part = self.api["components"]["schemas"][part["$ref"].split("/")[-1]]
                for deeper in part.get("allOf", [part]):
                    while "$ref" in deeper:
                        deeper = self.api["components"]["schemas"][deeper["$ref"].split("/")[-1]]
                    merged["properties"].update(deeper.get("properties", {}))
            schema = merged
        if value is None:
            self.assertTrue(schema.get("nullable"), f"{where} is null")
            return
        kinds = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "array": list, "object": dict}
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        if isinstance(value, list) and "items" in schema:
            for item in value[:200]:
                self.fits(schema["items"], item, where + "[]")
        if isinstance(value, dict) and "properties" in schema:
            self.assertLessEqual(set(value), set(schema["properties"]), where)
            for name, member in value.items():
                self.fits(schema["properties"][name], member, f"{where}.{name}")

    def test_every_answer_is_as_described(self):
        with Node(LISTEN, *RULE) as node, Detector(node, *SMALL, "--rate", 60, "--frames", 60, "--idle", 60):
            web = Web(node)
            node.wait_ends(1)
            until("a hit", lambda: web.get("/api/frames").json["hits"])
            until("an axis", lambda: web.get("/api/radial").json["axis"])
            self.assertEqual(web.get("/api/openapi.yaml").text, self.text)
            for path, methods in self.api["paths"].items():
                if path == "/api/live" or "get" not in methods:
                    continue
                there = path.replace("{frame}", "hit").replace("{version}", "1.8.0").replace("{key}", "state")
                answer = web.get(there)
                self.assertIn(answer.status, {int(code) for code in methods["get"]["responses"]}, there)
                content = methods["get"]["responses"].get("200", {}).get("content", {})
                self.assertIn(answer.headers["content-type"].split(";")[0], content, there)
                schema = content.get("application/json", {}).get("schema")
                if schema:
                    self.fits(schema, answer.json, there)
                self.assertEqual(web.get(there, method="POST", body=b"{}", headers={"Content-Type": "application/json"}).status != 405, "post" in methods, there)
            with WebSocket(web) as screen:
                for kind in ("Hello", "Update", "Shown"):
                    if kind == "Shown":
                        screen.say({"type": "view", "image": "hit"})
                    message = screen.hear_until(lambda m: isinstance(m, dict) and m["type"] == kind.lower())
                    if kind == "Update":
                        message["status"].pop("ledger")  # another form, as the description says
                    self.fits(self.api["components"]["schemas"][kind], message, kind)


if __name__ == "__main__":
    unittest.main()
