"""The page of bench/report: one chapter per machine and commit, each with the same axes, so that they compare. Pure; returns text."""
import os

import detectors
from chart import Group, Linear, Log, Row, draw, escape, figure

FLOORS = {"floor-lz4": "floor: LZ4 alone", "floor-memcpy": "floor: memcpy of the raw frame"}
DEVICES = ("cuda", "opencl", "fpga")


def style():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.css"), encoding="utf-8") as f:
        return f.read()


def kind_of(line):
    engine = line["engine"]
    if engine.startswith("floor"):
        return "floor"
    if engine.startswith("peer-"):
        return "peer"
    return next((device for device in DEVICES if engine.startswith(device)), "reference" if engine == "reference" else "cpu")


def label_of(line):
    words = FLOORS.get(line["engine"]) or " ".join(word for word in (line["engine"], line["level"]) if word)
    return words + (f", {line['threads']} threads" if line["threads"] != 1 else "") + (f" ({line['again']})" if line["again"] > 1 else "")


def in_order(values):
    return list(dict.fromkeys(values))


class Chapter:
    """The lines of one machine and commit."""

    def __init__(self, machine, commit, lines):
        self.machine, self.commit, self.lines = machine, commit, lines
        self.kernels = [line for line in lines if not line["node"]]
        self.nodes = [line for line in lines if line["node"]]
        seen = {}
        for line in lines:  # the same thing measured twice: both are shown, numbered
            key = (line["node"], line["case"], line.get("engine"), line.get("level"), line.get("threads"))
            line["again"] = seen[key] = seen.get(key, 0) + 1
        self.needs = detectors.needs(lines)


def chapters_of(lines):
    keys = in_order((line["machine"], line["commit"]) for line in lines)
    return [Chapter(*key, [line for line in lines if (line["machine"], line["commit"]) == key]) for key in keys]


# --- axes: of all chapters together ----------------------------------------------------------------------------------------------------------------


def spread_ends(line):
    half = line.get("spread", 0) / 2
    return line["x_floor"] * max(0.0, 1 - half), line["x_floor"] * (1 + half)


class Axes:
    def __init__(self, chapters):
        kernels = [line for chapter in chapters for line in chapter.kernels]
        nodes = [line for chapter in chapters for line in chapter.nodes]
        rates = [line["frames_per_s"] for line in kernels] + [rate for line in kernels for rate, _ in detectors.marks(line["case"])]
        self.rate = Log(rates, "frames per second")
        self.floor = Log([end for line in kernels if line["threads"] == 1 for end in (*spread_ends(line), 1)], "multiples of the LZ4 floor's time")
        self.cores = Log([need["share"] for chapter in chapters for need in chapter.needs] + [1], "cores")
        self.node = Log([v for line in nodes for v in (line["frames_per_s"], line["bare_frames_per_s"], *(r for r, _ in detectors.marks(line["case"])))],
                        "frames per second")
        self.latency = Log([line[f"latency_{p}_ms"] for line in nodes for p in ("p50", "p95", "p99", "max")], "milliseconds")
        self.cpu = Linear([v for line in nodes for _, v in line["lanes"]], "microseconds of CPU time per frame")


# --- sections --------------------------------------------------------------------------------------------------------------------------------------


def section(title, words, *bodies):
    return f'<section><h3>{escape(title)}</h3>\n<p class="words">{words}</p>\n' + "\n".join(bodies) + "</section>"


def table(heads, rows, texts):
    """texts: how many columns, from the first, hold words; the others hold numbers and stand to the right."""
    def cells(tag, row):
        return "".join(f'<{tag}{" class=number" if i >= texts else ""}>{escape(cell)}</{tag}>' for i, cell in enumerate(row))
    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{cells("th", heads)}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def throughput(chapter, axes):
    groups = []
    for case in in_order(line["case"] for line in chapter.kernels):
        rows = [Row(label_of(line), line["frames_per_s"], figure(line["frames_per_s"]) + " /s", kind_of(line), many=line["threads"] > 1)
                for line in chapter.kernels if line["case"] == case]
        groups.append(Group(case, rows, detectors.marks(case)))
    words = ("Frames per second of every case, engine, level and number of threads; further right is faster. Dashed lines are the full rates of detectors with "
             "frames of that size. Engines do the whole analysis; floors do nothing but what their name says; peers do their own part only: "
             "bitshuffle decompresses (alone, or as h5py reads a file), DIALS finds strong pixels, pyFAI integrates radially.")
    return section("Frames per second", words, legend(chapter.kernels), draw(groups, axes.rate, "frames per second per case and engine"))


def floor(chapter, axes):
    groups = []
    for case in in_order(line["case"] for line in chapter.kernels):
        rows = []
        for line in chapter.kernels:
            if line["case"] == case and line["threads"] == 1 and line["x_floor"] > 0:
                spread = line.get("spread", 0)
                low, high = spread_ends(line) if spread else (None, None)
                words = f"{figure(line['x_floor'])} ×" + (f"  ± {50 * spread:.1f} %" if spread else "")
                rows.append(Row(label_of(line), line["x_floor"], words, kind_of(line), low, high))
        if rows:
            groups.append(Group(case, rows, [(1, "LZ4 floor")]))
    if not groups:
        return ""
    words = ("The time of one thread as a multiple of the least there can be: liblz4 decoding the same blocks into a cached buffer, in the same run. "
             "Further left is better. Whiskers are as long as the spread (from the 10th to the 90th percentile), about the median.")
    return section("Against the LZ4 floor", words, draw(groups, axes.floor, "time as multiples of the LZ4 floor"))


def cores(chapter, axes):
    if not chapter.needs:
        return ""
    rows = [Row(need["name"], need["share"], f"{need['cores']} core{'s' * (need['cores'] > 1)}", kind_of(need["one"]), bar=False) for need in chapter.needs]
    cells = []
    for need in chapter.needs:
        crowd = need["crowd"]
        seen = (figure(crowd["frames_per_s"]), f"with {crowd['threads']} threads") if crowd else ("–", "not measured")
        enough = "yes" if max(line["frames_per_s"] for line in (need["one"], crowd) if line) >= need["rate"] else "no"
        cells.append((need["name"], need["case"], label_of(need["one"]), enough, figure(need["one"]["frames_per_s"]), str(need["cores"]), *seen))
    words = ("How many cores of this machine the analysis of each detector's frames wants at the full rate: that rate over what one thread of the fastest engine "
             "does. Receiving, writing and the system want cores of their own.")
    return section("Cores per detector", words, draw([Group("", rows)], axes.cores, "cores needed per detector"),
                   table(("detector", "by the case", "engine", "keeps up", "frames/s of one thread", "cores needed", "frames/s measured", ""), cells, 4))


def node_rates(chapter, axes):
    groups = []
    for line in chapter.nodes:
        bare, rate = line["bare_frames_per_s"], line["frames_per_s"]
        rows = [Row("bare client", bare, figure(bare) + " /s", "floor"), Row("node", rate, f"{figure(rate)} /s ({figure(100 * rate / bare)} %)", "cpu")]
        groups.append(Group(line["case"], rows, detectors.marks(line["case"])))
    words = ("The whole node over ZeroMQ on loopback, every frame analysed and every result published, against a client that only receives and frees. "
             "A simulated detector on the same machine sends as fast as it is taken.")
    return section("The whole node", words, draw(groups, axes.node, "frames per second of the node and of a bare client"))


def node_latency(chapter, axes):
    names = (("p50", "half of the frames within"), ("p95", "95 % within"), ("p99", "99 % within"), ("max", "the longest"))
    groups = [Group(line["case"], [Row(f"{words}", line[f"latency_{p}_ms"], figure(line[f"latency_{p}_ms"]) + " ms", "cpu") for p, words in names])
              for line in chapter.nodes]
    words = ("From the moment a frame has been received to its result sent, with frames coming at 60 % of the node's speed. The plan is made meanwhile, "
             "so the first frames count among the longest.")
    return section("The node's latency", words, draw(groups, axes.latency, "latency of the node"))


def node_cpu(chapter, axes):
    groups, cells = [], []
    for line in chapter.nodes:
        groups.append(Group(line["case"], [Row(f"lane {name}", us, figure(us) + " µs", "cpu", bar=True) for name, us in line["lanes"]]))
        allocations = [figure(line[name]) if name in line else "–" for name in ("allocations_per_frame", "library_allocations_per_frame")]
        counts = [f"{line[name]:.0f}" if name in line else "–" for name in ("frames", "analysed", "written")]
        cells.append((line["case"], *counts, figure(sum(us for _, us in line["lanes"])), *allocations))
    return section("What a frame costs the node", "CPU time of every lane (a thread that does consecutive steps), over the frames of the run.",
                   draw([group for group in groups if group.rows], axes.cpu, "CPU time per lane") if any(group.rows for group in groups) else "",
                   table(("case", "frames", "analysed", "written", "CPU µs per frame", "our allocations per frame", "libraries' allocations per frame"), cells, 1))


def all_lines(chapter):
    rows = []
    for line in chapter.kernels:
        rows.append((line["case"], line["engine"], line["level"] or "–", str(line["threads"]), f"{line['frames']:.0f}" if line.get("frames") else "–", figure(line["ms_per_frame"]),
                     figure(line["frames_per_s"]), figure(line["x_floor"]), f"{100 * line['spread']:.1f}" if line.get("spread") else "–",
                     figure(line.get("mb_per_frame", 0)), clocks(line)))
    if not any(row[-1] for row in rows):
        rows = [row[:-1] for row in rows]
    heads = ("case", "engine", "level or version", "threads", "frames timed", "ms per frame", "frames/s", "× floor", "spread %", "MB per frame", "clocks")
    words = ("Medians of one thread's CPU time; with several threads wall time over frames, without a spread. "
             "MB per frame: compressed.")
    return section("All figures", words, table(heads[:len(rows[0])], rows, 3))


def clocks(line):
    if "clocks_per_frame" not in line:
        return ""
    return f"{figure(line['clocks_per_frame'])} at {figure(line.get('clock_mhz', 0))} MHz"


SHAPES = (
    ("cpu", '<circle r="4.6" class="dot cpu"/>', "processor, one thread"), ("many", '<path d="M-6 0L0 -6L6 0L0 6Z" class="dot cpu"/>', "several threads"),
    ("reference", '<circle r="4.6" class="dot reference"/>', "reference engine"), ("cuda", '<circle r="4.6" class="dot cuda"/>', "CUDA"),
    ("opencl", '<circle r="4.6" class="dot opencl"/>', "OpenCL"), ("fpga", '<circle r="4.6" class="dot fpga"/>', "FPGA"),
    ("peer", '<rect x="-4.4" y="-4.4" width="8.8" height="8.8" class="dot peer"/>', "peer"),
    ("floor", '<circle r="4.6" class="dot floor"/>', "floor"), ("mark", '<line y1="-7" y2="7" class="mark"/>', "a detector\'s full rate"),
)


def legend(lines):
    """Of what the chart really shows."""
    shown = {kind_of(line) for line in lines} | {"mark"} | ({"many"} if any(line["threads"] > 1 for line in lines) else set())
    return '<p class="legend">' + "".join(
        f'<span><svg width="16" height="14" viewBox="-8 -7 16 14" aria-hidden="true">{shape}</svg> {words}</span>'
        for kind, shape, words in SHAPES if kind in shown) + "</p>"


# --- the page --------------------------------------------------------------------------------------------------------------------------------------


def make_chapter(chapter, axes, number):
    sources = ", ".join(in_order(os.path.basename(line["source"]) for line in chapter.lines))
    parts = [f'<article id="c{number}"><h2>{escape(chapter.machine)}</h2>',
             f'<p class="facts">commit <b>{escape(chapter.commit)}</b> · {len(chapter.lines)} lines · from {escape(sources)}</p>']
    if chapter.kernels:
        parts += [throughput(chapter, axes), floor(chapter, axes), cores(chapter, axes)]
    if chapter.nodes:
        parts += [node_rates(chapter, axes), node_latency(chapter, axes), node_cpu(chapter, axes)]
    if chapter.kernels:
        parts.append(all_lines(chapter))
    return "\n".join(parts) + "</article>"


def contents(chapters):
    if len(chapters) < 2:
        return ""
    return "<ul class=\"contents\">" + "".join(f'<li><a href="#c{i}">{escape(c.machine)}</a>, commit {escape(c.commit)}</li>'
                                               for i, c in enumerate(chapters)) + "</ul>"


def make(lines):
    """HTML of everything that was read (lines.read)."""
    chapters = chapters_of(lines)
    axes = Axes(chapters)
    body = "\n".join(make_chapter(chapter, axes, i) for i, chapter in enumerate(chapters))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sluice benchmark: {escape(chapters[0].machine)}, commit {escape(chapters[0].commit)}</title>
<style>
{style()}</style>
</head>
<body>
<header><h1>Sluice benchmark</h1>
<p>What <code>sluice-bench</code> measured: the whole analysis of X-ray detector frames, from the compressed bytes to radial sums, strong pixels and spots. The frames are
made by the suite itself, the same on every machine, so figures compare between sites. Case names read size, density, pixel type.</p>
{contents(chapters)}</header>
<main>
{body}
</main>
</body>
</html>
"""
