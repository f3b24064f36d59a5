#!/usr/bin/python3
"""The results stream of a running node is what host/RECORD.md says: one start, one result per frame and channel, one end per run; numbers
without a gap; every field, and nothing else, in its form; readable in ten lines; late and absent readers harm nobody.
"""
import io
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from node import SOURCE, Node, cbor2, decode_result, until, zmq
from detector_messages import SeriesV1, SeriesV2, np

sys.path.insert(0, os.path.join(SOURCE, "host"))
import record_fields  # noqa: E402

READER = re.search(r"```python\n(.*?)```", record_fields.PAGE.read_text(), re.S)[1]
FIELDS = record_fields.sections()
QUIET = ("run.quiet_after_end_ms=300", "run.quiet_ms=1500")
ARRAYS = {"uint32[]": np.uint32, "uint64[]": np.uint64, "float32[]": np.float32, "float64[]": np.float64}
WORDS = {"integer": int, "float": float, "boolean": bool, "text": str, "map": dict, "list": list, "3": list}


def fits(form, value):
    if form in ARRAYS:
        return isinstance(value, np.ndarray) and value.dtype == ARRAYS[form]
    if form == "map or null":
        return value is None or isinstance(value, dict)
    kind = WORDS[form.split()[0].rstrip(":")]
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


def send_run(push, series, n):
    for parts in (series.start(n), *map(series.image, range(n)), series.end()):
        push.send_multipart(parts)


class Results(unittest.TestCase):
    def documented(self, section, message):
        self.assertEqual(sorted(message), sorted(key for key, _, _ in FIELDS[section]), section)
        for key, form, _ in FIELDS[section]:
            self.assertTrue(fits(form, message[key]), f"{section}.{key} is {message[key]!r}, documented as {form}")

    def test_every_run_has_one_start_its_results_and_one_end_and_numbers_have_no_gap(self):
        runs = [SeriesV2(series_id=1, channels=["threshold_1", "difference"]), SeriesV1(series_id=2, dtype="u4"), SeriesV2(series_id=3, codec="lz4")]
        with Node(*QUIET) as node:
            push = node.detector()
            for series in runs:
                send_run(push, series, 5)
            node.wait_ends(3)
        messages = node.results
        self.assertEqual([m["number"] for m in messages], list(range(len(messages))))
        self.assertEqual(len(messages), 3 * 2 + 5 * (2 + 1 + 1))
        for run, series in enumerate(runs, 1):
            own = [m for m in messages if m["run"] == run]
            self.assertEqual([m["type"] for m in own], ["start"] + ["result"] * (len(own) - 2) + ["end"])
            self.assertEqual({m["series_id"] for m in own}, {series.series_id})
            self.assertEqual({m["series_unique_id"] for m in own}, {getattr(series, "unique", "")})
            channels = series.channels if isinstance(series, SeriesV2) else ["default"]
            self.assertEqual([(m["image_id"], m["channel"]) for m in own[1:-1]], [(i, c) for i in range(5) for c in channels])

    def test_every_field_is_documented_and_every_documented_field_is_there(self):
        for series in (SeriesV2(channels=["threshold_1", "threshold_2"]), SeriesV1()):
            with Node(*QUIET) as node:
                push = node.detector()
                send_run(push, series, 2)
                push.send_multipart(SeriesV2(series_id=9).image(0))  # a run of which little is known
                node.wait_ends(2)
            for message in node.results:
                self.documented(message["type"], message)
                if message["type"] == "start" and message["series"] is not None:
                    self.documented("start: series", message["series"])
                if message["type"] == "result":
                    self.documented("result: spots", message["spots"])
                    self.documented("result: radial", message["radial"])
                    self.assertEqual({len(column) for column in message["spots"].values()}, {message["n_listed_spots"]})
                    self.assertEqual({len(column) for column in message["radial"].values()}, {message["n_bins"]})

    def test_values_are_those_of_the_series_and_the_frame(self):
        series = SeriesV2(dtype="u2")
        picture = np.zeros((64, 70), "<u2")
        picture[20:23, 30:33] = [[100, 200, 100], [200, 900, 200], [100, 200, 100]]  # one spot on nothing
        picture[50:52, 11:14] = 300
        with Node(*QUIET, "radial.bins=40", "hit.when=n_spots == 2") as node:
            push = node.detector()
            push.send_multipart(series.start(2))
            push.send_multipart(series.image(0, picture))
            push.send_multipart(series.image(1, np.zeros((64, 70), "<u2")))
            push.send_multipart(series.end())
            end, = node.wait_ends(1)
        start, = node.of_type("start")
        s = start["series"]
        self.assertEqual((s["dialect"], s["width"], s["height"], s["elem_bytes"], s["n_images"], s["n_images_known"]), ("v2", 70, 64, 2, 2, True))
        self.assertEqual((s["beam_x_px"], s["beam_y_px"], s["distance_m"], s["pixel_x_m"], s["wavelength_angstrom"]), (35, 32, 0.1, 75e-6, 1.0))
        self.assertEqual([c["name"] for c in s["channel"]], ["threshold_1"])
        self.assertEqual((start["engine"], start["radial_unit"], start["n_bins"], len(start["radial_q"])), ("cpu", "q", 40, 40))
        self.assertIn("n_spots == 2", start["config"])
        first, second = node.of_type("result")
        self.assertEqual((first["n_spots"], first["hit"], first["kept"]), (2, True, True))
        self.assertEqual((second["n_spots"], second["hit"]), (0, False))
        spots = {k: v.tolist() for k, v in first["spots"].items()}
        self.assertEqual((spots["x"], spots["y"], spots["sum"], spots["n_px"], spots["max"]), ([31.5, 12.5], [21.5, 51.0], [2100, 1800], [9, 6], [900, 300]))
        for x, y, d in zip(spots["x"], spots["y"], spots["d"]):
            angle = math.atan(math.hypot(x - 35, y - 32) * 75e-6 / 0.1)
            self.assertAlmostEqual(d, 1.0 / (2 * math.sin(angle / 2)), delta=0.01 * d)
        self.assertEqual((first["radial"]["bin_sum"].sum(), first["radial"]["bin_count"].sum()), (3900, 64 * 70))
        self.assertEqual((first["max"], first["max_index"], first["sum"]), (900, 21 * 70 + 31, 3900))
        self.assertAlmostEqual(first["stop_time_s"] - first["start_time_s"], 0.0099999)
        self.assertEqual(end["count"]["hits"], 1)

    def test_the_reader_of_ten_lines_on_the_page_reads_a_running_node(self):
        series = SeriesV2()
        with Node(*QUIET) as node, tempfile.TemporaryDirectory() as folder:
            self.assertIn("tcp://127.0.0.1:31010", READER)
            script = pathlib.Path(folder) / "reader.py"
            script.write_text(READER.replace("tcp://127.0.0.1:31010", node.results_endpoint))
            with open(os.path.join(folder, "said"), "w+") as said:
                reader = subprocess.Popen([sys.executable, "-u", script], stdout=said, stderr=subprocess.STDOUT)
                try:
                    push = node.detector()
                    sent = 0

                    def first_line():  # nothing tells when a subscription has arrived: a run is sent until a line of it is there
                        nonlocal sent
                        sent += 1
                        send_run(push, SeriesV2(series_id=sent), 1)
                        node.wait_ends(sent)
                        return os.path.getsize(said.name)
                    until("the reader prints", first_line)
                    send_run(push, SeriesV2(series_id=1000), 3)
                    node.wait_ends(sent + 1)
                    until("the reader prints the last frame", lambda: re.search(r"^2 threshold_1 ", pathlib.Path(said.name).read_text(), re.M))
                    self.assertIsNone(reader.poll(), "the reader goes on")
                finally:
                    reader.kill()
                    reader.wait()
                lines = pathlib.Path(said.name).read_text().splitlines()
        expected = [r for r in node.of_type("result") if r["series_id"] == 1000]
        for line, r in zip(lines[-3:], expected):
            self.assertTrue(line.startswith(f"{r['image_id']} threshold_1 {r['hit']} {r['n_spots']} "), line)

    def test_a_reader_may_come_late_and_go_early(self):
        series = SeriesV2()
        with Node() as node:
            push = node.detector()
            push.send_multipart(series.start(6))
            for i in range(3):
                push.send_multipart(series.image(i))
            node.wait_results(3)
            late = node.collect(zmq.SUB, node.results_endpoint)

            def reaches_late(ids=iter(range(3, 100))):
                push.send_multipart(series.image(next(ids)))
                return late.messages
            until("the late reader has something", reaches_late)
            leaving = node.collect(zmq.SUB, node.results_endpoint)
            leaving.close()
            push.send_multipart(series.end())
            node.wait_ends(1)
        first = decode_result(late.messages[0][0])
        self.assertEqual(first["type"], "result")
        self.assertGreaterEqual(first["number"], 4)
        numbers = [decode_result(m[0])["number"] for m in late.messages]
        self.assertEqual(numbers, [m["number"] for m in node.results][-len(numbers):])
        self.assertEqual([m["number"] for m in node.results], list(range(len(node.results))))

    def test_none_switches_them_off(self):
        series = SeriesV2()
        with Node(*QUIET, "keep.misses=full", results=False, frames=True) as node:
            send_run(node.detector(), series, 3)
            node.wait_frames(5)
            until("the run is over", lambda: "balanced" in node.table())
            self.assertNotIn("results go out", node.log())
            probe = node.context.socket(zmq.PUB)
            probe.bind(node.results_endpoint)  # nobody is there
            probe.close(linger=0)
        self.assertEqual(node.frames, [series.start(3), *map(series.image, range(3)), series.end()])

    def test_messages_are_one_cbor_map_in_one_part(self):
        with Node(*QUIET) as node:
            send_run(node.detector(), SeriesV1(), 2)
            node.wait_ends(1)
        for parts in node.results_in.messages:
            self.assertEqual(len(parts), 1)
            decoder = cbor2.CBORDecoder(io.BytesIO(parts[0]))
            self.assertIsInstance(decoder.decode(), dict)
            self.assertEqual(decoder.fp.tell(), len(parts[0]))


if __name__ == "__main__":
    unittest.main()
