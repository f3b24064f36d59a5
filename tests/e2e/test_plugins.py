"""An engine out of a shared object beside the program: found, listed and used, or listed with the reason why not. The node always starts."""
import json
import os
import subprocess
import tempfile
import unittest

from node import Node
from simulated import SMALL, Detector

BUILD = os.environ["SLUICE_BUILD"]
PLUGINS = os.path.join(BUILD, "tests", "plugins")


def list_engines(folder):
    done = subprocess.run([os.path.join(BUILD, "sluice"), "engines", "--json"], env={**os.environ, "SLUICE_PLUGINS": folder}, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {d["device"]: d for d in json.loads(done.stdout)}


class Plugins(unittest.TestCase):
    def check_absent(self, folder, *words):
        listed = list_engines(folder)
        self.assertFalse(listed["cuda"]["available"])
        for word in words:
            self.assertIn(word, listed["cuda"]["words"])
        self.assertTrue(listed["cpu"]["available"])

    def test_devices_of_one_are_listed_with_their_facts(self):
        listed = list_engines(os.path.join(PLUGINS, "GOOD"))
        card = listed["cuda 0"]
        self.assertTrue(card["available"] and card["own_memory"])
        self.assertEqual((card["engine"], card["name"], card["driver"], card["memory_bytes"]), ("cuda", "a card out of a test", "1.2", 2 << 30))
        self.assertFalse(listed["cuda 1"]["available"])
        self.assertIn("an older card: it computes too little", listed["cuda 1"]["words"])

    def test_the_default_order_uses_it(self):
        os.environ["SLUICE_PLUGINS"] = os.path.join(PLUGINS, "GOOD")
        self.addCleanup(os.environ.pop, "SLUICE_PLUGINS")
        with Node("limits.max_megapixels=1") as node:
            with Detector(node, *SMALL, "--frames", 50) as detector:
                end = node.wait_ends(1)[0]
                detector.wait()
            node.stop()
        self.assertEqual(end["count"]["analysed"], 50)
        self.assertEqual({r["engine"] for r in node.of_type("result")}, {"cuda"})

    def test_none_is_no_harm(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check_absent(folder, "there is no sluice-cuda.so in " + folder, "toolkit")
        self.check_absent("/nonexistent", "there is no sluice-cuda.so")

    def test_of_another_version_is_refused(self):
        self.check_absent(os.path.join(PLUGINS, "OLD"), "another version")

    def test_of_another_engine_is_refused(self):
        self.check_absent(os.path.join(PLUGINS, "OTHER"), "another engine")

    def test_without_the_symbol_is_refused(self):
        self.check_absent(os.path.join(PLUGINS, "EMPTY"), "cannot be loaded", "sluice_engine")

    def test_what_is_no_shared_object_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "sluice-cuda.so"), "wb") as f:
                f.write(b"\x7fELF" + bytes(range(256)) * 20)
            self.check_absent(folder, "cannot be loaded")
            os.remove(os.path.join(folder, "sluice-cuda.so"))
            os.mkdir(os.path.join(folder, "sluice-cuda.so"))
            self.check_absent(folder, "cannot be loaded")


if __name__ == "__main__":
    unittest.main()
