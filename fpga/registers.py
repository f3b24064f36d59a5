"""registers.py - makes the register map of a unit (registers.map) into what C, SystemVerilog and other programs read.

usage: registers.py MAP FOLDER

Writes FOLDER/registers.h (offsets, names of stages, events and errors), registers.svh (the same as macros) and registers.json (everything, for the description of a
kernel). A file that would not change is left alone. A map that says something impossible is refused with the line and the reason.
"""
import json
import os
import re
import sys

LINE = re.compile(r"^(0x[0-9a-f]+)\s+([A-Z][A-Z0-9_]*)(?:\[(\d+)\])?\s+(32|64)\s+(rw|ro|ctrl)\s+(\S.*)$")
NAME = re.compile(r"^(stage|event|error)\s+([a-z][a-z0-9_]*)$")
SPACE_BYTES = 4096  # what 12 address bits reach
COUNTED = {"stage": ("STAGE", 3), "event": ("EVENTS", 1), "error": ("ERRORS", 1)}  # kind of name: the array of its counts, how many each has


class Wrong(Exception):
    pass


def parse_register(fields, taken):
    """One register as a dictionary; taken: word offset -> name, of those before it."""
    offset, name, entries, bits, access, what = int(fields[0], 16), fields[1], int(fields[2] or 1), int(fields[3]), fields[4], fields[5]
    if offset % (bits // 8 if fields[2] is None else 4):
        raise Wrong(f"{name}: 0x{offset:03x} is no multiple of its {bits // 8} bytes")
    if fields[2] and bits != 32:
        raise Wrong(f"{name}: an array is of 32 bits")
    if not entries:
        raise Wrong(f"{name}: an array without entries")
    end = offset + entries * bits // 8
    if end > SPACE_BYTES:
        raise Wrong(f"{name}: ends at 0x{end:x}, behind the 0x{SPACE_BYTES:x} bytes there are")
    for word in range(offset, end, 4):
        if word in taken:
            raise Wrong(f"{name}: 0x{word:03x} belongs to {taken[word]} already")
        taken[word] = name
    return {"name": name, "offset": offset, "bits": bits, "entries": entries if fields[2] else None, "access": access, "what": what}


def parse(text):
    """The registers, as dictionaries, and per kind of name those in their order."""
    registers, names, taken = [], {kind: [] for kind in COUNTED}, {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            register, name = LINE.match(line), NAME.match(line)
            if register:
                if any(r["name"] == register[2] for r in registers):
                    raise Wrong(f"{register[2]} is there already")
                registers.append(parse_register(register.groups(), taken))
            elif name:
                if name[2] in names[name[1]]:
                    raise Wrong(f"{name[1]} {name[2]} is there already")
                names[name[1]].append(name[2])
            else:
                raise Wrong("neither 'OFFSET NAME BITS ACCESS WHAT' nor " + " nor ".join(f"'{kind} NAME'" for kind in COUNTED))
        except Wrong as wrong:
            raise Wrong(f"line {number}: {wrong}") from None
    by_name = {r["name"]: r for r in registers}
    for kind, (array, each) in COUNTED.items():
        room = (by_name.get(array) or {}).get("entries") or 0
        if each * len(names[kind]) > room:
            raise Wrong(f"{array} has room for {room} counts, the {kind}s want {each * len(names[kind])}")
    return registers, names


def c_header(registers, names):
    out = ["/* registers.h - made from fpga/registers.map: where a unit's registers are (bytes), and the names of what it counts */",
           "#ifndef FPGA_REGISTERS_H", "#define FPGA_REGISTERS_H", ""]
    for r in registers:
        out.append(f"#define FPGA_REG_{r['name']} 0x{r['offset']:03x}u /* {r['access']}, {r['bits']} bits: {r['what']} */")
        if r["entries"]:
            out.append(f"#define FPGA_ENTRIES_{r['name']} {r['entries']}u")
    for kind, of_kind in names.items():
        out += ["", f"enum fpga_{kind} {{", *(f"\tFPGA_{kind.upper()}_{name.upper()} = {i}," for i, name in enumerate(of_kind)), "};",
                f"#define FPGA_{kind.upper()}S {len(of_kind)}u", f"#define FPGA_{kind.upper()}_NAMES {{ " + ", ".join(f'"{name}"' for name in of_kind) + " }"]
    return "\n".join(out + ["", "#endif", ""])


def sv_header(registers, names):
    out = ["// registers.svh - made from fpga/registers.map: where a unit's registers are (bytes), and the numbers of what it counts",
           "`ifndef REGISTERS_SVH", "`define REGISTERS_SVH"]
    for r in registers:
        out.append(f"`define REG_{r['name']} 'h{r['offset']:03x}")
        if r["entries"]:
            out.append(f"`define ENTRIES_{r['name']} {r['entries']}")
    for kind, of_kind in names.items():
        out += [*(f"`define {kind.upper()}_{name.upper()} {i}" for i, name in enumerate(of_kind)), f"`define {kind.upper()}S {len(of_kind)}"]
    return "\n".join(out + ["`endif", ""])


def write(path, text):
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(map_name, folder):
    try:
        with open(map_name, encoding="utf-8") as f:
            registers, names = parse(f.read())
    except (Wrong, OSError) as wrong:
        print(f"{map_name}: {wrong}", file=sys.stderr)
        return 1
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "registers.h"), c_header(registers, names))
    write(os.path.join(folder, "registers.svh"), sv_header(registers, names))
    write(os.path.join(folder, "registers.json"), json.dumps({"registers": registers, **{kind + "s": of_kind for kind, of_kind in names.items()}}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: registers.py MAP FOLDER")
    sys.exit(main(*sys.argv[1:]))
