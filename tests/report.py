"""Adds up what ctest left: report.py FOLDER. For tests/run; reads FOLDER, prints, and exits 1 where anything failed.

FOLDER holds, for each stage of tests/run: STAGE.xml (ctest's JUnit file), STAGE.lines (its line for each test, which alone tells
how one ended) and STAGE.count (how many tests they must tell of); or STAGE.broken (the log of a build that failed); or
STAGE.skipped (why the machine cannot run that stage).

With CI=true a skip has to be the machine's fault: one for want of recorded data that is present, of a judge that .ci/run
installs, or without a reason is a failure.
"""
import glob
import os
import re
import sys
import xml.etree.ElementTree as xml

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALWAYS_THERE = re.compile(r"dials|pyfai|silx|clang|sanitize|no module named|not installed|packages? ", re.I)
UNREACHABLE = re.compile(r"cannot be fetched", re.I)  # whatever the tool that tried says of it
RECORDED = re.compile(r"recorded|SLUICE_DATA|shared.data", re.I)
CMOCKA_RUNS = re.compile(r"^\[ RUN +\] (\S+)$")
CMOCKA_SKIPS = re.compile(r"^\[  SKIPPED \] (\S+)$")
OTHER_SKIPS = re.compile(r"^(.*\.\.\. skipped .*|SKIP(?:PED)?:? .+)$")  # unittest's line, when it is verbose; our own
COUNTED = re.compile(r"^OK \((skipped=\d+)\)$")  # unittest's, which tells no reason


def data_present():
    return os.path.isdir(os.environ.get("SLUICE_DATA") or os.path.join(SOURCE, "..", "shared", "data"))


def forbidden(reason):
    """Why CI does not let this skip pass, or None."""
    if os.environ.get("CI") != "true":
        return None
    if not reason:
        return "a skip gives its reason"
    if RECORDED.search(reason) and data_present():
        return "the recorded data is present"
    if ALWAYS_THERE.search(reason) and not UNREACHABLE.search(reason):
        return "what it wants is installed in CI"
    return None


def skipped_parts(output):
    """{part: reason} of what a passed test left out. cmocka tells no reason: it is the last line that the part printed."""
    parts, said, counted = {}, "", ""
    for line in output.splitlines():
        skips, counts = CMOCKA_SKIPS.match(line), COUNTED.match(line)
        if CMOCKA_RUNS.match(line):
            said = ""
        elif skips:
            parts.setdefault(skips[1], said)
        elif OTHER_SKIPS.match(line):
            parts[line] = line
        elif counts:
            counted = counts[1]
        elif line.strip():
            said = line.strip()
    return parts or ({counted: ""} if counted else {})


def last_line(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def read(path):
    with open(path, errors="replace") as f:
        return f.read()


def read_endings(path):
    """How each test ended in ctest's words, such as "Timeout 600.01 sec" or "Exception: SegFault 0.20 sec"."""
    return {m[1]: m[2] for m in re.finditer(r"^ *(\S+) \.*(?:\*\*\*)? *(.*)$", read(path), re.M)}


class Report:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.parts = [], [], [], []

    def fail(self, name, output):
        self.failed.append((name, output))

    def skip(self, name, reason):
        why_not = forbidden(reason)
        if why_not:
            self.fail(name, f"skipped: {reason}\nnot accepted in CI: {why_not}")
        else:
            self.skipped.append((name, reason or "no reason given"))

    def case(self, name, element, ending):
        output = element.findtext("system-out") or ""
        skip = element.find("skipped")
        if element.get("status") == "run":
            parts = skipped_parts(output)
            bad = [(part, reason) for part, reason in parts.items() if forbidden(reason)]
            for part, reason in bad[:1]:  # one is enough to fail the whole, once
                self.fail(name, f"skipped in part: {part}: {reason}\nnot accepted in CI: {forbidden(reason)}")
            if not bad:
                self.parts += [(name, part if part == reason else f"{part}: {reason or 'no reason given'}") for part, reason in parts.items()]
                self.passed.append(name)
        elif skip is not None and "SKIP_RETURN_CODE" in skip.get("message", ""):
            self.skip(name, last_line(output))
        else:
            self.fail(name, f"{output.rstrip()}\n({ending})")

    def stage(self, folder, stage):
        """The plain stage's tests go by their own names, the others' by the stage's too."""
        path = os.path.join(folder, stage)
        if os.path.exists(path + ".broken"):
            return self.fail(f"build of {stage}", read(path + ".broken")[-8000:])
        if os.path.exists(path + ".skipped"):
            return self.skip(f"all of {stage}", read(path + ".skipped").strip())
        expected = int(read(path + ".count"))
        endings = read_endings(path + ".lines")
        cases = []
        try:
            cases = list(xml.parse(path + ".xml").iter("testcase"))
        except (OSError, xml.ParseError) as error:
            self.fail(f"all of {stage}", f"ctest left no result: {error}")
        for element in cases:
            name = element.get("name")
            self.case(name + ("" if stage in ("plain", "fuzz") else f" ({stage})"), element, endings.get(name, "no line of ctest's"))
        if cases and len(cases) != expected:
            self.fail(f"all of {stage}", f"{expected} tests were to run, ctest tells of {len(cases)}")

    def show(self):
        for name, output in sorted(self.failed):
            print(f"FAILED {name}\n" + "\n".join("    " + line for line in output.splitlines()))
        for name, reason in sorted(self.skipped):
            print(f"SKIPPED {name}: {reason}")
        for name, reason in sorted(self.parts):
            print(f"SKIPPED in part {name}: {reason}")
        for name, _ in sorted(self.failed):
            print(f"FAILED {name}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")


def main(folder):
    report = Report()
    stages = sorted({os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(folder, "*.*"))})
    for stage in stages:
        report.stage(folder, stage)
    if not stages:
        report.fail("tests/run", "no test matches")
    report.show()
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1]))
