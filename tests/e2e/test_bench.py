"""The benchmark suite works: quick mode prints one complete JSON object a line, its comparison matches them, mistakes are told. Nothing is timed here."""
import json
import os
import subprocess
import tempfile
import unittest

BENCH = os.path.join(os.environ["SLUICE_BUILD"], "sluice-bench")
FIELDS = {"case": str, "engine": str, "level": str, "threads": int, "frames": int, "ms_per_frame": float, "frames_per_s": float,
          "floor_ms": float, "x_floor": float, "spread": float, "mb_per_frame": float, "machine": str, "commit": str}


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=300)


class Bench(unittest.TestCase):
    def test_quick_mode_prints_every_field_of_every_contender(self):
        out = bench("--quick", "--json", "--threads", "2")
        self.assertEqual(out.returncode, 0, out.stderr)
        lines = [json.loads(line) for line in out.stdout.splitlines()]
        self.assertGreaterEqual({line["engine"] for line in lines}, {"floor-lz4", "floor-memcpy", "cpu"})
        self.assertIn(2, {line["threads"] for line in lines})
        for line in lines:
            self.assertEqual(set(line), set(FIELDS))
            for name, kind in FIELDS.items():
                self.assertIsInstance(line[name], (int, float) if kind is float else kind, name)
            self.assertGreater(line["ms_per_frame"], 0)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write(out.stdout)
            f.flush()
            same = bench("--compare", f.name, f.name)
        self.assertEqual(same.returncode, 0, same.stderr)
        self.assertEqual(len(same.stdout.splitlines()), 1 + len(lines))
        self.assertIn("+0.0%", same.stdout)

    def test_the_whole_node_is_measured_against_a_bare_client(self):
        out = bench("--node", "arina", "--quick", "--json")
        self.assertEqual(out.returncode, 0, out.stderr)
        line = json.loads(out.stdout)
        self.assertEqual((line["case"], line["frames"], line["analysed"]), ("node-arina", 50, 50))
        for name in ("bare_frames_per_s", "frames_per_s", "latency_p50_ms", "latency_max_ms", "cpu_us_per_frame_work"):
            self.assertGreater(line[name], 0, name)
        self.assertEqual(line["allocations_per_frame"], 0)

    def test_mistakes_are_told_and_exit_2(self):
        for arguments in (["--engine", "abacus"], ["--case", "17m"], ["--level", "mmx"], ["--rounds", "0"], ["--compare", "one"], ["--node", "hubble"], ["--what"], ["x"]):
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
