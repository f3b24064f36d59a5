"""sluice-bench --peers with programs in the place of other people's: absent ones are named, one with other findings is a failure, one that dies harms nobody.

They are put there by PYTHONPATH, so this needs numpy but none of the peers.
"""
import os
import tempfile
import textwrap
import unittest

import peers


class Peers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def bench(self):
        out, engines = peers.bench(self.folder.name)
        self.assertEqual([name for name in os.listdir(self.folder.name) if name.startswith("sluice-bench")], [], "frames left behind")
        return out, engines

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(textwrap.dedent(text))

    def hide(self, *names):
        for name in names:
            self.file(name + "/__init__.py", f"raise ImportError('no {name} here')")

    def test_absent_peers_are_named_with_the_reason_and_are_no_error(self):
        self.hide("pyFAI", "dials", "h5py", "bitshuffle")
        out, engines = self.bench()
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertFalse(peers.ALL & set(engines))
        for name in peers.ALL:
            self.assertRegex(out.stderr, name + " is absent: .*no .* here")
        self.assertIn("cpu", engines)

    def test_without_numpy_there_are_no_peers(self):
        self.hide("numpy")
        out, engines = self.bench()
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertFalse(peers.ALL & set(engines))
        self.assertRegex(out.stderr, "peer-pyfai-csr is absent: no numpy here")

    def test_a_peer_with_other_findings_is_a_failure(self):
        self.hide("dials", "h5py", "bitshuffle")
        self.file("pyFAI/__init__.py", "version = '9'")
        self.file("pyFAI/azimuthalIntegrator.py", """
            import types
            class AzimuthalIntegrator:
                def __init__(self, **_):
                    pass
                def integrate1d_ng(self, image, _bins, mask, method, **_):
                    return types.SimpleNamespace(sum_signal=[image[~mask].sum() + (method[1] == "csr")])
            """)
        out, engines = self.bench()
        self.assertEqual(out.returncode, 1, out.stderr)
        self.assertEqual(peers.ALL & set(engines), {"peer-pyfai-histogram"})
        self.assertRegex(out.stderr, r"frame 0: peer-pyfai-csr found \d+ counts in all radial bins, our engine \d+")

    def test_a_program_that_dies_takes_nothing_with_it(self):
        self.hide("dials", "h5py", "bitshuffle")
        self.file("pyFAI/__init__.py", "import os; os.kill(os.getpid(), 9)")
        out, engines = self.bench()
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn("signal 9", out.stderr)
        self.assertIn("cpu", engines)


if __name__ == "__main__":
    unittest.main()
