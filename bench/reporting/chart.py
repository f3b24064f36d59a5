"""Charts of rows as inline SVG: an axis, groups, a row per value. For bench/reporting/page.py; knows nothing of benchmarks.

Colours come from the page's style sheet, by class; everything that is text is escaped here.
"""
import html
import math

WIDTH = 960
LEFT = 236     # where the axis begins; row labels stand before it
RIGHT = 862    # where it ends; the last values stand behind it
ROW = 21
HEAD = 24
MARK = 15
AXIS = 40
DOT = 4.6
TALLEST = 640  # of one drawing: what a sheet of paper takes


def escape(text):
    return html.escape(str(text), quote=True)


def figure(value):
    """Three significant digits, thousands apart, no exponent where people would write none."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.2e}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}".replace(",", "\u202f")
    return text.rstrip("0").rstrip(".") if places else text


class Log:
    """A logarithmic axis over whole steps of 1, 2, 5."""

    def __init__(self, values, name):
        values = [v for v in values if v > 0] or [1.0]
        self.name = name + ", logarithmic"
        self.low, self.high = self.step_at(min(values), math.floor), self.step_at(max(values), math.ceil)
        if self.low == self.high:
            self.high = self.low + 3

    # Steps are counted: 3 per factor of 10 (1, 2, 5).
    @staticmethod
    def value_of(step):
        return (1, 2, 5)[step % 3] * 10.0 ** (step // 3)

    @classmethod
    def step_at(cls, value, rounding):
        decade = 3 * math.floor(math.log10(value))
        steps = [s for s in range(decade - 3, decade + 7)]
        if rounding is math.floor:
            return max(s for s in steps if cls.value_of(s) <= value * (1 + 1e-9))
        return min(s for s in steps if cls.value_of(s) >= value * (1 - 1e-9))

    def x(self, value):
        low, high = math.log10(self.value_of(self.low)), math.log10(self.value_of(self.high))
        share = (math.log10(value) - low) / (high - low) if value > 0 else 0
        return LEFT + (RIGHT - LEFT) * min(1, max(0, share))

    def ticks(self):
        steps = range(self.low, self.high + 1)
        if len(steps) > 10:
            every = 3 * max(1, math.ceil(len(steps) / 3 / 10))
            steps = [s for s in steps if s % every == 0]
        return [self.value_of(s) for s in steps]


class Linear:
    """From 0."""

    def __init__(self, values, name):
        self.name = name
        self.high = Log.value_of(Log.step_at(max([*values, 1e-3]), math.ceil))

    def x(self, value):
        return LEFT + (RIGHT - LEFT) * min(1, max(0, value / self.high))

    def ticks(self):
        return [self.high * i / 5 for i in range(6)]


class Row:
    """One value. kind: the class of its colour and shape ("cpu", "floor", "peer", ...); low, high: a whisker; many: several threads."""

    def __init__(self, label, value, text, kind, low=None, high=None, many=False):
        self.label, self.value, self.text, self.kind = label, value, text, kind
        self.low, self.high, self.many = low, high, many


class Group:
    """Rows under a title. marks: (value, words) that are drawn as lines through the group."""

    def __init__(self, title, rows, marks=()):
        self.title, self.rows, self.marks = title, rows, sorted(marks)

    def head(self):
        return max(HEAD if self.title else 6, (MARK * len(self.marks) + 7) if self.marks else 0)

    def height(self):
        return self.head() + ROW * len(self.rows) + 6


def shorten(label, characters=36):
    return label if len(label) <= characters else label[:characters - 1] + "…"


def text(x, y, words, kind, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def symbol(row, x, y):
    """Shape says as much as colour: a square is a peer, a ring a floor, a diamond several threads."""
    if row.many:
        return f'<path d="M{x - 6:.1f} {y:.1f}L{x:.1f} {y - 6:.1f}L{x + 6:.1f} {y:.1f}L{x:.1f} {y + 6:.1f}Z" class="dot {row.kind}"/>'
    if row.kind == "peer":
        return f'<rect x="{x - 4.4:.1f}" y="{y - 4.4:.1f}" width="8.8" height="8.8" class="dot peer"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT}" class="dot {row.kind}"/>'


def draw_row(row, axis, y):
    x = axis.x(row.value)
    right = x
    parts = [f"<g><title>{escape(row.label)}: {escape(row.text)}</title>", text(LEFT - 10, y + 4, shorten(row.label), "row", "end")]
    parts.append(line(LEFT, y, x, y, f"stem {row.kind}"))
    if row.low is not None:
        low, right = axis.x(row.low), axis.x(row.high)
        parts.append(line(low, y, right, y, f"whisker {row.kind}"))
        parts += [line(end, y - 4, end, y + 4, f"whisker {row.kind}") for end in (low, right)]
    parts += [symbol(row, x, y), text(max(x + 6, right) + 6, y + 4, row.text, "value"), "</g>"]
    return parts


def draw_marks(group, axis, top):
    parts = []
    for i, (value, words) in enumerate(group.marks):
        x, y = axis.x(value), top + MARK * (i + 1) - 2
        left_of = x > (LEFT + RIGHT) / 2
        parts.append(line(x, top + MARK * i + 4, x, top + group.height() - 4, "mark"))
        parts.append(text(x + (-5 if left_of else 5), y, words, "marked", "end" if left_of else "start"))
    return parts


def draw_axis(axis, rows, top, bottom):
    parts = [text(LEFT - 10, bottom + 34, rows, "name", "end")]
    for value in axis.ticks():
        parts.append(line(axis.x(value), top, axis.x(value), bottom, "grid"))
        parts.append(text(axis.x(value), bottom + 16, figure(value), "tick", "middle"))
    parts.append(line(LEFT, bottom, RIGHT, bottom, "axis"))
    parts.append(text((LEFT + RIGHT) / 2, bottom + 34, axis.name, "name", "middle"))
    return parts


def sheets(groups):
    """The groups in order, as many together as a sheet takes."""
    together, height = [], 0
    for group in groups:
        if together and height + group.height() > TALLEST:
            yield together
            together, height = [], 0
        together.append(group)
        height += group.height()
    if together:
        yield together


def draw(groups, axis, rows, words):
    """The chart of all groups, in as many drawings as paper wants. rows: what the rows are, words: what it shows, for those who cannot see it."""
    return "\n".join(draw_sheet(sheet, axis, rows, words) for sheet in sheets(groups))


def draw_sheet(groups, axis, rows, words):
    height = sum(group.height() for group in groups)
    parts, top = [], 4
    for i, group in enumerate(groups):
        if i % 2 == 0 and len(groups) > 1:
            parts.append(f'<rect x="0" y="{top}" width="{WIDTH}" height="{group.height()}" class="band"/>')
        top += group.height()
    parts += draw_axis(axis, rows, 4, 4 + height)
    top = 4
    for group in groups:
        if group.title:
            parts.append(text(8, top + 16, shorten(group.title, 40), "group"))
        parts += draw_marks(group, axis, top)
        for i, row in enumerate(group.rows):
            parts += draw_row(row, axis, top + group.head() + ROW * i + ROW / 2)
        top += group.height()
    body = "\n".join(parts)
    return f'<div class="chart"><svg viewBox="0 0 {WIDTH} {height + AXIS + 4}" role="img" aria-label="{escape(words)}">\n{body}\n</svg></div>'
