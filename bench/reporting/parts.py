"""What the chapters of bench/report's page are put together of: names, sections, tables, legends. Pure; returns text."""
from chart import escape

FLOORS = {"floor-lz4": "floor: LZ4 alone", "floor-memcpy": "floor: memcpy of the raw frame", "floor-write": "floor: plain writes", "nxmx": "NXmx files"}
DEVICES = ("cuda", "opencl", "fpga")


def kind_of(line):
    engine = line["engine"]
    if engine.startswith("floor"):
        return "floor"
    if engine.startswith("peer-"):
        return "peer"
    return next((device for device in DEVICES if engine.startswith(device)), "reference" if engine == "reference" else "cpu")


def label_of(line):
    words = FLOORS.get(line["engine"]) or " ".join(word for word in (line["engine"], line["level"]) if word)
    words += f", {line['threads']} threads" if line["threads"] != 1 else ""
    words += f", by {line['batch']}" if line["batch"] != 1 else ""
    return words + (f" ({line['again']})" if line["again"] > 1 else "")


def in_order(values):
    return list(dict.fromkeys(values))


def of_files(line):
    return line["case"].startswith("files-")


def section(title, words, *bodies):
    return f'<section><h3>{escape(title)}</h3>\n<p class="words">{words}</p>\n' + "\n".join(bodies) + "</section>"


def table(heads, rows, texts):
    """texts: how many columns, from the first, hold words; the others hold numbers and stand to the right."""
    def cells(tag, row):
        return "".join(f'<{tag}{" class=number" if i >= texts else ""}>{escape(cell)}</{tag}>' for i, cell in enumerate(row))
    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{cells("th", heads)}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


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
