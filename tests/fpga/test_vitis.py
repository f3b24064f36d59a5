"""The road to the card, as far as it goes without the vendor's tools: descriptions of kernels are XML, say the registers where C has them and ports that the design
has; the top modules around unit.sv fit it; the link configuration names kernels, ports and memories that there are; scripts parse.

A tool that is absent leaves its part out, by name.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
SOURCE = os.environ["SLUICE_SOURCE"]
VITIS = os.path.join(SOURCE, "fpga", "vitis")
KERNELS = {"sluice_u16": 16, "sluice_u32": 32}
POINTERS = ["payload", "offsets", "table", "record", "list"]
CHANNELS = 32  # of the card's HBM


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def build(folder):
    done = subprocess.run([os.path.join(VITIS, "build"), "--check", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert sorted(n for n in os.listdir(folder) if n.startswith("sluice_")) == sorted(k + s for k in KERNELS for s in (".v", ".xml")), os.listdir(folder)


def unit_ports(bits):
    """{port: bits} as yosys or Verilator would see them: read here from the module's own text, apart from kernel.py."""
    head = read(SOURCE, "fpga", "rtl", "unit.sv").split("module unit")[1].split("\n);")[0]
    head = re.sub(r"/\*.*?\*/|//[^\n]*", "", head, flags=re.S)
    ports = {}
    for direction, most, name in re.findall(r"\b(input|output)\s+logic\s*(?:\[([^:\]]+):0\]\s*)?(\w+)", head):
        ports[name] = direction, eval(most.replace("PIXEL_BITS", str(bits)).replace("/", "//")) + 1 if most else 1
    return ports


def check_description(folder, kernel):
    root = xml.fromstring(read(folder, kernel + ".xml"))
    k = root.find("kernel")
    assert root.tag == "root" and k.get("name") == kernel and k.get("hwControlProtocol") == "ap_ctrl_hs", k.attrib
    assert f":{kernel}:" in k.get("vlnv")
    ports, design = {p.get("name"): p for p in k.iter("port")}, unit_ports(KERNELS[kernel])
    assert set(ports) == {re.match(r"(s_axi_control|m_axi_[a-z]+)_", name)[1] for name in design if "axi" in name}, set(ports)
    for name, port in ports.items():
        assert int(port.get("dataWidth")) == design[name + "_rdata"][1], (kernel, name)
        assert port.get("mode") == ("slave" if name.startswith("s_") else "master")
        assert design[name + "_araddr"][1] == (12 if name.startswith("s_") else 64), name
    assert {"ap_clk", "ap_rst_n", "interrupt"} <= set(design)
    assert int(ports["s_axi_control"].get("range"), 0) == 1 << design["s_axi_control_araddr"][1]
    return [a.attrib for a in k.iter("arg")], set(ports)


def check_arguments(folder, arguments, ports):
    """Against registers.h, which is what the engine is built with."""
    offsets = {name: int(at, 16) for name, at in re.findall(r"#define FPGA_REG_(\w+) (0x[0-9a-f]+)u /\* rw", read(folder, "registers.h"))}
    arrays = set(re.findall(r"#define FPGA_ENTRIES_(\w+)", read(folder, "registers.h")))
    expected = {n.lower(): at for n, at in offsets.items() if at >= 0x10 and n not in arrays}
    assert {a["name"]: int(a["offset"], 16) for a in arguments} == expected, expected
    assert [int(a["id"]) for a in arguments] == list(range(len(arguments)))
    assert [a["name"] for a in arguments[:5]] == POINTERS  # the order of enum fpga_pointer
    for a in arguments:
        pointer = a["name"] in POINTERS
        assert a["addressQualifier"] == str(int(pointer)) and a["port"] in ports and a["port"].startswith("m_axi" if pointer else "s_axi"), a
        assert a["size"] == a["hostSize"] == ("0x8" if pointer else "0x4"), a
    taken = sorted((int(a["offset"], 16), int(a["size"], 16)) for a in arguments)
    assert all(at + size <= after for (at, size), (after, _) in zip(taken, taken[1:])), taken


def check_pointers_of_the_engine(arguments):
    path = os.path.join(SOURCE, "fpga", "engine", "device.h")
    listed = re.search(r"enum fpga_pointer \{([^}]*)\}", read(path))[1]
    names = [n.lower() for n in re.findall(r"FPGA_AT_(\w+)", listed)]
    assert names == [a["name"] for a in arguments[:len(names)]], names


def check_top(folder, kernel):
    """Verilator elaborates the kernel's top module, with every port of the unit joined by name and width."""
    text, design = read(folder, kernel + ".v"), unit_ports(KERNELS[kernel])
    declared = {name: (direction, int(most) + 1 if most else 1) for direction, most, name in
                re.findall(r"^\t(input|output) wire (?:\[(\d+):0\] )?(\w+),?$", text, re.M)}
    assert declared == design, set(declared.items()) ^ set(design.items())
    assert set(re.findall(r"\.(\w+)\(\1\)", text)) == set(design)
    if not shutil.which("verilator"):
        print("skipped: the top modules are not elaborated: there is no verilator")
        return
    done = subprocess.run(["verilator", "--lint-only", "-Wno-fatal", "-Wno-lint", "-y", os.path.join(SOURCE, "fpga", "rtl"), "-I" + folder, "--top-module", kernel,
                           os.path.join(folder, kernel + ".v")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    assert done.returncode == 0, done.stdout[-3000:]


def check_link(ports):
    text = re.sub(r"#[^\n]*", "", read(VITIS, "u55c.cfg"))
    units = {}
    for kernel, n, names in re.findall(r"^nk=(\w+):(\d+):(\S+)$", text, re.M):
        assert kernel in KERNELS and len(names.split(".")) == int(n), names
        units.update(dict.fromkeys(names.split("."), kernel))
    assert sorted(units.values()) == ["sluice_u16", "sluice_u16", "sluice_u32"], units
    assert "\nkernel_frequency=250\n" in text
    assert {u for u, _ in re.findall(r"^slr=(\w+):SLR([012])$", text, re.M)} == set(units)
    memories = re.findall(r"^sp=(\w+)\.(\w+):HBM\[(\d+)\]$", text, re.M)
    assert {(u, p) for u, p, _ in memories} == {(u, p) for u in units for p in ports if p.startswith("m_axi")}, memories
    channels = [int(c) for _, _, c in memories]
    assert len(set(channels)) == len(channels) and max(channels) < CHANNELS, channels
    assert len(re.findall(r"^\w", text, re.M)) == 2 + 2 + len(units) + len(memories), "a line that was not looked at"


def check_tcl():
    script = os.path.join(VITIS, "package.tcl")
    assert set(re.findall(r"m_axi_\w+", read(script))) == {"m_axi_payload", "m_axi_table", "m_axi_record"}
    if not shutil.which("tclsh"):
        print("skipped: package.tcl is not parsed: there is no tclsh")
        return
    done = subprocess.run(["tclsh"], input='set f [open "%s"]\nputs [info complete [read $f]]\n' % script, stdout=subprocess.PIPE, text=True, timeout=20)
    assert done.stdout.strip() == "1", done.stdout
    done = subprocess.run(["tclsh", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    assert done.returncode == 2 and "usage: package.tcl" in done.stdout, done.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        build(folder)
        for kernel in KERNELS:
            arguments, ports = check_description(folder, kernel)
            check_arguments(folder, arguments, ports)
            check_pointers_of_the_engine(arguments)
            check_top(folder, kernel)
        check_link(ports)
        check_tcl()
        for wrong in (["--frobnicate"], ["--emulation", os.path.join(folder, "x")]):
            done = subprocess.run([os.path.join(VITIS, "build"), *wrong], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                                  env={**os.environ, "PATH": "/usr/bin:/bin"})
            assert done.returncode == 2, (wrong, done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
