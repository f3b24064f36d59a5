"""The report's own promises: what counts as passed, failed and skipped, and which skips an integration machine does not accept."""
import contextlib
import io
import os
import sys
import tempfile
import unittest
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import report  # noqa: E402


def passed(name, output=""):
    return f'<testcase name="{name}" status="run"><system-out>{escape(output)}</system-out></testcase>'


def failed(name, output=""):
    return f'<testcase name="{name}" status="fail"><failure message=""/><system-out>{escape(output)}</system-out></testcase>'


def skipped(name, output, message="SKIP_RETURN_CODE=77"):
    return f'<testcase name="{name}" status="notrun"><skipped message="{message}"/><system-out>{escape(output)}</system-out></testcase>'


class TheReport(unittest.TestCase):
    def report(self, cases, count=None, ci=False, data=False, other=()):
        """(exit status, lines printed) for a plain stage of these cases."""
        with tempfile.TemporaryDirectory() as folder:
            files = {"plain.xml": f"<testsuite>{''.join(cases)}</testsuite>", "plain.count": str(len(cases) if count is None else count),
                     "plain.lines": "  unit/test_a ....***Timeout 600.01 sec\n", "plain.said": "", **dict(other)}
            for name, text in files.items():
                if text is not None:
                    with open(os.path.join(folder, name), "w") as f:
                        f.write(text)
            os.environ.update({"CI": "true" if ci else "", "SLUICE_DATA": folder if data else os.path.join(folder, "nowhere")})
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = report.main(folder)
            return status, out.getvalue().splitlines()

    def expect(self, last, *arguments, **options):
        status, lines = self.report(*arguments, **options)
        self.assertEqual(lines[-1], last, lines)
        self.assertEqual(status, 0 if ", 0 failed," in last else 1)
        return lines

    def test_counts_and_exit_status(self):
        self.expect("2 passed, 0 failed, 0 skipped", [passed("a"), passed("b")])
        lines = self.expect("1 passed, 1 failed, 1 skipped", [passed("b"), failed("unit/test_a", "7 != 8"), skipped("c", "x\nno such card\n")])
        self.assertIn("FAILED unit/test_a", lines)
        self.assertIn("    7 != 8", lines)
        self.assertIn("    (Timeout 600.01 sec)", lines)
        self.assertIn("SKIPPED c: no such card", lines)

    def test_a_program_that_was_not_built_is_a_failure(self):
        self.expect("0 passed, 1 failed, 0 skipped", [skipped("a", "", "Unable to find executable")])

    def test_what_ctest_does_not_tell_is_a_failure(self):
        self.expect("1 passed, 1 failed, 0 skipped", [passed("a")], count=2)
        self.expect("0 passed, 1 failed, 0 skipped", [], count=3, other={"plain.xml": None})
        self.expect("0 passed, 1 failed, 0 skipped", [], count=3, other={"plain.xml": "<testsuite><testca"})
        self.expect("1 passed, 1 failed, 0 skipped", [passed("a")], other={"fuzz.broken": "x.c:1: error"})
        self.expect("0 passed, 1 failed, 0 skipped", [], other={"plain.xml": None, "plain.count": None, "plain.lines": None, "plain.said": None})

    def test_in_ci_data_that_is_present_is_no_reason_to_skip(self):
        case = [skipped("a", "no recorded frames at /x (SLUICE_DATA names another place)")]
        self.expect("0 passed, 0 failed, 1 skipped", case, data=True)
        self.expect("0 passed, 0 failed, 1 skipped", case, ci=True)
        self.expect("0 passed, 1 failed, 0 skipped", case, ci=True, data=True)

    def test_in_ci_a_missing_judge_or_reason_is_a_failure(self):
        for words in ("DIALS is not installed", "No module named 'pyFAI'", "silx absent", ""):
            self.expect("0 passed, 0 failed, 1 skipped", [skipped("a", words)])
            self.expect("0 passed, 1 failed, 0 skipped", [skipped("a", words)], ci=True)
        self.expect("0 passed, 0 failed, 1 skipped", [skipped("a", "no second NUMA node")], ci=True)
        self.expect("1 passed, 1 failed, 0 skipped", [passed("a")], ci=True, other={"tsan.skipped": "clang-14 is not installed"})

    def test_parts_left_out_are_told(self):
        verbose = "test_x (m.C.test_x) ... skipped 'recorded data absent: /x'\n\nOK (skipped=1)\n"
        cmocka = "[ RUN      ] x\n[  SKIPPED ] x\n[==========] 1 test(s) run.\n[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] x\n"
        told = cmocka.replace("\n[  SK", "\nskipped: recorded data absent: /x\n[  SK", 1)
        self.assertIn("SKIPPED in part a: x: skipped: recorded data absent: /x", self.expect("1 passed, 0 failed, 0 skipped", [passed("a", told)], ci=True))
        for output in (verbose, cmocka, told, "OK (skipped=2)\n", "SKIPPED: recorded data absent\n"):
            lines = self.expect("1 passed, 0 failed, 0 skipped", [passed("a", output)])
            self.assertTrue(any(line.startswith("SKIPPED in part a: ") for line in lines), lines)
            self.expect("0 passed, 1 failed, 0 skipped", [passed("a", output)], ci=True, data=True)
        self.expect("1 passed, 0 failed, 0 skipped", [passed("a", verbose)], ci=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
