#!/usr/bin/python3
"""`sluice process FILE --json` says of every recorded frame what DIALS and pyFAI say of it, with every engine and level that this machine has;
and the command keeps its word as a command: clean output, a progress bar on a terminal only, exit codes.
"""
import json
import math
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile
import unittest

from node import SLUICE, np, recorded

import h5py

FRAMES = pathlib.Path(recorded("frames"))
FILES = sorted(path.name for path in FRAMES.glob("*.h5"))
SMALL = str(FRAMES / "lysozyme_jungfrau.h5")
# As the references were made (attribute `source`): all else is the default.
RECORDED = ["spots.max_minus_1_invalid=on", "spots.masked_is_background=on"]
ENGINES = [("reference", "auto"), ("cpu", "scalar"), ("cpu", "avx2"), ("cpu", "avx512"), ("cpu", "neon"), ("cuda", "auto"), ("opencl", "auto"), ("fpga", "auto")]
SIMULATED = {"agbh_pilatus300k.h5", "ceo2_pilatus1m.h5", "lysozyme_jungfrau.h5"}  # what the simulated FPGA does in seconds; the others take it a minute
FIELDS = ["frame", "channel", "width", "height", "n_valid", "n_nodata", "n_saturated", "sum", "max", "n_strong", "n_spots", "d_min", "ice", "background",
          "score", "hit"]


def sets(*assignments):
    return [word for a in assignments for word in ("--set", a)]


def process(*arguments):
    return subprocess.run([SLUICE, "process", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def available():
    """The engines and levels that open here; others must say that they are not available."""
    found = []
    for engine, level in ENGINES:
        done = process(SMALL, "--json", *sets(f"engine.order=[{engine}]", f"engine.cpu_level={level}"))
        if done.returncode == 0:
            found.append((engine, level))
        else:
            assert done.returncode == 1 and "not available" in done.stderr and not done.stdout, done
    assert ("reference", "auto") in found and len(found) > 1, found
    print("engines here:", ", ".join(f"{e} {l}" for e, l in found), flush=True)
    return found


class References(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engines = available()

    def lines(self, file, algorithm):
        """What the first engine says, after every other one was found to say the same, to the byte."""
        said = None
        for engine, level in self.engines:
            if engine == "fpga" and file not in SIMULATED and not os.environ.get("SLUICE_FPGA_FULL"):
                print(f"SKIPPED: {file} by the simulated FPGA (SLUICE_FPGA_FULL=1 runs it)", flush=True)
                continue
            done = process(FRAMES / file, "--json", "--with", "strong,spots,radial",
                           *sets(*RECORDED, f"spots.algorithm={algorithm}", f"engine.order=[{engine}]", f"engine.cpu_level={level}"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(said is None or said == done.stdout, f"{file}, {algorithm}: {engine} {level} differs from {self.engines[0]}")
            said = done.stdout
        return [json.loads(line) for line in said.splitlines()]

    def test_every_frame_is_what_dials_and_pyfai_say(self):
        for file in FILES:
            with self.subTest(file=file), h5py.File(FRAMES / file) as frames, h5py.File(FRAMES / "reference" / file) as reference:
                for algorithm in ("dispersion", "dispersion_extended"):
                    lines = self.lines(file, algorithm)
                    self.assertEqual([line["frame"] for line in lines], list(frames["entry/data/frame_number"]))
                    for line, name in zip(lines, sorted(reference), strict=True):
                        self.compare(line, reference[name], algorithm)

    def compare(self, line, truth, algorithm):
        self.assertEqual(list(line)[:len(FIELDS)], FIELDS)
        self.assertEqual((line["n_valid"], line["sum"], line["max"]), tuple(truth.attrs[k] for k in ("n_good", "sum_good", "max_good")))
        np.testing.assert_array_equal(line["strong"], truth[algorithm][()])
        self.assertEqual(line["n_strong"], len(line["strong"]))
        self.assertEqual(line["n_spots"], len(line["spots"]))
        if algorithm == "dispersion" and "dials_spots" in truth:
            self.compare_spots(line, truth)
        if "count" in truth:
            self.compare_radial(line, truth)
        else:
            self.assertEqual((line["q"], line["bin_sum"], line["intensity"]), ([], [], []))

    def compare_spots(self, line, truth):
        ours, theirs = sorted(line["spots"]), sorted(map(list, truth["dials_spots"][()]))
        self.assertEqual(len(ours), len(theirs))
        left = list(theirs)
        for x, y, total, pixels in ours:
            match = [s for s in left if abs(s[0] - x) <= 1e-6 and abs(s[1] - y) <= 1e-6]
            self.assertEqual([s[2:] for s in match], [[total, pixels]], f"spot at {x}, {y}")
            left.remove(match[0])
        for key, dials in (("n_spots", "total"), ("n_spots_ring_free", "no_ice")):
            self.assertEqual(line[key], truth.attrs["dials_n_spots_" + dials])
        self.assertEqual(line["total_intensity"], truth.attrs["dials_total_intensity"])
        for key, dials in (("d_min", "dials_estimated_d_min"), ("d_min_shells", "dials_d_min_distl_method_2")):
            if truth.attrs[dials] == -1:
                self.assertIsNone(line[key])
            else:
                self.assertAlmostEqual(line[key], truth.attrs[dials], delta=0.01)

    def compare_radial(self, line, truth):
        q, count, theirs = (truth[k][()] for k in ("q_A^-1", "count", "intensity"))
        ours, total = np.array(line["bin_count"]), np.array(line["bin_sum"])
        intensity, sigma = (np.array(line[k], float) for k in ("intensity", "sigma"))
        self.assertLess(np.abs(np.array(line["q"]) - q).max(), 0.01 * (q[1] - q[0]))
        self.assertEqual((ours.sum(), total.sum()), (truth.attrs["n_good"], truth.attrs["sum_good"]))
        self.assertLessEqual(np.abs(ours - count).sum(), 2e-4 * truth.attrs["n_good"])
        same = ours == count
        self.assertGreater(same.sum(), len(q) / 2)
        empty = same & (count == 0)
        self.assertTrue(np.isnan(intensity[empty]).all())
        agree = same & (count > 0)
        self.assertTrue((np.abs(intensity - theirs)[agree] <= 1e-3 * np.abs(theirs[agree])).all())
        some = total > 0
        np.testing.assert_allclose(sigma[some], intensity[some] / np.sqrt(total[some]), rtol=1e-5)


class Command(unittest.TestCase):
    def test_json_is_all_there_is_on_standard_output_and_other_words_go_elsewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            done = process(SMALL, "--json", "--out", folder)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len([json.loads(line) for line in done.stdout.splitlines()]), 4)
        self.assertIn("balanced", done.stderr)
        self.assertNotIn("\r", done.stderr)

    def test_without_a_wish_for_lists_there_are_none(self):
        line = json.loads(process(SMALL, "--json", "--quiet").stdout.splitlines()[0])
        self.assertFalse({"strong", "spots", "radial", "q", "bin_sum"} & line.keys())

    def test_what_is_not_a_number_is_null(self):
        done = process(SMALL, "--json", "--quiet")  # no geometry
        for line in done.stdout.splitlines():
            self.assertIsNone(json.loads(line, parse_constant=self.fail)["d_min"])

    def test_without_json_there_is_one_table(self):
        done = process(SMALL)
        self.assertEqual((done.returncode, done.stdout.count("balanced: every frame is accounted for")), (0, 1))
        self.assertRegex(done.stdout, r"received +4 ")

    def test_quiet_says_nothing_where_nothing_is_amiss(self):
        done = process(FRAMES / "agbh_pilatus300k.h5", "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_bar_shows_progress_on_a_terminal(self):
        ours, theirs = pty.openpty()
        done = subprocess.run([SLUICE, "process", SMALL, "--json"], stdout=subprocess.PIPE, stderr=theirs, timeout=300)
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:  # the other side is closed
            pass
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(done.stdout.splitlines()), 4)
        self.assertRegex(seen.decode(), r"\r\[#{40}\] 4/4 frames, \d+ hits")

    def mistake(self, *arguments, says):
        done = process(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertRegex(done.stderr, says)
        self.assertEqual(done.stderr.count("\n"), 1, "one message: " + done.stderr)

    def test_mistakes_are_named_and_nothing_starts(self):
        with tempfile.TemporaryDirectory() as folder:
            text, empty = os.path.join(folder, "text.h5"), os.path.join(folder, "empty.h5")
            pathlib.Path(text).write_text("no HDF5")
            h5py.File(empty, "w").close()
            out = os.path.join(folder, "out")
            self.mistake(os.path.join(folder, "none.h5"), says=r"none\.h5.*(No such file|not exist|cannot)")
            self.mistake(text, "--out", out, says=r"text\.h5")
            self.mistake(empty, "--out", out, says=r"empty\.h5")
            self.mistake(folder, says=re.escape(folder))
            self.mistake(SMALL, "--json", "--out", out, "--with", "strong,spot", says="'strong,spot'.*strong, spots, radial")
            self.mistake(SMALL, "--with", "spots", says="--json")
            self.mistake(SMALL, SMALL, says="one file")
            self.mistake(says="which file")
            self.mistake(SMALL, "--out", out, *sets("spots.kernal=4"), says=r"spots\.kernal.*spots\.kernel")
            self.mistake(SMALL, "--out", out, *sets("hit.when=n_spots >"), says=r"hit\.when")
            self.assertFalse(os.path.exists(out), "a mistake starts nothing")

    def test_help_is_no_mistake(self):
        done = process("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("usage: sluice process FILE.h5", done.stdout)


if __name__ == "__main__":
    unittest.main()
