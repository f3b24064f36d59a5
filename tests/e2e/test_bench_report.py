"""bench/report makes a page of whatever the suite prints, and of nothing else.

The page is checked as HTML: balanced, nothing from outside, every case in it, hostile words as words. Nothing is timed here.
"""
import html.parser
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

BENCH = os.path.join(os.environ["SLUICE_BUILD"], "sluice-bench")
REPORT = os.path.join(os.environ["SLUICE_SOURCE"], "bench", "report")
SEED = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
VOID = {"meta", "link", "br", "hr", "img", "input"}
KERNEL = {"case": "16m-typical-u16", "engine": "cpu", "level": "avx2", "threads": 1, "frames": 63, "ms_per_frame": 7.25, "frames_per_s": 137.931,
          "floor_ms": 3.2, "x_floor": 2.266, "spread": 0.04, "mb_per_frame": 4.48, "machine": "Some processor, 8 cores", "commit": "0123abc"}
NODE = {"case": "node-eiger2-16m", "bare_frames_per_s": 900.5, "bare_mb_per_s": 4034.2, "frames_per_s": 610.25, "latency_p50_ms": 9.5,
        "latency_p95_ms": 12.25, "latency_p99_ms": 14.125, "latency_max_ms": 31.5, "cpu_us_per_frame_receive": 20.5, "cpu_us_per_frame_work": 7400.0,
        "allocations_per_frame": 0.0, "library_allocations_per_frame": 1.0, "frames": 500, "analysed": 500, "written": 0,
        "machine": "Some processor, 8 cores", "commit": "0123abc"}
NODE_ALL = {**NODE, "case": "node-eiger2-16m+frames+files", "engine": "cpu", "threads": 3, "rounds": 3, "bare_spread": 0.02, "spread": 0.05,
            "step_us_per_frame_stage": 40.5, "step_us_per_frame_analyse": 7100.0, "around_engine_us_per_frame": 321.25, "message_bytes_per_frame": 4548000.0,
            "copied_bytes_per_frame": 43500.0, "result_bytes_per_frame": 32000.0, "written_mb_per_s": 812.5, "plain_write_mb_per_s": 1105.0, "kept": 500, "sent": 500}
FPGA = {**KERNEL, "engine": "fpga", "level": "simulated", "device": "simulated card", "frames": 2, "ms_per_frame": 1.6, "frames_per_s": 625.0, "x_floor": 0.5,
        "clocks_per_frame": 400000.0, "clock_mhz": 250, "clock_assumed": True, "units": 2, "payload_gb_per_s": 2.8, "table_gb_per_s": 22.7, "record_gb_per_s": 0.0125,
        "stage_busy_payload": 280000.0, "stage_stalled_in_payload": 3.0, "stage_stalled_out_payload": 500000.0, "stage_busy_decode": 600000.0,
        "stage_stalled_in_decode": 1000.0, "stage_stalled_out_decode": 2000.0, "stage_errors_payload": 0, "stage_errors_decode": 0,
        "stage_busy_control": 0, "stage_stalled_in_control": 0, "stage_stalled_out_control": 0, "stage_errors_control": 0}
HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'; DROP TABLE", "&lt;b&gt;", "]]>", "</svg></style>", "\u202egnp.exe", "\ud800",
           "a\x00b\x1b[31m", "http://example.org/x.js", "x" * 5000, "", "-", "16m", "node", "node-", "%s%n", "\U0001f600"]


class Page(html.parser.HTMLParser):
    """Every element is closed in order; keeps the texts, tags, attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def file(self, name, *lines):
        with open(self.path(name), "wb") as f:
            for line in lines:
                f.write(line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n")
        return self.path(name)

    def report(self, *arguments, text=None):
        return subprocess.run([REPORT, *arguments], capture_output=True, text=True, input=text, cwd=self.folder.name, timeout=120)

    def page(self, *files):
        out = self.report("-o", self.path("page.html"), *files)
        self.assertEqual((out.returncode, out.stderr), (0, ""))
        with open(self.path("page.html"), encoding="utf-8") as f:
            text = f.read()
        self.self_contained(text)
        return Page(text), text

    def self_contained(self, text):
        page = Page(text)
        self.assertFalse({"script", "link", "img", "iframe", "object", "image", "use", "base"} & set(page.tags))
        for name, value in page.attributes:
            self.assertFalse(name.startswith("on"), name)
            if name in ("src", "href", "xlink:href", "action"):
                self.assertRegex(value, "^#")
        style = "".join(re.findall(r"<style>(.*?)</style>", text, re.S))
        self.assertNotIn("url(", style)
        self.assertNotIn("@import", style)
        self.assertNotIn("://", style)
        self.assertNotRegex(text, "=\"?[a-z]+:?//")
        numbers = [value for name, value in page.attributes if name in ("x", "y", "cx", "cy", "x1", "x2", "y1", "y2", "width", "height")]
        for value in numbers:
            self.assertRegex(value, r"^-?\d+(\.\d+)?$")


class Report(Folder):
    def test_every_case_engine_and_detector_is_on_the_page(self):
        cases = ["16m-typical-u16", "16m-typical-u8", "9m-typical-u16", "4m-typical-u16", "1m-typical-u16", "arina-typical-u16"]
        lines = [{**KERNEL, "case": case, "engine": engine, "level": level, "threads": threads}
                 for case in cases for engine, level, threads in (("floor-lz4", "", 1), ("cpu", "avx2", 1), ("cpu", "avx2", 8), ("peer-dials-extended", "3.12", 1))]
        page, text = self.page(self.file("a.json", *lines), self.file("b.json", NODE))
        for words in (*cases, "node-eiger2-16m", "Some processor, 8 cores", "0123abc", "cpu avx2", "cpu avx2, 8 threads", "peer-dials-extended 3.12",
                      "lane receive", "lane work", "milliseconds, logarithmic", "frames per second, logarithmic", "multiples of the LZ4 floor's time, logarithmic",
                      "EIGER X 16M, 133 Hz", "EIGER X 9M, 238 Hz", "EIGER X 4M, 750 Hz", "EIGER2 XE 16M, 560 Hz", "EIGER X 1M, 3\u202f000 Hz", "ARINA, 120\u202f000 Hz",
                      "1 Mpixel at 8\u202f000 Hz"):
            self.assertIn(words, page.words)
        self.assertIn("prefers-color-scheme: dark", text)
        self.assertIn("@media print", text)

    def test_cores_are_the_rate_over_what_one_thread_of_an_engine_does(self):
        lines = [{**KERNEL, "frames_per_s": 50.0}, {**KERNEL, "level": "avx512", "frames_per_s": 100.0}, {**KERNEL, "threads": 4, "frames_per_s": 390.0},
                 {**KERNEL, "engine": "floor-memcpy", "frames_per_s": 900.0}, {**KERNEL, "engine": "peer-x", "frames_per_s": 800.0}]
        page, _ = self.page(self.file("a.json", *lines))
        self.assertEqual([word for word in page.words if re.fullmatch(r"\d+ cores?", word)], ["2 cores", "6 cores"] * 2)  # chart, table

    def test_every_engine_says_what_a_detector_needs_of_it(self):
        lines = [{**KERNEL, "device": "Some processor"}, {**KERNEL, "threads": 8, "frames_per_s": 900.0, "scaling": 6.5, "scaling_cpu": 7.76, "batch": 1},
                 {**KERNEL, "engine": "cuda", "level": "", "device": "Some card", "frames_per_s": 400.0, "batch": 1},
                 {**KERNEL, "engine": "cuda", "level": "", "device": "Some card", "frames_per_s": 6000.0, "batch": 8},
                 {**KERNEL, "engine": "reference", "level": "", "frames_per_s": 2.0}]
        page, _ = self.page(self.file("a.json", *lines))
        self.assertEqual([word for word in page.words if re.fullmatch(r"\d+ (core|device)s?", word)], ["1 device", "1 core", "1 device", "5 cores"] * 2)
        for words in ("cpu: Some processor \u00b7 cuda: Some card", "cuda, by 8", "8 threads", "6.5 × (81 %)", "by CPU time", "7.76 × (97 %)", "multiples of one thread's throughput", "1 thread, batches of 8"):
            self.assertIn(words, page.words)

    def test_files_steps_and_what_stands_around_the_engine_are_shown(self):
        files = {**KERNEL, "case": "files-16m-typical-u16", "level": "", "mb_per_frame": 4.0}
        lines = [{**files, "engine": "floor-write", "x_floor": 1.0, "frames_per_s": 200.0}, {**files, "engine": "nxmx", "x_floor": 1.25, "frames_per_s": 160.0}, NODE_ALL]
        page, _ = self.page(self.file("a.json", *lines))
        for words in ("NXmx files", "640 MB/s (80 %)", "megabytes per second, logarithmic", "step analyse", "around the engine", "321 µs", "812", "1\u202f105",
                      "node-eiger2-16m+frames+files", "EIGER X 16M, 133 Hz", "43\u202f500"):
            self.assertIn(words, page.words)
        self.assertNotIn("Frames per second", page.words)

    def test_clocks_stand_beside_times_and_say_which_stage_sets_the_pace(self):
        page, _ = self.page(self.file("a.json", KERNEL, FPGA))
        for words in ("Clocks of the FPGA engine", "fpga simulated", "400\u202f000", "250 assumed", "22.7", "0.0125", "35 %", "75 %", "decode", "fpga: simulated card",
                      "per cent of a unit's clocks", "400\u202f000 at 250 MHz", "1 device"):
            self.assertIn(words, page.words)
        self.assertIn("none", page.words)
        self.assertNotIn("control", page.words)  # no clocks, so no bar
        page, _ = self.page(self.file("a.json", {**FPGA, "clock_assumed": False, "stage_errors_decode": 3, "stage_errors_control": 1}))
        self.assertNotIn("250 assumed", page.words)
        self.assertIn("decode 3, control 1", page.words)
        page, _ = self.page(self.file("a.json", KERNEL))
        self.assertNotIn("Clocks of the FPGA engine", page.words)

    def test_the_table_of_detectors_is_read_to_its_last_row(self):
        with open(os.path.join(os.environ["SLUICE_SOURCE"], "bench", "suite", "detectors.inc"), encoding="utf-8") as f:
            rows = re.findall(r'^DETECTOR\("([^"]+)"', f.read(), re.M)
        lines = [{**KERNEL, "case": f"{case}-u16"} for case in ("16m-typical", "9m-typical", "4m-typical", "1m-typical", "arina-typical")]
        page, _ = self.page(self.file("a.json", *lines))
        needed = " ".join(word.replace("\u202f", "") for word in page.words)
        for name in rows:
            self.assertIn(name, needed)
        self.assertEqual(len(re.findall(r"\d+ cores?(?= |$)", " ".join(w for w in page.words if re.fullmatch(r"\d+ cores?", w)))), 2 * len(rows))

    def test_machines_and_commits_have_chapters_of_their_own(self):
        page, _ = self.page(self.file("a.json", KERNEL, {**KERNEL, "machine": "Another"}), self.file("b.json", {**KERNEL, "commit": "fedcba9"}))
        self.assertEqual(page.tags.count("article"), 3)

    def test_the_same_line_twice_is_shown_twice(self):
        page, _ = self.page(self.file("a.json", KERNEL, KERNEL))
        self.assertIn("cpu avx2 (2)", page.words)

    def test_standard_input_and_output(self):
        out = self.report("-o", "-", "-", text=json.dumps(KERNEL) + "\n")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.self_contained(out.stdout)

    def test_hostile_words_and_any_number_make_a_sound_page(self):
        rng = random.Random(SEED)
        numbers = [1e-15, 1e-9, 0.02, 1, 3, 999.9999, 1e6, 1e15]
        for _ in range(25):
            lines = []
            for _ in range(rng.randrange(1, 12)):
                line = dict(rng.choice((KERNEL, FPGA, NODE, NODE_ALL)))
                for name, value in line.items():
                    if rng.random() < 0.5:
                        line[name] = rng.choice(HOSTILE) if isinstance(value, str) else value if name in ("threads", "units", "clock_assumed") else rng.choice(numbers)
                if "bare_frames_per_s" in line:
                    line["cpu_us_per_frame_" + rng.choice(HOSTILE)] = rng.choice([0, *numbers])
                lines.append(line)
            page, text = self.page(self.file("<b>.json", *lines))
            self.assertNotIn("\x00", text)
            self.assertNotIn("\u202e", text)
            for line in lines:
                if len(line["case"]) < 36 and line["case"].isprintable():
                    self.assertIn(line["case"], "".join(page.words))

    def test_no_arguments_are_answered_with_usage(self):
        for arguments in ([], ["-x", "a.json"], ["-o"]):
            out = self.report(*arguments)
            self.assertEqual((out.returncode, out.stdout), (2, ""), arguments)
            self.assertIn("usage: bench/report", out.stderr)
        self.assertEqual(self.report("--help").returncode, 0)

    def test_what_is_no_line_of_the_suite_is_refused_by_file_and_line(self):
        bad = [b"{\n", b"[1]\n", b"1\n", b"null\n", b"{}\n", b"\xff\xfe\n", b"[" * 20000 + b"\n", b"{\"a\":" * 9000 + b"\n", b"x" * 70000 + b"\n",
               json.dumps(KERNEL)[:-1].encode() + b",\"case\":\"again\"}\n"]
        for name, value in (("frames_per_s", 0), ("frames_per_s", -1), ("ms_per_frame", "7"), ("ms_per_frame", True), ("threads", 1.5), ("x_floor", None),
                            ("case", 5), ("machine", ["x"]), ("spread", {}), ("batch", 0), ("batch", 1.5), ("scaling", "2"), ("device", 7), ("floor_ms", float("nan")), ("frames_per_s", float("inf")),
                            ("frames_per_s", 10 ** 400), ("ms_per_frame", 1e300), ("clocks_per_frame", 0), ("units", 1.5), ("stage_busy_x", "many")):
            bad.append(json.dumps({**KERNEL, name: value}).encode() + b"\n")
        for name in ("latency_p99_ms", "machine"):
            bad.append(json.dumps({k: v for k, v in NODE.items() if k != name}).encode() + b"\n")
        bad.append(json.dumps({**NODE, "cpu_us_per_frame_work": "many"}).encode() + b"\n")
        for raw in bad:
            out = self.report("-o", self.path("no.html"), self.file("a.json", KERNEL), self.file("b.json", KERNEL, raw))
            self.assertEqual((out.returncode, out.stdout), (2, ""), raw[:80])
            self.assertEqual(len(out.stderr.splitlines()), 1, out.stderr[:500])
            self.assertIn(f"{self.path('b.json')}:2: ", out.stderr)
            self.assertFalse(os.path.exists(self.path("no.html")))

    def test_files_that_cannot_be_read_or_written_are_told(self):
        self.assertEqual(self.report(self.path("absent.json")).returncode, 2)
        self.assertEqual(self.report(self.folder.name).returncode, 2)
        self.assertEqual(self.report(self.file("empty.json")).returncode, 2)
        out = self.report("-o", self.path("no/such/folder.html"), self.file("a.json", KERNEL))
        self.assertEqual(out.returncode, 1)
        self.assertEqual(len(out.stderr.splitlines()), 1)

    def test_what_the_suite_prints_makes_a_page(self):
        out = subprocess.run([BENCH, "--quick", "--json", "--threads", "1", "--case", "arina-typical-u16"], capture_output=True, text=True, timeout=300, check=True)
        page, _ = self.page(self.file("quick.json", out.stdout))
        self.assertIn("arina-typical-u16", page.words)


if __name__ == "__main__":
    print(f"SLUICE_SEED={SEED}", file=sys.stderr)
    unittest.main()
