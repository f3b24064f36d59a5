"""The FPGA engine as a user meets it: both kinds of devices in the list or why not, a node that runs on the simulated one, and files that come out as from the CPU."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from node import SLUICE, Node
from simulated import Detector

TINY = ("--size", "200x150", "--cell", "20,25,30,90,90,90", "--pool", "8", "--threads", "1", "--type", "u16")
ON = "engine.fpga_simulated=on"


def sluice(*words):
    return subprocess.run([SLUICE, *words], capture_output=True, text=True, timeout=300)


def listed(*sets):
    done = sluice("engines", "--json", *(word for s in sets for word in ("--set", s)))
    assert done.returncode == 0, done.stderr
    return [d for d in json.loads(done.stdout) if d["device"].startswith("fpga")]


class Fpga(unittest.TestCase):
    def test_both_kinds_of_devices_are_listed(self):
        simulated, *cards = listed()
        self.assertFalse(simulated["available"])
        self.assertIn("engine.fpga_simulated", simulated["words"])
        self.assertTrue(cards)
        if "XRT is not installed" in cards[0]["words"]:
            self.assertFalse(cards[0]["available"])
        simulated = listed(ON)[0]
        self.assertTrue(simulated["available"] and simulated["own_memory"], simulated)
        self.assertIn("on the host: spots are labelled", simulated["words"])
        self.assertEqual((simulated["pixels"], simulated["driver"]), (["u8", "u16", "u32"], "Verilator"))

    def test_an_image_that_is_not_there_is_a_mistake(self):
        done = sluice("check", "--set", "engine.fpga_image=/nonexistent/sluice.xclbin")
        self.assertEqual(done.returncode, 2)
        self.assertIn("engine.fpga_image", done.stderr)

    def run_node(self, *sets):
        with Node("limits.max_megapixels=1", "overload.analysis=wait", "machine.slots=16", *sets) as node:
            with Detector(node, *TINY, "--frames", 12, "--damage", "20%") as detector:
                end = node.wait_ends(1)[0]
                detector.wait()
            node.stop()
        return end["count"], sorted(node.of_type("result"), key=lambda r: r["image_id"])

    def test_a_node_runs_on_it_alone(self):
        count, results = self.run_node("engine.order=[fpga]")
        cpu_count, by_cpu = self.run_node("engine.order=[cpu]")
        self.assertEqual(count, cpu_count)
        self.assertEqual(count["analysed"] + count["invalid"], 12)
        self.assertEqual({r["engine"] for r in results if r["status"] == "analysed"}, {"fpga"})
        for one, other in zip(results, by_cpu, strict=True):
            for field in ("image_id", "status", "sum", "n_valid", "n_strong", "n_spots", "hit"):
                self.assertEqual(repr(one.get(field)), repr(other.get(field)), field)  # not-a-number is equal to itself here

    def test_it_is_left_alone_unless_asked_for(self):
        _, results = self.run_node("engine.order=[fpga, cpu]")
        self.assertEqual({r["engine"] for r in results if r["status"] == "analysed"}, {"cpu"})
        _, results = self.run_node("engine.order=[fpga, cpu]", ON)
        self.assertEqual({r["engine"] for r in results if r["status"] == "analysed"}, {"fpga"})

    def test_files_come_out_as_from_the_cpu(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "frames")
            with Node("limits.max_megapixels=1", "keep.misses=full", "engine.order=[cpu]", f"output.directory={file}") as node:
                with Detector(node, *TINY, "--frames", 6):
                    node.wait_ends(1)
                node.stop()
            master = next(os.path.join(file, name) for name in sorted(os.listdir(file)) if "master" in name)
            said = [sluice("process", master, "--json", "--quiet", "--with", "strong,spots,radial", "--set", f"engine.order=[{engine}]") for engine in ("cpu", "fpga")]
        self.assertEqual([done.returncode for done in said], [0, 0], said[1].stderr)
        self.assertEqual(len(said[0].stdout.splitlines()), 6)
        self.assertEqual(said[0].stdout, said[1].stdout)


if __name__ == "__main__":
    found = listed(ON)
    if not found or not found[0]["available"]:
        print("skipped: no simulated FPGA:", found[0]["words"] if found else "no engine fpga")
        sys.exit(77)
    unittest.main()
