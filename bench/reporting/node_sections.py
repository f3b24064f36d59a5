"""The sections of bench/report's page about the whole node: one line of `sluice-bench --node --json` each. Pure; returns text."""
import detectors
from chart import Group, Row, draw, figure
from parts import section, table


def percent(spread):
    return f"  ± {50 * spread:.1f} %" if spread else ""


def rates(chapter, axes):
    groups = []
    for line in chapter.nodes:
        bare, rate = line["bare_frames_per_s"], line["frames_per_s"]
        rows = [Row("bare client", bare, f"{figure(bare)} /s{percent(line.get('bare_spread', 0))}", "floor"),
                Row("node", rate, f"{figure(rate)} /s ({figure(100 * rate / bare)} %){percent(line.get('spread', 0))}", "cpu")]
        groups.append(Group(line["case"], rows, detectors.marks(line["case"])))
    words = ("The whole node over ZeroMQ on loopback, every frame analysed and every result published, against a client that only receives and frees, in turns; "
             "+frames: every frame sent on to a consumer, too; +files: every frame written. The simulated detector, which sends as fast as it is taken, and the "
             "consumers run on the same machine.")
    return section("The whole node", words, draw(groups, axes.node, "who receives", "frames per second of the node and of a bare client"))


def latency(chapter, axes):
    names = (("p50", "half of the frames within"), ("p95", "95 % within"), ("p99", "99 % within"), ("max", "the longest"))
    groups = [Group(line["case"], [Row(f"{words}", line[f"latency_{p}_ms"], figure(line[f"latency_{p}_ms"]) + " ms", "cpu") for p, words in names])
              for line in chapter.nodes]
    words = ("From the moment a frame has been received to its result sent, with frames coming at 60 % of the node's speed. The plan is made meanwhile, "
             "so the first frames count among the longest.")
    return section("The node's latency", words, draw(groups, axes.latency, "share of frames", "latency of the node"))


def rows_of(line):
    rows = [Row(f"lane {name}", us, figure(us) + " µs", "cpu") for name, us in line["lanes"]]
    rows += [Row(f"step {name}", us, figure(us) + " µs", "step") for name, us in line["steps"]]
    if "around_engine_us_per_frame" in line:
        around = line["around_engine_us_per_frame"]
        rows.append(Row("around the engine", around, figure(around) + " µs", "around"))
    return rows


def cell(line, name):
    return figure(line[name]) if name in line else "–"


def cost(chapter, axes):
    groups = [Group(line["case"], rows_of(line)) for line in chapter.nodes]
    groups = [group for group in groups if group.rows]
    words = ("CPU time of every lane (a thread that does consecutive steps), and of the steps that the workers' lanes do, over the frames of a run. Around the "
             "engine: all lanes that frames pass, without the call of the engine.")
    return section("What a frame costs the node", words,
                   draw(groups, axes.cpu, "lane, step", "CPU time per lane and step") if groups else "")


def per_frame(chapter):
    cells, files = [], []
    for line in chapter.nodes:
        counts = [f"{line[name]:.0f}" if name in line else "–" for name in ("frames", "analysed", "written", "sent")]
        cells.append((line["case"], *counts, figure(sum(us for _, us in line["lanes"])), *(cell(line, name) for name in (
            "allocations_per_frame", "library_allocations_per_frame", "message_bytes_per_frame", "copied_bytes_per_frame", "result_bytes_per_frame"))))
        if "written_mb_per_s" in line:
            files.append((line["case"], cell(line, "written_mb_per_s"), cell(line, "plain_write_mb_per_s")))
    words = ("Allocations: asked for on the frame path, by our code and by libraries. Bytes copied: by our code on the frame path, which are those of results; the "
             "payload is analysed, written and sent on where it was received.")
    heads = ("case", "frames", "analysed", "written", "sent on", "CPU µs per frame", "our allocations per frame", "libraries' allocations per frame",
             "bytes received per frame", "bytes copied per frame", "bytes of results per frame")
    return section("Per frame", words, table(heads, cells, 1),
                   table(("case", "node: MB/s to disk, first frame to all synced", "plain writes of as many bytes, MB/s"), files, 1) if files else "")
