"""The peers that are installed find in the suite's frames what we find: the same counts, the same strong pixels. Named as absent without them.

Cases without gaps between modules and with them. Nothing is timed here.
"""
import re
import subprocess
import sys
import tempfile
import unittest

import peers

MODULES = ("numpy", "bitshuffle", "h5py", "hdf5plugin", "dials.algorithms.image.threshold", "pyFAI")


class RealPeers(unittest.TestCase):
    def find_the_same(self, case):
        with tempfile.TemporaryDirectory() as folder:
            out, engines = peers.bench(folder, case)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertNotIn("absent", out.stderr)
        self.assertLessEqual(peers.ALL, set(engines))
        for name in peers.ALL:
            line = engines[name]
            self.assertEqual((line["threads"], line["case"]), (1, case))
            self.assertGreater(line["ms_per_frame"], 0)
            self.assertRegex(line["level"], r"^\d+\.\d+")

    def test_on_a_single_module(self):
        self.find_the_same("arina-typical-u16")

    def test_on_modules_with_gaps(self):
        self.find_the_same("1m-typical-u16")

    def test_on_recorded_frames_with_bright_rings(self):
        case = "recorded-agbh_pilatus300k"
        listed = subprocess.run([peers.BENCH, "--list-cases"], capture_output=True, text=True, check=True, timeout=60).stdout
        if not re.search(rf"^{case}\b", listed, re.M):
            self.skipTest("no recorded frames")
        self.find_the_same(case)


def missing():
    for module in MODULES:
        if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True, check=False).returncode:
            yield module


if __name__ == "__main__":
    absent = list(missing())
    if absent:
        print("not installed: " + ", ".join(absent))
        sys.exit(77)
    unittest.main()
