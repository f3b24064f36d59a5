"""Reads the lines of `sluice-bench --json` and refuses whatever is none, by file and line. For bench/report; every byte is hostile.

A line becomes a dict with clean strings and finite numbers only, and these of our own: "node" (whether it is a line of --node), "source" (its file),
of a node "lanes" and "steps" (names with microseconds), of an engine that counts clocks "stages": {name: (busy, stalled in, stalled out, errors)}.
"""
import json
import math
import sys
import unicodedata

LINE_BYTES = 65536
LINES = 5000
TEXT_CHARACTERS = 160
LANE = "cpu_us_per_frame_"
STEP = "step_us_per_frame_"
STAGE = ("stage_busy_", "stage_stalled_in_", "stage_stalled_out_", "stage_errors_")  # clocks per frame of one unit; errors of all frames

# Name: least value. Rates and times stand on logarithmic axes, so 0 is none.
KERNEL = {"ms_per_frame": "positive", "frames_per_s": "positive", "floor_ms": "any", "x_floor": "any", "threads": "count"}
KERNEL_MAY = {"frames": "any", "spread": "any", "mb_per_frame": "any", "batch": "count", "scaling": "any", "scaling_cpu": "any", "clocks_per_frame": "positive", "clock_mhz": "positive",
              "units": "count", "payload_gb_per_s": "any", "table_gb_per_s": "any", "record_gb_per_s": "any"}
NODE = {"bare_frames_per_s": "positive", "frames_per_s": "positive", "latency_p50_ms": "any", "latency_p95_ms": "any", "latency_p99_ms": "any",
        "latency_max_ms": "any"}
NODE_MAY = dict.fromkeys(("bare_mb_per_s", "bare_spread", "spread", "threads", "allocations_per_frame", "library_allocations_per_frame",
                          "around_engine_us_per_frame", "message_bytes_per_frame", "copied_bytes_per_frame", "result_bytes_per_frame",
                          "written_mb_per_s", "plain_write_mb_per_s", "frames", "analysed", "kept", "written", "sent"), "any")
TEXTS = ("case", "machine", "commit")


class Malformed(Exception):
    """The user's mistake in one sentence."""


def clean(text):
    """Shown as it is, or as a replacement character: nothing that steers a terminal, a page or the direction of writing."""
    shown = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else c for c in text[:TEXT_CHARACTERS])
    return shown + ("…" if len(text) > TEXT_CHARACTERS else "")


def refuse_constant(word):
    raise ValueError(f"{word} is no number of JSON")


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def number(line, name, kind):
    value = line[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is no number")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value) or value < 0 or abs(value) > 1e15 or (kind != "any" and value < 1e-15):
        raise ValueError(f"{name} is out of range")
    if kind == "count" and value != int(value):
        raise ValueError(f"{name} is no whole number")
    return int(value) if kind == "count" else value


def times(line, prefix):
    return [(clean(name[len(prefix):]), number(line, name, "any")) for name in line if name.startswith(prefix)][:64]


def take(line):
    """What the page needs of a line, checked."""
    node = "bare_frames_per_s" in line
    must, may = (NODE, NODE_MAY) if node else (KERNEL, KERNEL_MAY)
    texts = TEXTS if node else TEXTS + ("engine", "level") + (("device",) if "device" in line else ())
    taken = {"node": node}
    for name in (*texts, *must):
        if name not in line:
            raise ValueError(f"{name} is missing")
    for name in texts:
        if not isinstance(line[name], str):
            raise ValueError(f"{name} is no text")
        taken[name] = clean(line[name])
    for name, kind in {**must, **may}.items():
        if name in line:
            taken[name] = number(line, name, kind)
    if node:
        taken["lanes"] = times(line, LANE)
        taken["steps"] = times(line, STEP)
    else:
        taken.setdefault("batch", 1)
        taken["clock_assumed"] = line.get("clock_assumed") is True
        counts = [dict(times(line, prefix)) for prefix in STAGE]
        taken["stages"] = {name: tuple(count.get(name, 0) for count in counts) for name in counts[0]}
    return taken


def parse(raw):
    if len(raw) > LINE_BYTES:
        raise ValueError("longer than any line of sluice-bench")
    try:
        line = json.loads(raw.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=unique)
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(line, dict):
        raise ValueError("no JSON object")
    return take(line)


def read_open(name, file):
    taken = []
    for at in range(1, LINES + 2):
        raw = file.readline(LINE_BYTES + 1)
        if not raw:
            break
        if at > LINES:
            raise Malformed(f"{name}:{at}: more lines than {LINES}")
        if not raw.strip():
            continue
        try:
            taken.append({**parse(raw), "source": name})
        except ValueError as error:
            raise Malformed(f"{name}:{at}: no line of `sluice-bench --json`: {clean(str(error))}") from None
    if not taken:
        raise Malformed(f"{name}:1: holds no line of `sluice-bench --json`")
    return taken


def read(path):
    """All lines of a file, in order. Malformed: the first that is none."""
    if path == "-":
        return read_open("standard input", sys.stdin.buffer)
    try:
        with open(path, "rb") as file:
            return read_open(clean(path), file)
    except OSError as error:
        raise Malformed(f"{clean(path)}: {error.strerror}") from None
