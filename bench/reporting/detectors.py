"""Rates of detectors, and what a machine needs for them. The table is bench/suite/detectors.inc, which the suite itself is built with."""
import math
import os
import re

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "suite", "detectors.inc")
ROW = re.compile(r'^DETECTOR\("([^"]+)", (\d+), ("[^"]+"|NULL), ("[^"]+"|NULL)\)$', re.M)


def read_table():
    """name, frames per second, the cases that stand for it, best first"""
    with open(TABLE, encoding="utf-8") as f:
        return [(name, int(rate), tuple(case.strip('"') for case in cases if case != "NULL")) for name, rate, *cases in ROW.findall(f.read())]


DETECTORS = read_table()


def size_of(case):
    """"16m" of "16m-typical-u16" and of "node-eiger2-16m"."""
    words = case.split("-")
    if words[0] == "node":
        return words[-1]
    return words[0]


def marks(case):
    """Detectors with frames of this case's size, as marks of a chart in frames per second."""
    return [(rate, label(name, rate)) for name, rate, cases in DETECTORS if size_of(cases[0]) == size_of(case)]


def label(name, rate):
    hertz = f"{rate:,} Hz".replace(",", "\u202f")
    return name.replace("8000 Hz", hertz) if "Hz" in name else f"{name}, {hertz}"


def of_engine(line):
    """Whether this is an engine's line, neither a floor nor a peer."""
    return not line["node"] and not line["engine"].startswith(("floor", "peer-"))


def needs(lines):
    """For every detector that was measured: what it needs, by the fastest engine on one core, and what several threads were seen to do."""
    found = []
    for name, rate, cases in DETECTORS:
        case = next((c for c in cases if any(of_engine(line) and line["threads"] == 1 and line["case"] == c for line in lines)), None)
        if not case:
            continue
        mine = [line for line in lines if of_engine(line) and line["case"] == case]
        one = max((line for line in mine if line["threads"] == 1), key=lambda line: line["frames_per_s"])
        crowd = max((line for line in mine if line["threads"] > 1), key=lambda line: line["frames_per_s"], default=None)
        share = rate / one["frames_per_s"]
        found.append({"name": label(name, rate), "rate": rate, "case": case, "one": one, "crowd": crowd, "share": share, "cores": math.ceil(share)})
    return found
