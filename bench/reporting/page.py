"""The page of bench/report: one chapter per machine and commit, each with the same axes, so that they compare. Pure; returns text."""
import os

import detectors
import kernel_sections as kernels
import node_sections as nodes
from chart import Linear, Log, escape
from parts import in_order, of_files


def style():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.css"), encoding="utf-8") as f:
        return f.read()


class Chapter:
    """The lines of one machine and commit."""

    def __init__(self, machine, commit, lines):
        self.machine, self.commit, self.lines = machine, commit, lines
        self.kernels = [line for line in lines if not line["node"]]
        self.engines = [line for line in self.kernels if not of_files(line)]
        self.nodes = [line for line in lines if line["node"]]
        self.devices = in_order(f"{line['engine']}: {line['device']}" for line in self.engines if line.get("device"))
        seen = {}
        for line in lines:  # the same thing measured twice: both are shown, numbered
            key = (line["node"], line["case"], line.get("engine"), line.get("level"), line.get("threads"), line.get("batch"))
            line["again"] = seen[key] = seen.get(key, 0) + 1
        self.needs = detectors.needs(lines)


def chapters_of(lines):
    keys = in_order((line["machine"], line["commit"]) for line in lines)
    return [Chapter(*key, [line for line in lines if (line["machine"], line["commit"]) == key]) for key in keys]


class Axes:
    """Of all chapters together."""

    def __init__(self, chapters):
        engines = [line for chapter in chapters for line in chapter.engines]
        node = [line for chapter in chapters for line in chapter.nodes]
        rates = [line["frames_per_s"] for line in engines] + [rate for line in engines for rate, _ in detectors.marks(line["case"])]
        self.rate = Log(rates, "frames per second")
        self.floor = Log([end for line in engines if line["threads"] == 1 for end in (*kernels.spread_ends(line), 1)], "multiples of the LZ4 floor's time")
        self.scaling = Linear([v for line in engines if line.get("scaling") for v in (line["scaling"], line.get("scaling_cpu", 0), line["threads"])], "multiples of one thread's throughput")
        self.stages = Linear([100], "per cent of a unit's clocks")
        self.cores = Log([e["share"] for chapter in chapters for need in chapter.needs for e in need["engines"]] + [1], "cores or devices")
        self.files = Log([line["frames_per_s"] * line.get("mb_per_frame", 0) for chapter in chapters for line in chapter.kernels if of_files(line)],
                         "megabytes per second")
        self.node = Log([v for line in node for v in (line["frames_per_s"], line["bare_frames_per_s"], *(r for r, _ in detectors.marks(line["case"])))],
                        "frames per second")
        self.latency = Log([line[f"latency_{p}_ms"] for line in node for p in ("p50", "p95", "p99", "max")], "milliseconds")
        self.cpu = Log([us for line in node for _, us in (*line["lanes"], *line["steps"], ("", line.get("around_engine_us_per_frame", 0)))],
                       "microseconds of CPU time per frame")


def make_chapter(chapter, axes, number):
    sources = ", ".join(in_order(os.path.basename(line["source"]) for line in chapter.lines))
    parts = [f'<article id="c{number}"><h2>{escape(chapter.machine)}</h2>',
             f'<p class="facts">commit <b>{escape(chapter.commit)}</b> · {len(chapter.lines)} lines · from {escape(sources)}</p>']
    if chapter.devices:
        parts.append('<p class="facts">' + " · ".join(escape(device) for device in chapter.devices) + "</p>")
    if chapter.kernels:
        parts += [make(chapter, axes) for make in (kernels.throughput, kernels.floor, kernels.scaling, kernels.needed)]
    if chapter.nodes:
        parts += [nodes.rates(chapter, axes), nodes.latency(chapter, axes), nodes.cost(chapter, axes), nodes.per_frame(chapter)]
    if chapter.kernels:
        parts += [kernels.clocked(chapter, axes), kernels.files(chapter, axes), kernels.all_lines(chapter)]
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
