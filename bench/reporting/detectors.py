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
        return words[-1].split("+")[0]
    return words[0]


def marks(case):
    """Detectors with frames of this case's size, as marks of a chart in frames per second."""
    return [(rate, label(name, rate)) for name, rate, cases in DETECTORS if size_of(cases[0]) == size_of(case)]


def label(name, rate):
    hertz = f"{rate:,} Hz".replace(",", "\u202f")
    return name.replace("8000 Hz", hertz) if "Hz" in name else f"{name}, {hertz}"


def of_engine(line):
    """Whether this is an engine's line, neither a floor nor a peer, nor the writing of files."""
    return not line["node"] and line["engine"] != "nxmx" and not line["engine"].startswith(("floor", "peer-"))


def on_device(line):
    return line["engine"].startswith(("cuda", "opencl", "fpga"))


def by_engine(lines):
    """Of one case, what every engine does alone (one thread, single frames) and at the most; the fastest engine first, and the reference only alone."""
    found = []
    for engine in dict.fromkeys(line["engine"] for line in lines):
        mine = [line for line in lines if line["engine"] == engine]
        alone = [line for line in mine if line["threads"] == 1 and line["batch"] == 1]
        if alone:
            found.append({"one": max(alone, key=lambda line: line["frames_per_s"]), "most": max(mine, key=lambda line: line["frames_per_s"])})
    others = [e for e in found if e["one"]["engine"] != "reference"]
    return sorted(others or found, key=lambda e: -e["most"]["frames_per_s"])


def needs(lines):
    """For every detector that was measured: what it needs of each engine. A processor by the core: the rate over what one thread does; a device as a
    whole: the rate over the most it was seen to do."""
    found = []
    for name, rate, cases in DETECTORS:
        for case in cases:
            engines = by_engine([line for line in lines if of_engine(line) and line["case"] == case])
            if engines:
                break
        else:
            continue
        for engine in engines:
            device = on_device(engine["one"])
            share = rate / engine["most" if device else "one"]["frames_per_s"]
            word = "device" if device else "core"
            count = math.ceil(share)
            engine |= {"share": share, "words": f"{count} {word}{'s' * (count > 1)}", "enough": engine["most"]["frames_per_s"] >= rate}
        found.append({"name": label(name, rate), "rate": rate, "case": case, "engines": engines})
    return found
