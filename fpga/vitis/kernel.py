"""kernel.py - a unit as a Vitis kernel: its description (kernel.xml) from registers.map, and a top module of the kernel's name around unit.sv.

usage: kernel.py FOLDER

Writes FOLDER/sluice_u16.xml, FOLDER/sluice_u16.v and the same of sluice_u32: kernels of units that take u8 and u16, and u32. XRT finds the five pointers as arguments
0 to 4, in the order of the registers; they tell it which of the card's memories a buffer belongs in. Arrays of registers are no arguments: the engine writes
every register by its offset. For package.tcl and the tests.
"""
import os
import re
import sys
from xml.sax.saxutils import quoteattr

HERE = os.path.dirname(os.path.abspath(__file__))
FPGA = os.path.dirname(HERE)
sys.path.insert(0, FPGA)
import registers  # noqa: E402

PIXEL_BITS = (16, 32)
CONTROL = "s_axi_control"
PORT_OF = {"PAYLOAD": "m_axi_payload", "OFFSETS": "m_axi_record", "TABLE": "m_axi_table", "RECORD": "m_axi_record", "LIST": "m_axi_record"}
FIRST_ARGUMENT = 0x10  # below are the registers of the handshake ap_ctrl_hs
PORT = re.compile(r"^\s*(input|output)\s+logic\s*(?:\[([^\]:]+):0\])?\s*(\w+),?\s*(?://.*)?$", re.M)
PARAMETER = re.compile(r"parameter\s+int\s+(\w+)\s*=\s*(\d+)")


class Wrong(Exception):
    pass


def name_of(bits):
    return f"sluice_u{bits}"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def value_of(expression, parameters):
    """A range's end of unit.sv: numbers, parameters and + - * /, whole."""
    words = re.sub(r"\b[A-Z_]\w*\b", lambda m: str(parameters[m[0]]), expression)
    if not re.fullmatch(r"[\d\s()+*/-]+", words):
        raise Wrong(f"unit.sv: a width that is not understood: {expression}")
    return eval(words.replace("/", "//"))  # noqa: S307: digits and operators alone


def ports_of_unit(bits, text=None):
    """[(direction, bits, name)] of unit.sv with this PIXEL_BITS."""
    text = text or read(os.path.join(FPGA, "rtl", "unit.sv"))
    head = re.search(r"^module unit\b(.*?)^\);", text, re.S | re.M)
    if not head:
        raise Wrong("unit.sv: no module unit")
    parameters = {k: int(v) for k, v in PARAMETER.findall(head[1])} | {"PIXEL_BITS": bits}
    found = [(direction, value_of(most, parameters) + 1 if most else 1, name) for direction, most, name in PORT.findall(head[1])]
    if not found:
        raise Wrong("unit.sv: no ports")
    return found


def width_of(ports, name):
    for _, bits, port in ports:
        if port == name:
            return bits
    raise Wrong(f"unit.sv: no port {name}")


def attributes(**values):
    return " ".join(f"{k}={quoteattr(str(v))}" for k, v in values.items())


def arguments():
    """[attributes of an argument] for every register that the host writes before a job."""
    found, _ = registers.parse(read(os.path.join(FPGA, "registers.map")))
    out = []
    for r in found:
        if r["access"] != "rw" or r["offset"] < FIRST_ARGUMENT or r["entries"]:
            continue
        pointer, size = r["name"] in PORT_OF, f"0x{r['bits'] // 8:x}"
        out.append({"name": r["name"].lower(), "addressQualifier": int(pointer), "id": len(out), "port": PORT_OF.get(r["name"], CONTROL), "size": size,
                    "offset": f"0x{r['offset']:03x}", "type": "void*" if pointer else "uint", "hostOffset": "0x0", "hostSize": size})
    return out


def description(bits):
    """kernel.xml."""
    ports = ports_of_unit(bits)
    name = name_of(bits)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<root versionMajor="1" versionMinor="6">',
             "  <kernel " + attributes(name=name, language="ip_c", vlnv=f"sluice:kernel:{name}:1.0", attributes="", preferredWorkGroupSizeMultiple=0,
                                       workGroupSize=1, interrupt="true", hwControlProtocol="ap_ctrl_hs") + ">",
             "    <ports>",
             "      <port " + attributes(name=CONTROL, mode="slave", range="0x1000", dataWidth=32, portType="addressable", base="0x0") + "/>"]
    for port in sorted(set(PORT_OF.values())):
        lines.append("      <port " + attributes(name=port, mode="master", range="0xFFFFFFFFFFFFFFFF", dataWidth=width_of(ports, port + "_rdata"),
                                                 portType="addressable", base="0x0") + "/>")
    lines += ["    </ports>", "    <args>", *("      <arg " + attributes(**a) + "/>" for a in arguments()), "    </args>", "  </kernel>", "</root>", ""]
    return "\n".join(lines)


def wrapper(bits):
    """The top module in Verilog, which Vivado's packager wants of it: the kernel's name, no parameters, unit.sv's ports."""
    ports, name = ports_of_unit(bits), name_of(bits)
    declared = ",\n".join(f"\t{direction} wire {f'[{n - 1}:0] ' if n > 1 else ''}{port}" for direction, n, port in ports)
    joined = ",\n".join(f"\t\t.{port}({port})" for _, _, port in ports)
    return (f"// {name}.v - a unit with PIXEL_BITS = {bits} as a kernel, made by fpga/vitis/kernel.py\n\nmodule {name} (\n{declared}\n);\n"
            f"\tunit #(.PIXEL_BITS({bits})) u_unit (\n{joined}\n\t);\nendmodule\n")


def main(folder):
    os.makedirs(folder, exist_ok=True)
    try:
        for bits in PIXEL_BITS:
            for suffix, text in ((".xml", description(bits)), (".v", wrapper(bits))):
                with open(os.path.join(folder, name_of(bits) + suffix), "w", encoding="utf-8") as f:
                    f.write(text)
    except (Wrong, registers.Wrong, OSError) as wrong:
        print(f"kernel.py: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: kernel.py FOLDER")
    sys.exit(main(sys.argv[1]))
