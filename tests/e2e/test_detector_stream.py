"""What sluice-detector sends is what its truth says, as independent decoders see it, and strict clients take it."""
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

try:
    import detector
    import numpy as np
    import strict_stream
    import zmq
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

SMALL = ("--size", "200x160", "--rate", "max")
MAX = {1: 0xFF, 2: 0xFFFF, 4: 0xFFFFFFFF}


class Stream(unittest.TestCase):
    def check_strict(self, run):
        for message in run.messages:
            self.assertEqual(strict_stream.complaints(message.parts), [], message.kind)

    def check_pixels(self, run, images):
        """Every image's pixels have the exact totals that the truth gives."""
        frames = {(f["series"], f["image_id"]): f for f in run.lines("frame")}
        for image in images:
            series = next(s for s in run.lines("start") if s["series_id"] == image.series_id)
            entry = run.entry(frames[series["series"], image.image_id])
            self.assertEqual(set(image.pixels), set(entry["channels"]))
            for name, pixels in image.pixels.items():
                self.assertIsNotNone(pixels, image.wrong)
                self.assertEqual(pixels.shape, (series["height"], series["width"]))
                self.assertEqual(pixels.dtype.itemsize, series["elem_bytes"])
                good = pixels[pixels != MAX[pixels.dtype.itemsize]]
                said = entry["channels"][name]
                self.assertEqual((int(good.sum(dtype=np.uint64)), good.size, int(good.max(initial=0))),
                                 (said["sum"], said["n_valid"], said["max"]))
                self.assertEqual(pixels.size - good.size, said["n_masked"] + said["n_overload"])

    def check_order(self, run):
        """The truth's order numbers are the order of arrival (one client)."""
        for frame in run.lines("frame"):
            for order in frame["sent"]:
                if run.messages[order].kind != "unreadable":
                    self.assertEqual(run.messages[order].image_id, frame["image_id"])

    def good(self, *options, **more):
        run = detector.run(*options, **more)
        self.assertEqual(run.status, 0, run.err)
        return run

    def test_every_type_and_codec_in_both_protocols(self):
        for protocol, codecs in (("v2", ("bslz4", "lz4", "none")), ("v1", ("bslz4", "lz4", "lz4-raw", "none"))):
            for codec in codecs:
                for kind in ("u8", "u16", "u32"):
                    with self.subTest(protocol=protocol, codec=codec, type=kind):
                        run = self.good(*SMALL, "--protocol", protocol, "--codec", codec, "--type", kind, "--frames", 4, "--dead", 5)
                        self.assertEqual([m.kind for m in run.messages], ["start"] + 4 * ["image"] + ["end"])
                        self.check_strict(run)
                        self.check_pixels(run, run.images())
                        self.check_order(run)

    def test_odd_sizes_and_blocks_decode(self):
        for size in ("203x161", "1030x131", "173x211"):
            for codec, block in (("bslz4", 64), ("bslz4", 1000000), ("lz4", 100), ("lz4", 4096)):
                with self.subTest(size=size, codec=codec, block=block):
                    run = self.good("--size", size, "--rate", "max", "--codec", codec, "--block", block, "--frames", 2, "--hit-rate", 0)
                    self.check_pixels(run, run.images())
                    self.check_strict(run)

    def test_channels_subtract(self):
        run = self.good(*SMALL, "--channels", "threshold_1,threshold_2,difference", "--frames", 6, "--header", "all", "--flatfield", "--dead", 7)
        self.check_strict(run)
        self.check_pixels(run, run.images())
        for image in run.images():
            one, two, difference = (image.pixels[k].astype(int) for k in ("threshold_1", "threshold_2", "difference"))
            good = (one != 0xFFFF) & (two != 0xFFFF)
            self.assertTrue((one - two == difference)[good].all())
            self.assertGreater(two[good].sum(), 0)
        self.assertEqual(run.messages[0].fields["channels"], ["threshold_1", "threshold_2", "difference"])
        self.assertNotIn("difference", run.messages[0].fields["threshold_energy"])

    def test_masks_and_gaps(self):
        run = self.good("--size", "300x220", "--modules", "140x100:20,20", "--dead", 9, "--header", "all", "--frames", 3, "--rate", "max")
        mask = run.messages[0].table("pixel_mask")
        self.assertTrue((mask[:, 140:160] == 1).all() and (mask[100:120, :] == 1).all())
        self.assertEqual((mask == 2).sum(), 9)
        self.assertEqual((mask == 1).sum(), 300 * 220 - 2 * 2 * 140 * 100)
        for image in run.images():
            pixels = image.pixels["threshold_1"]
            self.assertTrue((pixels[mask != 0] == 0xFFFF).all())
            self.assertLess((pixels[mask == 0] == 0xFFFF).sum(), 100)

    def test_v1_headers_and_appendices(self):
        for header, parts in (("none", 1), ("basic", 2), ("all", 8)):
            with self.subTest(header=header):
                run = self.good(*SMALL, "--protocol", "v1", "--header", header, "--frames", 2, "--header-appendix", "sample 7",
                                "--image-appendix", '{"shot": 1}')
                self.check_strict(run)
                self.assertEqual(len(run.messages[0].parts), parts + 1)
                self.assertEqual(run.messages[0].parts[-1], b"sample 7")
                self.assertEqual(run.messages[1].user_data, b'{"shot": 1}')
                if header == "all":
                    self.assertEqual(len(run.messages[0].parts[5]), 4 * 200 * 160)

    def test_v2_user_data(self):
        run = self.good(*SMALL, "--frames", 1, "--header-appendix", "x" * 100, "--image-appendix", "short")
        self.check_strict(run)
        self.assertEqual((run.messages[0].user_data, run.messages[1].user_data), ("x" * 100, "short"))

    def test_start_message_matches_the_truth(self):
        run = self.good("--detector", "eiger2-500k", "--frames", 1, "--hit-rate", 1, "--rate", "max")
        start, said = run.messages[0].fields, run.lines("start")[0]
        self.assertEqual((start["image_size_x"], start["image_size_y"]), (1028, 512))
        self.assertEqual((start["series_id"], start["series_unique_id"]), (said["series_id"], said["unique_id"]))
        self.assertAlmostEqual(start["beam_center_x"], said["beam_x"])
        self.assertAlmostEqual(abs(start["detector_translation"][2]), said["distance_mm"] / 1000)
        self.assertEqual((start["number_of_images"], start["image_dtype"]), (1, "uint16"))
        self.assertEqual(run.messages[1].fields["real_time"][1], 50000000)

    def test_spots_are_where_the_truth_says(self):
        run = self.good("--detector", "eiger2-500k", "--frames", 2, "--hit-rate", 1, "--rate", "max", "--background", 0.1)
        for frame, image in zip(run.lines("frame"), run.images()):
            pixels = image.pixels["threshold_1"]
            strong = [s for s in run.entry(frame)["spots"] if s[4]]
            self.assertGreaterEqual(len(strong), 16)
            for x, y, photons, _, _ in strong:
                box = pixels[int(y) - 3:int(y) + 4, int(x) - 3:int(x) + 4].astype(float)
                self.assertLess(abs(box.sum() - photons), 8 * np.sqrt(photons) + 30)
                rows, columns = np.mgrid[:7, :7]
                self.assertAlmostEqual((columns * box).sum() / box.sum() + int(x) - 2.5, x, delta=0.4)
                self.assertAlmostEqual((rows * box).sum() / box.sum() + int(y) - 2.5, y, delta=0.4)

    def test_hit_rate(self):
        run = self.good(*SMALL, "--frames", 2000, "--hit-rate", "25%", "--pool", 8)
        hits = sum(f["hit"] for f in run.lines("frame"))
        self.assertLess(abs(hits - 500), 100)
        self.assertEqual(run.lines("end")[0]["hits"], hits)
        for frame in run.lines("frame"):
            self.assertEqual(frame["hit"], run.entry(frame)["hit"])
        for rate, expected in ((0, 0), (1, 30)):
            run = self.good(*SMALL, "--frames", 30, "--hit-rate", rate)
            self.assertEqual(sum(f["hit"] for f in run.lines("frame")), expected)

    def test_a_seed_makes_the_same_frames(self):
        runs = [self.good(*SMALL, "--frames", 12, "--seed", seed, "--threads", threads, "--drop", "30%") for seed, threads in
                ((5, 1), (5, 3), (6, 1))]
        pixels = [[m.pixels["threshold_1"].tobytes() for m in run.images()] for run in runs]
        ids = [[m.image_id for m in run.images()] for run in runs]
        self.assertEqual((pixels[0], ids[0]), (pixels[1], ids[1]))
        self.assertNotEqual(pixels[0], pixels[2])
        self.assertEqual(len(set(pixels[0])), len(pixels[0]), "frames of a short series are all distinct")

    def test_faults_are_as_the_truth_says(self):
        for protocol in ("v2", "v1"):
            with self.subTest(protocol=protocol):
                self.check_faults(self.good(
                    *SMALL, "--protocol", protocol, "--frames", 400, "--drop", "5%", "--duplicate", "4%", "--reorder", "6%", "--damage", "3%",
                    "--truncate", "3%", "--cut", "2%", "--garbage", "1%", "--pool", 16))

    def check_faults(self, run):
        self.check_order(run)
        end = run.lines("end")[0]
        frames = run.lines("frame")
        came = {}
        for image in run.images():
            came.setdefault(image.image_id, []).append(image)
        spoilt = ("damaged", "truncated", "cut")
        for frame in frames:
            images = came.get(frame["image_id"], [])
            if not frame.get("cut"):
                self.assertEqual(len(images), len(frame["sent"]))
            if frame.get("dropped"):
                self.assertEqual(frame["sent"], [])
            elif frame.get("damaged") or frame.get("truncated"):
                self.assertTrue(all(i.wrong for i in images))
            elif not frame.get("cut"):
                self.assertEqual([i.wrong for i in images], [None] * len(images))
        self.check_pixels(run, [i for i in run.images() if not any(frames[i.image_id].get(k) for k in spoilt)])
        for key in ("dropped", "reordered", *spoilt):
            self.assertEqual(end[key], sum(bool(f.get(key)) for f in frames), key)
            self.assertGreater(end[key], 0, key)
        self.assertEqual(end["duplicated"], sum(len(f["sent"]) == 2 for f in frames))
        self.assertGreater(end["duplicated"], 0)
        self.assertEqual(end["sent"] + end["dropped"], 400)
        self.assertEqual(end["messages"], end["sent"] + end["duplicated"])
        self.assertEqual(len(run.messages), end["messages"] + end["garbage"] + 2)
        self.assertEqual(sum(m.kind == "unreadable" for m in run.messages), end["garbage"] + sum(len(f["sent"]) for f in frames if f.get("cut")))
        ids = [m.image_id for m in run.images()]
        self.assertNotEqual(ids, sorted(ids))

    def test_chosen_frames(self):
        run = self.good(*SMALL, "--frames", 30, "--drop", "frames:3,7,10-12", "--duplicate", "frames:5", "--reorder", "frames:20", "--reorder-window", 2)
        ids = [m.image_id for m in run.images()]
        self.assertEqual(sorted(set(range(30)) - set(ids)), [3, 7, 10, 11, 12])
        self.assertEqual([i for i in set(ids) if ids.count(i) == 2], [5])
        self.assertIn(ids.index(20), (ids.index(21) + 1, ids.index(22) + 1))

    def test_late_frames_and_end(self):
        run = self.good(*SMALL, "--frames", 10, "--late", "frames:2,4", "--late-delay", 0.2)
        self.assertEqual([m.kind for m in run.messages[-3:]], ["end", "image", "image"])
        self.assertEqual([m.image_id for m in run.messages[-2:]], [2, 4])
        self.assertEqual(run.lines("end")[0]["late"], 2)
        run = self.good(*SMALL, "--frames", 3, "--no-end", "--no-start")
        self.assertEqual([m.kind for m in run.messages], ["image"] * 3)

    def test_series_of_different_kinds(self):
        run = self.good(*SMALL, "--frames", 3, "--series-id", 7, "--next", "--size", "101x90", "--type", "u8", "--hit-rate", 0, "--next",
                        "--same-id", "--frames", 2, "--repeat", 2)
        starts = [m for m in run.messages if m.kind == "start"]
        self.assertEqual([s.series_id for s in starts], [7, 8, 8, 9, 10, 10])
        self.assertEqual(starts[1].unique_id, starts[2].unique_id)
        self.assertEqual(len({s.unique_id for s in starts}), 4)
        self.assertEqual([len([m for m in run.images() if m.series_id == i]) for i in (7, 8, 9, 10)], [3, 5, 3, 5])
        self.assertEqual({m.pixels["threshold_1"].shape for m in run.images() if m.series_id == 8}, {(90, 101)})
        self.assertEqual({m.pixels["threshold_1"].dtype for m in run.images() if m.series_id == 10}, {np.dtype("u1")})
        self.check_strict(run)

    def test_several_endpoints_take_turns(self):
        run = self.good(*SMALL, "--frames", 20, n_endpoints=2)
        self.assertEqual(sum(m.kind == "start" for m in run.messages), 2)
        self.assertEqual(sum(m.kind == "end" for m in run.messages), 2)
        self.assertEqual([f["endpoints"][0] for f in run.lines("frame")], [0, 1] * 10)
        run = self.good(*SMALL, "--frames", 20, "--start-to", "first", n_endpoints=2)
        self.assertEqual(sum(m.kind in ("start", "end") for m in run.messages), 2)

    def test_oversize_silence_and_coming_back(self):
        run = self.good(*SMALL, "--frames", 20, "--oversize", "3000000@4", "--silence", "0.3@6", "--rebind", "0.3@10")
        self.assertEqual(sorted(m.image_id for m in run.images()), list(range(20)))
        self.assertEqual([len(m.parts[0]) for m in run.messages if m.kind == "unreadable"], [3000000])

    def test_a_fixed_rate_keeps_its_schedule(self):
        began = time.monotonic()
        run = self.good("--size", "200x160", "--hit-rate", 0, "--rate", 100, "--frames", 51)
        self.assertGreaterEqual(time.monotonic() - began, 0.5)
        self.assertAlmostEqual(run.messages[0].fields["frame_time"], 0.01)

    def test_json_summary(self):
        run = self.good(*SMALL, "--frames", 9, "--drop", "frames:1", "--json")
        line = json.loads(run.out)
        self.assertEqual((line["frames"], line["announced"], line["dropped"], line["series"]), (8, 9, 1, 1))
        self.assertEqual(line["bytes"], sum(len(p) for m in run.messages for p in m.parts))

    def test_interrupt_ends_the_series(self):
        with tempfile.TemporaryDirectory() as folder:
            endpoint, truth = f"ipc://{folder}/s", f"{folder}/truth"
            context = zmq.Context()
            socket = context.socket(zmq.PULL)
            socket.connect(endpoint)
            process = detector.start("--bind", endpoint, "--size", "200x160", "--frames", 0, "--rate", 200, truth=truth)
            messages = [socket.recv_multipart() for _ in range(20)]
            process.send_signal(signal.SIGINT)
            messages += detector.drain(process, [socket], 30)
            context.destroy(linger=0)
            self.assertEqual(process.wait(30), 0)
            process.communicate()
            end = [json.loads(line) for line in pathlib.Path(truth).read_text().splitlines()][-1]
        self.assertEqual(detector.Message(messages[-1]).kind, "end")
        self.assertTrue(end["interrupted"] and end["end_sent"])
        self.assertEqual(end["messages"], len(messages) - 2)

    def test_gives_up_where_nobody_listens(self):
        with tempfile.TemporaryDirectory() as folder:
            status, words = detector.fails("--bind", f"ipc://{folder}/s", *SMALL, "--frames", 5, "--give-up", 0.5, "--linger", 0)
        self.assertEqual(status, 1)
        self.assertIn("--give-up", words)

    def test_drops_what_nobody_takes_and_admits_it(self):
        port = 20000 + os.getpid() % 20000
        with tempfile.TemporaryDirectory() as folder:
            # the start message waits for a client, so it is left out
            process = detector.start("--bind", f"ipc://{folder}/s", *SMALL, "--hit-rate", 0, "--frames", 40, "--no-start", "--no-end", "--when-blocked",
                                     "drop", "--simplon-port", port, "--idle", 30, "--drop", "frames:0-9", "--linger", 0, truth=f"{folder}/truth")
            self.assertEqual(self.ask(port, "1.8.0/status/dropped", until=40), 40)
            self.assertEqual(self.ask(port, "1.6.0/status/state"), "ready")
            with self.assertRaises(urllib.error.HTTPError):
                self.ask(port, "1.8.0/config/mode")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            lines = [json.loads(line) for line in pathlib.Path(f"{folder}/truth").read_text().splitlines()]
        self.assertEqual(process.returncode, 0)
        self.assertEqual((lines[-1]["dropped"], lines[-1]["blocked"], lines[-1]["sent"]), (10, 30, 0))

    @staticmethod
    def ask(port, path, until=None):
        deadline, value = time.monotonic() + 60, None
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/stream/api/{path}", timeout=5) as answer:
                    value = json.load(answer)["value"]
            except urllib.error.HTTPError:
                raise
            except OSError:  # not there yet
                pass
            if value is not None and (until is None or value == until):
                break
            time.sleep(0.05)
        return value

    def test_recorded_file_comes_out_as_it_is(self):
        try:
            import hdf5_frames
        except ImportError as missing:
            self.skipTest(str(missing))
        import h5py
        import hdf5plugin
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/plain.h5"
            stack = hdf5_frames.frames(7)
            with h5py.File(path, "w") as f:
                f.create_dataset("/entry/data/data", data=stack, chunks=(1, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
            for options in ((), ("--protocol", "v1"), ("--codec", "lz4"), ("--protocol", "v1", "--codec", "lz4"), ("--codec", "none"),
                            ("--pool", 2, "--repeat", 2)):
                with self.subTest(options=options):
                    run = self.good("--file", path, "--rate", "max", *options)
                    images = run.images()
                    self.assertEqual([m.image_id for m in images], list(range(7)) * (len(images) // 7))
                    for image in images:
                        self.assertTrue((next(iter(image.pixels.values())) == stack[image.image_id]).all())
                    if "v1" not in options:
                        self.check_strict(run)
            status, words = detector.fails("--file", f"{folder}/none.h5")
            self.assertEqual(status, 2)
            self.assertIn("none.h5", words)

    def test_capture_comes_out_as_it_is(self):
        sent = self.good(*SMALL, "--protocol", "v1", "--header", "all", "--frames", 3)
        with tempfile.TemporaryDirectory() as folder:
            for i, message in enumerate(sent.messages):
                for j, part in enumerate(message.parts):
                    pathlib.Path(folder, f"{i:04}.{j}").write_bytes(part)
            pathlib.Path(folder, "README").write_text("no message")
            again = self.good("--capture", folder, "--rate", "max", "--repeat", 2)
            self.assertEqual([m.parts for m in again.messages], 2 * [m.parts for m in sent.messages])
            pathlib.Path(folder, "0001.1").unlink()
            status, words = detector.fails("--capture", folder)
            self.assertEqual(status, 2)
            self.assertIn("part 1 of message 1", words)

    def test_mistakes_are_named(self):
        for options, words in (
                (("--fames", 3), "did you mean --frames"), (("--frames", "many"), "--frames many"), (("--type", "u64"), "u8|u16|u32"),
                (("--detector", "eiger3"), "eiger2-16m"), (("--hit-rate", 2), "at most 1"), (("--cell", "1,2,3"), "ALPHA"),
                (("--cell", "10,10,10,10,10,170"), "not those of a cell"), (("--protocol", "v1", "--channels", "threshold_1,threshold_2"), "one channel"),
                (("--codec", "lz4-raw"), "Stream v1"), (("--block", 1001), "8 pixels"), (("--codec", "none", "--damage", "1%"), "--damage"),
                (("--drop", "frames:9-3"), "frames:3,7,10-20"), (("--size", "0x9"), "WIDTHxHEIGHT"), (("--quiet=yes",), "takes no value"),
                (("--rate",), "expected HZ|max"), (("positional",), "expected an option"), (("--bind", "localhost:1"), "tcp://"),
                (("--silence", "3"), "SECONDS@FRAME"), (("--truth", "/nonexistent/x"), "/nonexistent/x"), (("--capture", "/nonexistent"), "/nonexistent"),
                (("--bind", "tcp://256.0.0.1:1", "--frames", 1, "--hit-rate", 0), "256.0.0.1"),
                (("--size", "64x64", "--min-strong", 500), "--min-strong 500"), (("--next", "--file", "a", "--capture", "b"), "series 2")):
            with self.subTest(options=options):
                status, said = detector.fails(*options)
                self.assertEqual(status, 2, said)
                self.assertIn(words, said)
                lines = [line for line in said.splitlines() if not line.startswith("made ")]
                self.assertEqual(len(lines), 1, said)
                self.assertTrue(lines[0].startswith("sluice-detector: "), said)

    def test_help_names_every_option_once(self):
        process = detector.start("--help")
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err), (0, ""))
        names = [line.split()[0] for line in out.splitlines() if line.startswith("  --")]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreater(len(names), 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
