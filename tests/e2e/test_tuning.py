"""Settings tried on a frame and changed while a run goes on: a trial finds what a run with these settings finds; a change takes effect between two frames in
the order of arrival; every result says with which settings it was made, and the file holds them; nothing is lost meanwhile."""
import json
import os
import tempfile
import time
import unittest

import h5py

from detector_messages import SeriesV2, np
from node import Node, check_ledger, until
from simulated import SMALL, Detector
from web import LISTEN, Web

JSON = {"Content-Type": "application/json"}
SHAPE = (200, 260)


def post(web, path, body, **headers):
    return web.get(path, method="POST", body=json.dumps(body).encode(), headers={**JSON, **headers})


def apply(web, *changes):
    answer = post(web, "/api/config", {"set": list(changes)})
    assert answer.status == 200 and answer.json["ok"], answer.text
    return answer.json["version"]


class Trials(unittest.TestCase):
    TRIED = (["spots.min_pixels=1"], ["spots.min_pixels=1", "spots.sigma_strong=9"], ["spots.threshold=40000", "spots.min_pixels=1"], ["spots.kernel=5"],
             ["spots.algorithm=dispersion_extended", "spots.min_pixels=1"], ["hit.resolution_angstrom=[5, 3]", "spots.min_pixels=1"],
             ["hit.when=n_strong > 1000000"], ["spots.algorithm=none"], [])

    def test_find_what_a_run_with_these_settings_finds(self):
        mask = np.zeros(SHAPE, "u4")
        mask[30:50, 60:90] = 1
        series = SeriesV2(SHAPE, masks={"threshold_1": mask})
        with Node(LISTEN, "hit.when=sum > 0") as node:
            web, push = Web(node), node.detector()
            push.send_multipart(series.start(50))
            push.send_multipart(series.image(0))
            node.wait_results(1)
            until("the frame is on the screen", lambda: web.get("/api/frames/latest").status == 200)
            frame = web.get("/api/frames/latest").json
            for changes in self.TRIED:
                tried = post(web, "/api/trial", {"set": changes, "frame": "latest"})
                self.assertEqual(tried.status, 200, tried.text)
                tried = tried.json
                self.assertEqual((tried["before"], tried["frame"]), (frame["channels"][0]["numbers"], frame["id"]))
                with Node("http.listen=none", *(["hit.when=sum > 0"] + changes)) as other:
                    there = other.detector()
                    there.send_multipart(series.start(50))
                    there.send_multipart(series.image(0))
                    result = other.wait_results(1)[0]
                for name, number in tried["after"].items():
                    if number is None:
                        self.assertTrue(np.isnan(result[name]), (changes, name))
                    else:
                        self.assertTrue(np.isclose(number, result[name], rtol=1e-5), (changes, name, number, result[name]))
                np.testing.assert_allclose(tried["spots"]["x"], result["spots"]["x"], atol=1e-3)
                np.testing.assert_array_equal(tried["spots"]["n_px"], result["spots"]["n_px"])
            self.assertEqual(web.status()["settings_version"], 1)  # nothing was changed
            self.assertEqual(web.get("/api/frames/latest").json, frame)

    def test_that_make_no_sense_are_refused_in_words(self):
        with Node(LISTEN, "hit.when=sum > 0", results=False) as node:
            web, push = Web(node), node.detector()
            self.assertEqual(post(web, "/api/trial", {"set": []}).status, 404)  # no frame yet
            series = SeriesV2(SHAPE)
            push.send_multipart(series.start(50))
            push.send_multipart(series.image(0))
            until("a frame", lambda: web.get("/api/frames/hit").status == 200)
            for body, words in (({"set": ["spots.sigma_strnog=3"]}, "sigma_strong"), ({"set": ["spots.kernel=99"]}, "1..6"), ({"set": ["hit.when=n_spot > 3"]}, "n_spots"),
                                ({"set": ["radial.bins=5"]}, "only spots"), ({"set": "spots.kernel=3"}, "list"), ({"set": [3]}, "list"), ({}, "list"),
                                ({"set": ["x"] * 65}, "list"), ({"set": ["spots.min_pixels=900000"]}, "spots.min_pixels")):
                for path in ("/api/trial", "/api/config"):
                    answer = post(web, path, body)
                    self.assertEqual((answer.status, answer.json["ok"]), (400, False), body)
                    self.assertIn(words, answer.json["message"], body)
                valid = post(web, "/api/config/validate", body)
                self.assertEqual((valid.status, valid.json["ok"]), (200, "only spots" in words), body)
            self.assertEqual(post(web, "/api/trial", {"set": [], "frame": 999}).status, 404)
            self.assertEqual(post(web, "/api/trial", {"set": [], "channel": 7}).status, 404)
            for text in (b"", b"[]", b"{", b'{"set": [], "set": []}', b"\xff\xfe", b"1" * 60000):
                self.assertEqual(web.get("/api/config", method="POST", body=text, headers=JSON).status, 400, text[:20])
            self.assertEqual(web.status()["settings_version"], 1)


class Changes(unittest.TestCase):
    def send(self, node, push, series, first, n):
        for i in range(first, first + n):
            push.send_multipart(series.image(i))
        return node.wait_results(first + n)

    def test_take_effect_in_the_order_of_arrival(self):
        series = SeriesV2(SHAPE, channels=["threshold_1", "difference"])
        with tempfile.TemporaryDirectory() as folder:
            with Node(LISTEN, "hit.when=n_spots > 100000", f"output.directory={folder}", "output.reserve_mib=0", "run.quiet_after_end_ms=300") as node:
                web, push = Web(node), node.detector()
                push.send_multipart(series.start(40))
                for i in range(10):
                    push.send_multipart(series.image(i))
                node.wait_results(20)
                sets = [["spots.min_pixels=1"], ["hit.when=n_spots > 0", "keep.hits=none"], ["spots.algorithm=none"]]
                for k, changes in enumerate(sets):
                    self.assertEqual(apply(web, *changes), k + 2)
                    made = until("both channels' plans are made", lambda: (lambda v: v if len(v["plans"]) == 2 else None)(web.get("/api/versions").json[k + 1]))
                    self.assertEqual((made["version"], made["set"]), (k + 2, changes))
                    time.sleep(0.1)  # admit takes them at its next look
                    for i in range(10 + 10 * k, 20 + 10 * k):
                        push.send_multipart(series.image(i))
                    node.wait_results(20 * (k + 2))
                self.assertIn("min_pixels: 1", web.get("/api/config").text)
                changed = {o["key"]: o for o in web.get("/api/options").json}
                self.assertEqual((changed["spots.min_pixels"]["value"], changed["spots.min_pixels"]["standard"], changed["spots.min_pixels"]["changeable"]), ("1", "3", True))
                self.assertFalse(changed["radial.bins"]["changeable"])
                versions = web.get("/api/versions").json
                push.send_multipart(series.end())
                end = node.wait_ends(1)[0]
                until("files are closed", lambda: web.status()["runs_done"] == 1)
            results = node.of_type("result")
            self.check_results(results, versions, end)
            self.check_file(folder, results, versions)

    def check_results(self, results, versions, end):
        of_plan = {plan: v["version"] for v in versions for plan in v["plans"]}
        for r in results:
            version = of_plan[r["plan_version"]]
            self.assertEqual(version, r["image_id"] // 10 + 1, r["image_id"])
            self.assertEqual(np.isnan(r["n_spots"]), version == 4)
            self.assertEqual(r["hit"], version == 3)
            if version in (2, 3):
                self.assertGreater(r["n_spots"], 0)
        check_ledger(end["count"], files_out=True, analysed=40, hits=10, kept=end["count"]["kept"], written=end["count"]["written"])

    def check_file(self, folder, results, versions):
        with h5py.File(os.path.join(folder, "series_1_results.h5")) as f:
            table = f["entry/versions"]
            rows = {int(p): i for i, p in enumerate(table["plan_version"][()])}
            self.assertEqual(set(rows), {r["plan_version"] for r in results})
            for v in versions:
                for plan in v["plans"]:
                    row = rows[plan]
                    self.assertEqual(int(table["settings_version"][row]), v["version"])
                    self.assertEqual(json.loads(table["changes"][row]), v["set"])
                    text = table["configuration"][row].decode()
                    self.assertEqual("min_pixels: 1" in text, v["version"] > 1)
                    self.assertAlmostEqual(int(table["unix_ns"][row]) / 1e9, v["unix_s"], places=3)
            for channel in ("threshold_1", "difference"):
                column = f[f"entry/results/{channel}/plan_version"][()]
                self.assertEqual([int(p) for p in column], [r["plan_version"] for r in results if r["channel"] == channel])
                self.assertEqual({table["channel"][rows[int(p)]].decode() for p in column}, {channel})

    def test_lose_no_frame_however_many(self):
        with Node(LISTEN, "overload.analysis=wait", "run.quiet_after_end_ms=300") as node, \
                Detector(node, *SMALL, "--rate", 200, "--frames", 1000, "--idle", 60):
            web, n = Web(node), 0
            until("frames", lambda: web.totals()["received"] > 0)
            while web.totals()["received"] < 950:
                n = apply(web, f"spots.threshold={n % 7}", f"hit.when=n_spots > {n % 5}")
                time.sleep(0.02)  # a node takes thousands of versions, not any number
            end = node.wait_ends(1)[0]["count"]
            self.assertGreater(n, 5)
            check_ledger(end, analysed=1000)
            results = sorted(node.of_type("result"), key=lambda r: r["number"])
            used = [r["plan_version"] for r in sorted(results, key=lambda r: r["image_id"])]
            self.assertEqual(used, sorted(used))
            self.assertGreater(len(set(used)), 3)
            web.get("/api/versions")

    def test_hold_for_the_next_run(self):
        with Node(LISTEN, "hit.when=sum > 0", "run.quiet_after_end_ms=300") as node:
            web, push = Web(node), node.detector()
            self.assertEqual(apply(web, "spots.min_pixels=1"), 2)
            series = SeriesV2(SHAPE)
            for parts in (series.start(2), *map(series.image, range(2)), series.end()):
                push.send_multipart(parts)
            node.wait_ends(1)
            self.assertIn("min_pixels: 1", node.of_type("start")[0]["config"])
            self.assertTrue(all(r["n_spots"] > 0 for r in node.of_type("result")))


if __name__ == "__main__":
    unittest.main()
