"""The benchmark suite works: quick mode prints one complete JSON object a line of every engine,
of files and of the whole node, its comparison matches them, mistakes are told. Nothing is timed here."""
import json
import os
import re
import subprocess
import tempfile
import unittest

BENCH = os.path.join(os.environ["SLUICE_BUILD"], "sluice-bench")
FIELDS = {"case": str, "engine": str, "level": str, "threads": int, "batch": int, "frames": int, "ms_per_frame": float, "frames_per_s": float,
          "floor_ms": float, "x_floor": float, "spread": float, "mb_per_frame": float, "machine": str, "commit": str}
SOMETIMES = {"scaling": float, "scaling_cpu": float, "device": str}
CLOCKED = {"clocks_per_frame": int, "clock_mhz": int, "clock_assumed": bool, "units": int, "payload_gb_per_s": float, "table_gb_per_s": float,
           "record_gb_per_s": float}
STAGES = ("payload", "splitter", "decode", "reorder", "gearbox", "table", "join", "dispersion", "strong_list", "record_writer", "offsets", "control")
SLUICE = os.path.join(os.environ["SLUICE_BUILD"], "sluice")


def counted():
    """A sanitizer has an allocator and copies of its own: then nothing is counted."""
    with open(os.path.join(os.environ["SLUICE_BUILD"], "CMakeCache.txt"), encoding="utf-8") as f:
        return not re.search(r"^SLUICE_SANITIZE:\w+=\S", f.read(), re.M)


COUNTED = counted()


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=300)


class Bench(unittest.TestCase):
    def lines(self, *arguments):
        out = bench(*arguments, "--quick", "--json")
        self.assertEqual(out.returncode, 0, out.stderr)
        lines = [json.loads(line) for line in out.stdout.splitlines()]
        self.assertTrue(lines)
        return lines, out.stdout

    def complete(self, line):
        self.assertEqual(set(line) - set(SOMETIMES), set(FIELDS))
        for name, kind in {**FIELDS, **SOMETIMES}.items():
            self.assertIsInstance(line.get(name, kind()), (int, float) if kind is float else kind, name)
        for name in ("frames", "ms_per_frame", "frames_per_s", "floor_ms"):
            self.assertGreater(line[name], 0, (name, line))

    def test_quick_mode_prints_every_field_of_every_contender(self):
        lines, text = self.lines("--threads", "2", "--levels")
        self.assertGreaterEqual({line["engine"] for line in lines}, {"floor-lz4", "floor-memcpy", "cpu", "reference"})
        self.assertIn("scalar", {line["level"] for line in lines})
        for line in lines:
            self.complete(line)
            self.assertEqual("scaling" in line, line["threads"] > 1)
            self.assertEqual("scaling_cpu" in line, line["threads"] > 1 and line["engine"] == "cpu")
            self.assertEqual("device" in line, not line["engine"].startswith("floor"))
        self.assertIn(2, {line["threads"] for line in lines})
        self.assertTrue([line for line in lines if line["batch"] > 1 and line["case"] == "arina-typical-u16" and line["engine"] == "cpu"])
        keys = [tuple(line[name] for name in ("case", "engine", "level", "threads", "batch")) for line in lines]
        self.assertEqual(len(set(keys)), len(keys), "two lines of the same thing")
        self.same_as_itself(text, len(lines))

    def same_as_itself(self, text, n):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write(text)
            f.flush()
            same = bench("--compare", f.name, f.name)
        self.assertEqual(same.returncode, 0, same.stderr)
        self.assertEqual(len(same.stdout.splitlines()), 1 + n)
        self.assertIn("+0.0%", same.stdout)

    def engines_there(self):
        listed = json.loads(subprocess.run([SLUICE, "engines", "--json"], capture_output=True, text=True, timeout=120, check=True).stdout)
        there = [entry for entry in listed if entry["available"]]
        asked_for = {entry["engine"] for entry in there if "only when asked for" in entry["words"]}
        return {entry["engine"] for entry in there} - asked_for, asked_for

    def test_every_engine_that_is_there_takes_part(self):
        always, asked_for = self.engines_there()
        lines, _ = self.lines("--threads", "1", "--case", "arina-typical-u16")
        self.assertEqual({line["engine"] for line in lines} - {"floor-lz4", "floor-memcpy"}, always)
        self.assertIn("cpu", always)
        for engine in asked_for:
            lines, _ = self.lines("--threads", "2", "--case", "arina-typical-u16", "--engine", engine)
            mine = [line for line in lines if line["engine"] == engine]
            self.assertIn(1, {line["threads"] for line in mine}) # how many more depends on how many queues the device may have
            self.assertTrue([line for line in mine if line["batch"] > 1])
            for line in mine:
                self.complete(line)

    def simulated_fpga(self):
        listed = json.loads(subprocess.run([SLUICE, "engines", "--json"], capture_output=True, text=True, timeout=120, check=True).stdout)
        return any(entry["engine"] == "fpga" and "simulated clock by clock" in entry["words"] for entry in listed)

    def test_the_simulated_fpga_is_measured_in_clocks_and_only_when_asked_for(self):
        if not self.simulated_fpga():  # a build without Verilator, or with sanitizers: then that is told
            for arguments in (["--engine", "fpga"], ["--fpga"]):
                out = bench(*arguments)
                self.assertEqual((out.returncode, out.stdout), (2, ""))
                self.assertIn("fpga", out.stderr)
            return
        case = ("--threads", "1", "--rounds", "1", "--case", "arina-typical-u16")
        lines, _ = self.lines(*case)
        self.assertNotIn("fpga", {line["engine"] for line in lines})
        lines, text = self.lines(*case, "--fpga")
        self.assertGreater({line["engine"] for line in lines}, {"floor-lz4", "floor-memcpy", "cpu", "fpga"})
        self.same_as_itself(text, len(lines))
        [line] = [line for line in lines if line["engine"] == "fpga"]
        stages = {f"stage_{what}_{stage}" for what in ("busy", "stalled_in", "stalled_out", "errors") for stage in STAGES}
        self.assertEqual(set(line) - {"device"}, set(FIELDS) | set(CLOCKED) | stages)
        for name, kind in CLOCKED.items():
            self.assertIsInstance(line[name], (int, float) if kind is float else kind, name)
            self.assertGreater(line[name], 0, name)
        self.assertEqual((line["level"], line["units"], line["frames"], line["clock_mhz"]), ("simulated", 2, 2, 250))
        self.assertAlmostEqual(line["frames_per_s"] * line["clocks_per_frame"] / 250e6, 1, 3)
        self.assertGreaterEqual(line["stage_busy_join"], 192 * 192 / 32)  # a beat of 32 pixels per clock at the most
        self.assertLess(line["stage_busy_join"], line["units"] * line["clocks_per_frame"])
        self.assertEqual({line[f"stage_errors_{stage}"] for stage in STAGES}, {0})
        twice, _ = self.lines(*case, "--engine", "fpga", "--clock-mhz", "500")
        [again] = [line for line in twice if line["engine"] == "fpga"]
        self.assertEqual((again["clocks_per_frame"], again["clock_mhz"]), (line["clocks_per_frame"], 500))
        self.assertAlmostEqual(again["frames_per_s"] / line["frames_per_s"], 2, 4)

    def test_every_case_can_be_listed_and_the_uncommon_ones_run(self):
        listed = [line.split()[0] for line in bench("--list-cases").stdout.splitlines()]
        self.assertEqual(len(set(listed)), len(listed))
        wanted = {f"16m-{density}-{kind}" for density in ("sparse", "typical", "dense") for kind in ("u8", "u16", "u32")}
        self.assertGreaterEqual(set(listed), wanted | {f"{size}-typical-u16" for size in ("9m", "4m", "1m", "500k", "arina")})
        recorded = sorted(name for name in listed if name.startswith("recorded-"))
        for name in ["4m-powder-u32", *recorded[:1]]:
            lines, _ = self.lines("--threads", "1", "--rounds", "1", "--engine", "cpu", "--case", name)
            self.assertEqual({line["case"] for line in lines}, {name})

    def test_recorded_frames_are_looked_for_where_the_environment_says(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "frames"))
            with open(os.path.join(folder, "frames", "broken.h5"), "wb") as f:
                f.write(b"no HDF5 at all")
            environment = {**os.environ, "SLUICE_DATA": folder}
            listed = subprocess.run([BENCH, "--list-cases"], capture_output=True, text=True, timeout=60, env=environment, check=True).stdout
            self.assertEqual(re.findall(r"^recorded-\S+", listed, re.M), ["recorded-broken"])
            out = subprocess.run([BENCH, "--case", "recorded-broken", "--json"], capture_output=True, text=True, timeout=60, env=environment, check=False)
        self.assertEqual((out.returncode, out.stdout), (1, ""))
        self.assertIn("recorded-broken", out.stderr)

    def test_files_are_measured_against_plain_writes_and_nothing_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            lines, text = self.lines("--write", folder)
            self.assertEqual(os.listdir(folder), [])
        for line in lines:
            self.complete(line)
        for case in ("files-1m-typical-u16", "files-arina-typical-u16"):
            self.assertEqual([line["engine"] for line in lines if line["case"] == case], ["floor-write", "nxmx"])
        self.same_as_itself(text, len(lines))

    def node(self, *arguments):
        lines, text = self.lines("--node", *arguments)
        line, = lines
        self.assertEqual((line["frames"], line["analysed"]), (50, 50))
        for name in ("bare_frames_per_s", "frames_per_s", "latency_p50_ms", "latency_max_ms", "cpu_us_per_frame_receive", "cpu_us_per_frame_work",
                     "cpu_us_per_frame_publish", "cpu_us_per_frame_zeromq", "step_us_per_frame_stage", "step_us_per_frame_analyse", "step_us_per_frame_score",
                     "around_engine_us_per_frame", "message_bytes_per_frame", "result_bytes_per_frame"):
            self.assertGreater(line[name], 0, name)
        self.same_as_itself(text, 1)
        return line

    def test_the_whole_node_is_measured_against_a_bare_client(self):
        line = self.node("arina")
        self.assertEqual((line["case"], line["written"], line["sent"], line["frames_taken"]), ("node-arina", 0, 0, 0))
        self.assertGreater(line["results_taken"], 0)
        if COUNTED:
            self.assertEqual(line["allocations_per_frame"], 0)

    def test_with_all_sinks_on_every_frame_is_taken_and_no_payload_copied(self):
        with tempfile.TemporaryDirectory() as folder:
            line = self.node("eiger2-500k", "--with", "results,frames", "--files", folder)
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(line["case"], "node-eiger2-500k+frames+files")
        self.assertEqual((line["kept"], line["written"], line["sent"], line["unsent"], line["frames_taken"]), (50, 50, 50, 0, 50))
        for name in ("written_mb_per_s", "plain_write_mb_per_s"):
            self.assertGreater(line[name], 0, name)
        if COUNTED:
            self.assertEqual(line["allocations_per_frame"], 0)
            self.assertGreater(line["copied_bytes_per_frame"], line["result_bytes_per_frame"])  # or nothing was counted
            # Results are put together and handed to ZeroMQ: twice their bytes at the most. Copying a single payload would show.
            self.assertLess(line["copied_bytes_per_frame"], 2 * line["result_bytes_per_frame"] + 4096)
            self.assertGreater(line["message_bytes_per_frame"], 2 * line["result_bytes_per_frame"] + 4096)

    def test_mistakes_are_told_and_exit_2(self):
        for arguments in (["--engine", "abacus"], ["--case", "17m"], ["--level", "mmx"], ["--rounds", "0"], ["--compare", "one"], ["--node", "hubble"], ["--with", "cake", "--node", "arina"],
                          ["--write", "/no/such/place"], ["--files", "/no/such/place", "--node", "arina"], ["--clock-mhz", "0"], ["--clock-mhz", "fast"], ["--what"], ["x"]):
            out = bench(*arguments)
            self.assertEqual(out.returncode, 2, arguments)
            self.assertTrue(out.stderr.strip(), arguments)
            self.assertEqual(out.stdout, "", arguments)

    def test_a_file_that_is_no_output_of_the_suite_is_refused(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("{}\n")
            f.flush()
            out = bench("--compare", f.name, f.name)
        self.assertEqual(out.returncode, 2)
        self.assertIn(":1:", out.stderr)


if __name__ == "__main__":
    unittest.main()
