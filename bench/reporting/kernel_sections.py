"""The sections of bench/report's page about engines, floors, peers, files and clocks: one line of `sluice-bench --json` each. Pure; returns text."""
import detectors
from chart import Group, Row, draw, figure
from parts import in_order, kind_of, label_of, legend, of_files, section, table

ROWS = "engine, level, threads, batch"


def throughput(chapter, axes):
    groups = []
    for case in in_order(line["case"] for line in chapter.engines):
        rows = [Row(label_of(line), line["frames_per_s"], figure(line["frames_per_s"]) + " /s", kind_of(line), many=line["threads"] > 1)
                for line in chapter.engines if line["case"] == case]
        groups.append(Group(case, rows, detectors.marks(case)))
    if not groups:
        return ""
    words = ("Frames per second of every case, engine, level, number of threads (each with a queue of its own) and batch; further right is faster. Dashed "
             "lines are the full rates of detectors with frames of that size. Engines do the whole analysis; floors do nothing but what their name says; peers "
             "do their own part only: bitshuffle decompresses (alone, or as h5py reads a file), DIALS finds strong pixels, pyFAI integrates radially.")
    return section("Frames per second", words, legend(chapter.engines), draw(groups, axes.rate, ROWS, "frames per second per case and engine"))


def spread_ends(line):
    half = line.get("spread", 0) / 2
    return line["x_floor"] * max(0.0, 1 - half), line["x_floor"] * (1 + half)


def floor(chapter, axes):
    groups = []
    for case in in_order(line["case"] for line in chapter.engines):
        rows = []
        for line in chapter.engines:
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
    return section("Against the LZ4 floor", words, draw(groups, axes.floor, ROWS, "time as multiples of the LZ4 floor"))


def scaling_rows(line):
    def row(name, words, kind):
        return Row(words, line[name], f"{figure(line[name])} × ({100 * line[name] / line['threads']:.0f} %)", kind, many=True)
    yield row("scaling", label_of(line), kind_of(line))
    if line.get("scaling_cpu", 0) > 0:
        yield row("scaling_cpu", "by CPU time", "floor")


def scaling(chapter, axes):
    groups = []
    for case in in_order(line["case"] for line in chapter.engines):
        mine = [line for line in chapter.engines if line["case"] == case and line.get("scaling", 0) > 0]
        if mine:
            rows = [row for line in mine for row in scaling_rows(line)]
            groups.append(Group(case, rows, [(n, f"{n} times") for n in in_order(line["threads"] for line in mine)]))
    if not groups:
        return ""
    words = ("What several threads do together over what one does, by the wall clock, in rounds in which 1, 2, 4 … threads take turns. Per cent: of as many times "
             "one thread. By CPU time: how little the threads are in each other's way, also where other programs took processors away.")
    return section("Scaling", words, draw(groups, axes.scaling, ROWS, "throughput of several threads as multiples of one thread's"))


def needed_rows(need, several):
    return [Row(engine_words(e) if several else need["name"], e["share"], e["words"], kind_of(e["one"])) for e in need["engines"]]


def engine_words(engine):
    return engine["one"]["engine"] if detectors.on_device(engine["one"]) else label_of(engine["one"])


def needed(chapter, axes):
    if not chapter.needs:
        return ""
    several = any(len(need["engines"]) > 1 for need in chapter.needs)
    groups = [Group(need["name"], needed_rows(need, True)) for need in chapter.needs] if several else \
             [Group("", [row for need in chapter.needs for row in needed_rows(need, False)])]
    cells = []
    for need in chapter.needs:
        for e in need["engines"]:
            cells.append((need["name"], need["case"], engine_words(e), "yes" if e["enough"] else "no", figure(e["one"]["frames_per_s"]), e["words"],
                          figure(e["most"]["frames_per_s"]), how(e["most"])))
    words = ("What of this machine the analysis of each detector's frames wants at the full rate. Of processors as many cores as the rate is of what one thread "
             "does; of devices as many as the rate is of the most that one was seen to do. Receiving, writing and the system want cores of their own.")
    return section("What each detector needs", words, draw(groups, axes.cores, "engine" if several else "detector", "cores or devices needed per detector"),
                   table(("detector", "by the case", "engine", "keeps up", "frames/s alone", "needed", "most frames/s seen", "with"), cells, 4))


def how(line):
    batch = f", batches of {line['batch']}" if line["batch"] > 1 else ""
    return f"{line['threads']} thread{'s' * (line['threads'] > 1)}{batch}"


def files(chapter, axes):
    mine = [line for line in chapter.kernels if of_files(line)]
    groups = []
    for case in in_order(line["case"] for line in mine):
        rows = []
        for line in mine:
            rate = line["frames_per_s"] * line.get("mb_per_frame", 0)
            share = f" ({figure(100 / line['x_floor'])} %)" if line["engine"] == "nxmx" and line["x_floor"] > 0 else ""
            if line["case"] == case and rate > 0:
                rows.append(Row(label_of(line), rate, f"{figure(rate)} MB/s{share}", kind_of(line)))
        if rows:
            groups.append(Group(case, rows))
    if not groups:
        return ""
    words = ("Compressed frames written as NXmx files (segments, master, everything on disk at the end) against plain writes of the same bytes to the same file "
             "system, in turns.")
    return section("Files", words, draw(groups, axes.files, "who writes", "megabytes per second of files and of plain writes"))


def errors_of(line):
    return ", ".join(f"{name} {figure(errors)}" for name, (*_, errors) in line["stages"].items() if errors) or "none"


def clocked(chapter, axes):
    """Devices that count clocks, by stages: who transfers all the time is who holds the others up."""
    groups, cells = [], []
    for line in (line for line in chapter.engines if line.get("clocks_per_frame")):
        of_unit = line["clocks_per_frame"] * line.get("units", 1)
        groups.append(Group(f"{line['case']}, {label_of(line)}", [Row(name, 100 * busy / of_unit, f"{figure(100 * busy / of_unit)} %", kind_of(line))
                                                                 for name, (busy, starved, blocked, _) in line["stages"].items() if busy or starved or blocked]))
        cells.append((line["case"], label_of(line), figure(line["clocks_per_frame"]), str(line.get("units", 1)),
                      f"{figure(line['clock_mhz'])}{' assumed' if line['clock_assumed'] else ''}", figure(line["frames_per_s"]), figure(line["x_floor"]),
                      *(figure(line.get(f"{port}_gb_per_s", 0)) for port in ("payload", "table", "record")), errors_of(line)))
    if not cells:
        return ""
    words = ("Clocks from one finished frame to the next, all units at work, and what part of them each stage of a unit moves data in: the one nearest to 100 % sets the "
             "pace. Frames/s follow from the clock, which of a simulated card is an assumption; how long the simulator takes says nothing. Card memory: "
             "what the units' ports carry at that rate, in 10<sup>9</sup> bytes per second. Errors: what stages met in all frames, damaged data or memory that answers wrongly.")
    heads = ("case", "engine", "clocks per frame", "units", "MHz", "frames/s", "× floor", "payload GB/s", "tables GB/s", "records GB/s", "errors")
    return section("Clocks of the FPGA engine", words, table(heads, cells, 2), draw(groups, axes.stages, "stage", "per cent of the clocks in which each stage transfers"))


def all_lines(chapter):
    rows = []
    for line in chapter.kernels:
        rows.append((line["case"], line["engine"], line["level"] or "–", str(line["threads"]), str(line["batch"]),
                     f"{line['frames']:.0f}" if line.get("frames") else "–", figure(line["ms_per_frame"]), figure(line["frames_per_s"]), figure(line["x_floor"]),
                     f"{100 * line['spread']:.1f}" if line.get("spread") else "–", figure(line["scaling"]) if line.get("scaling") else "–",
                     figure(line["scaling_cpu"]) if line.get("scaling_cpu") else "–",
                     figure(line.get("mb_per_frame", 0)), clocks(line)))
    if not any(row[-1] for row in rows):
        rows = [row[:-1] for row in rows]
    heads = ("case", "engine", "level or version", "threads", "batch", "frames timed", "ms per frame", "frames/s", "× floor", "spread %", "scaling", "by CPU time", "MB per frame",
             "clocks")
    words = ("Medians: of one thread's CPU time; of wall time for devices, files and several threads. MB per frame: compressed. × floor: of the LZ4 floor, "
             "of files that of plain writes.")
    return section("All figures", words, table(heads[:len(rows[0])], rows, 3))


def clocks(line):
    if "clocks_per_frame" not in line:
        return ""
    return f"{figure(line['clocks_per_frame'])} at {figure(line.get('clock_mhz', 0))} MHz"
