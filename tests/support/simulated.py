"""`sluice-detector` sending into a node's inputs, and the truth that it writes down.

    with Node() as node, Detector(node, "--frames", "1000", "--drop", "5%") as detector:
        node.wait_ends(1)
        truth = detector.truth()          # ends the detector's part: it has sent everything
    truth.series[0].frames[17]            # {"image_id": 17, "hit": true, "sent": [19], "damaged": true}
"""
import json
import os
import subprocess
import sys
import tempfile

from node import PATIENCE_S, SOURCE

PROGRAM = os.path.join(os.environ.get("SLUICE_BUILD") or os.path.join(SOURCE, "build"), "sluice-detector")
SMALL = ("--size", "300x220", "--cell", "20,25,30,90,90,90", "--pool", "60", "--threads", "2")  # made in a moment, with hits that cannot be overlooked


class Series:
    def __init__(self, number):
        self.number, self.start, self.end, self.frames, self.messages = number, None, None, [], []

    def received(self):
        """Frames of which at least one message can be taken apart."""
        return [f for f in self.frames if f["sent"] and not f.get("cut")]

    def readable(self):
        """Received, and their pixels are whole."""
        return [f for f in self.received() if not f.get("damaged") and not f.get("truncated")]


class Truth:
    def __init__(self, path):
        self.pool, self.series = {}, []
        with open(path, encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                self.take(line)

    def take(self, line):
        kind = line["kind"]
        if kind == "pool":
            self.pool[line["settings"], line["entry"]] = line
        if "series" not in line:
            return
        while len(self.series) <= line["series"]:
            self.series.append(Series(len(self.series)))
        series = self.series[line["series"]]
        if kind == "frame":
            series.frames.append(line)
        elif kind == "message":
            series.messages.append(line)
        else:
            setattr(series, kind, line)


class Detector:
    """options: as of the command line. It binds the node's inputs, all of them, unless endpoints are given."""

    def __init__(self, node, *options, endpoints=None):
        self.file = tempfile.NamedTemporaryFile(prefix="sluice-truth-")
        self.err = tempfile.TemporaryFile()
        self.command = [PROGRAM, "--quiet", "--truth", self.file.name, "--linger", str(PATIENCE_S)]
        for endpoint in endpoints or node.inputs:
            self.command += ["--bind", endpoint]
        self.command += map(str, options)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.err)
        return self

    def wait(self):
        """Until it has sent everything and everything was taken."""
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the detector is not done after {PATIENCE_S} s") from None
        if code:
            raise AssertionError(f"the detector ended with {code}:\n{self.said()}")

    def said(self):
        return os.pread(self.err.fileno(), 1 << 20, 0).decode(errors="replace")

    def done(self):
        return self.process.poll() is not None

    def truth(self):
        """Of everything; ends when the detector has."""
        self.wait()
        return Truth(self.file.name)

    def truth_so_far(self):
        """Of the series that are through."""
        return Truth(self.file.name)

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(f"--- the detector: {' '.join(self.command)} ---\n{self.said()}---", file=sys.stderr)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.file.close()
        self.err.close()
