"""netlist.py - a mapped netlist of yosys (write_json): how many of the card's cells it is, and its longest path between registers.

For fpga/synth/report. Reads what it is given, writes nothing.

A path counts one level for a LUT (reading a memory made of LUTs is one, too) and one for a carry chain, however long; MUXF and inverters, which share a slice or are absorbed, none. It begins and ends at
registers, memories, multipliers and, of a module by itself, ports. A multiplier ends a path because in a DSP it has registers on both sides if the
design has them there; what lies between one and the nearest registers is counted apart (Levels.beside_dsp, 0 where registers touch it)."""
import collections
import re

LUT_RAM = {"RAM32X1S": 1, "RAM64X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4, "RAM256X1D": 8, "RAM512X1S": 8,
           "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM64X8SW": 8, "RAM32X16DR8": 8}
LUT_SHIFT = {"SRL16E": 1, "SRLC16E": 1, "SRLC32E": 1}
FREE = {"INV", "MUXF7", "MUXF8", "MUXF9", "BUF", "BUFG", "IBUF", "OBUF"}
DSP_REGISTERS = ("AREG", "BREG", "MREG", "PREG")
KINDS = ("LUT", "FF", "BRAM36", "URAM", "DSP")
Gate = collections.namedtuple("Gate", "ins outs lut carry dsp")
Levels = collections.namedtuple("Levels", "total lut carry start end beside_dsp loops")


def resources_of(cell_type):
    """(kind, amount) of one mapped cell, None where it costs nothing that is counted here."""
    if re.fullmatch(r"LUT[1-6]", cell_type):
        return "LUT", 1
    if cell_type in LUT_RAM or cell_type in LUT_SHIFT:
        return "LUT", LUT_RAM.get(cell_type) or LUT_SHIFT[cell_type]
    if re.match(r"FD[RSCP]E|LD[CP]E", cell_type):
        return "FF", 1
    if cell_type.startswith("RAMB18"):
        return "BRAM36", 0.5
    if cell_type.startswith("RAMB36"):
        return "BRAM36", 1
    if cell_type.startswith("URAM288"):
        return "URAM", 1
    if cell_type.startswith("DSP48"):
        return "DSP", 1
    return None


def is_known(cell_type):
    return resources_of(cell_type) is not None or cell_type in FREE or cell_type.startswith("CARRY")


def count(module):
    """Cells of one module, without the modules in it: {kind: amount}."""
    amount = dict.fromkeys(KINDS, 0)
    for cell in module["cells"].values():
        found = resources_of(cell["type"])
        if found:
            amount[found[0]] += found[1]
    return amount


def _pins(cell, want):
    return [bit for port, bits in cell["connections"].items() if cell["port_directions"].get(port) == want for bit in bits]


def _gates_of(cell):
    """How signals pass through a cell without a clock."""
    kind = cell["type"]
    ins, outs = _pins(cell, "input"), _pins(cell, "output")
    if kind.startswith("CARRY"):
        through = [b for port in ("CI", "CI_TOP") for b in cell["connections"].get(port, ())]
        return [Gate([b for b in ins if b not in through], outs, 0, 1, False), Gate(through, outs, 0, 0, False)]
    if kind.startswith("LUT") or kind in FREE:
        return [Gate(ins, outs, int(kind not in FREE), 0, False)]
    if kind in LUT_RAM or kind in LUT_SHIFT:
        address = [b for port, bits in cell["connections"].items() if re.match(r"A\d*$|ADDR|DPRA", port) for b in bits]
        return [Gate([b for b in ins if b in set(address)], outs, 1, 0, False)]
    if kind.startswith("DSP48"):
        registered = any(re.search("1", cell["parameters"].get(name, "0")) for name in DSP_REGISTERS)
        return [] if registered else [Gate(ins, outs, 0, 0, True)]
    return []


class Graph:
    """Gates of a module and of all modules in it. Bits are numbers: 0 is every constant."""

    def __init__(self):
        self.gates, self.captures, self.names, self.size = [], [], {}, 1

    def add(self, netlists, module, path, outer):
        """The instance `path` of a module; outer: {port: bits that it is connected to}."""
        netlist, local = netlists[module], {}
        for port, bits in sorted(outer.items(), key=lambda p: netlist["ports"][p[0]]["direction"]):  # inputs first
            for inner, bit in zip(netlist["ports"][port]["bits"], bits):
                if local.setdefault(inner, bit) != bit:  # an input that is an output as well
                    self.gates.append(Gate([local[inner]], [bit], 0, 0, False))

        def of(bit):
            if isinstance(bit, str):
                return 0
            if bit not in local:
                local[bit] = self.size
                self.size += 1
            return local[bit]

        for name, cell in netlist["cells"].items():
            inside = cell["type"]
            if inside in netlists:
                self.add(netlists, inside, f"{path}{name}.", {port: [of(b) for b in bits] for port, bits in cell["connections"].items()
                                                               if port in netlists[inside]["ports"]})
                continue
            gates = _gates_of(cell)
            self.gates.extend(Gate([of(b) for b in g.ins], [of(b) for b in g.outs], *g[2:]) for g in gates)
            if not gates or inside in LUT_RAM or inside in LUT_SHIFT:
                held = [of(b) for b in cell["connections"].get("Q", ())]
                self.captures.extend((of(b), path + name, held) for b in _pins(cell, "input"))
        for name, net in netlist["netnames"].items():
            if net.get("hide_name"):
                continue
            for i, bit in enumerate(net["bits"]):
                if not isinstance(bit, str):
                    self.names.setdefault(of(bit), f"{path}{name}[{i}]" if len(net["bits"]) > 1 else path + name)
        return of

    def _order(self):
        """Gates in an order in which every one comes behind those that feed it, and how many are part of loops."""
        feeds, waits = collections.defaultdict(list), []
        driven = {b for g in self.gates for b in g.outs if b}
        drivers = collections.Counter(b for g in self.gates for b in g.outs if b)
        for i, g in enumerate(self.gates):
            needed = [b for b in set(g.ins) if b in driven]
            waits.append(sum(drivers[b] for b in needed))
            for b in needed:
                feeds[b].append(i)
        ready = collections.deque(i for i, n in enumerate(waits) if n == 0)
        order = []
        while ready:
            i = ready.popleft()
            order.append(i)
            for b in self.gates[i].outs:
                for k in feeds.get(b, ()):
                    waits[k] -= 1
                    if waits[k] == 0:
                        ready.append(k)
        return order, len(self.gates) - len(order)

    def longest(self, ends=()):
        """Levels of the longest path; ends: bits that leave the module, {bit: name}."""
        at, beside, came = [0] * self.size, [-1] * self.size, [None] * self.size
        order, loops = self._order()
        for i in order:
            g = self.gates[i]
            worst = max(g.ins, key=at.__getitem__, default=0)
            level, aside = at[worst] + g.lut + g.carry, max((beside[b] for b in g.ins), default=-1)
            if g.dsp:
                level, aside = 0, max(aside, at[worst])
            elif aside >= 0:
                aside += g.lut + g.carry
            for b in g.outs:
                if b and level > at[b]:
                    at[b], came[b] = level, (worst, i)
                if b:
                    beside[b] = max(beside[b], aside)
        captures = self.captures + [(b, n, ()) for b, n in dict(ends).items()] + [(b, "a multiplier", ()) for g in self.gates if g.dsp for b in g.ins]
        return self._walk(at, beside, came, captures, loops)

    def _walk(self, at, beside, came, captures, loops):
        end, cell, held = max(captures, key=lambda c: at[c[0]], default=(0, "nothing", ()))
        aside = max((beside[b] for b, _, _ in captures), default=-1)
        bit, lut, carry = end, 0, 0
        while came[bit]:
            before, i = came[bit]
            lut, carry, bit = lut + self.gates[i].lut, carry + self.gates[i].carry, before
        register = next((self.names[b] for b in held if b in self.names), cell)
        return Levels(lut + carry, lut, carry, self.names.get(bit, "a register or memory"), register, max(aside, 0), loops)


def levels(netlists, top):
    """Longest path of a module together with all modules in it that `netlists` has ({name: module of write_json})."""
    graph = Graph()
    of = graph.add(netlists, top, "", {})
    ends = {}
    for port, p in netlists[top]["ports"].items():
        if p["direction"] == "output":
            ends.update((of(b), port) for b in p["bits"] if not isinstance(b, str))
    return graph.longest(ends)
