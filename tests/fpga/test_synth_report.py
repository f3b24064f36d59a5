"""fpga/synth/report counts what a design is made of: a small one of two modules, whose cells and paths are known, comes out with these figures; a module that
takes too long is named, and is missing in no sum in silence. Without yosys: skipped."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ["SLUICE_SOURCE"]
REPORT = os.path.join(SOURCE, "fpga", "synth", "report")
PAIR = """
module pair #(parameter int PIXEL_BITS = 16) (input logic clk, input logic [PIXEL_BITS-1:0] a, output logic q0, q1, output logic [2*PIXEL_BITS-1:0] product);
  logic w0, w1;
  leaf u0(.clk, .a(a[5:0]), .q(w0));
  leaf u1(.clk, .a(a[11:6]), .q(w1));
  logic [PIXEL_BITS-1:0] b;
  logic [2*PIXEL_BITS-1:0] p;
  always_ff @(posedge clk) begin
    q0 <= w0 ^ w1 ^ a[12] ^ a[13] ^ a[14] ^ a[15];
    q1 <= q0;
    b <= a;
    product <= p;
  end
  assign p = b * b;
endmodule
"""
LEAF = """
module leaf (input logic clk, input logic [5:0] a, output logic q);
  logic [5:0] held;
  always_ff @(posedge clk) held <= a;
  assign q = ^held;
endmodule
"""
MEMORY = """
module memory (input logic clk, input logic [8:0] at, input logic [71:0] in, input logic we, output logic [71:0] q);
  (* ram_style = "block" *) logic [71:0] cell_of [0:511];
  always_ff @(posedge clk) begin
    if (we) cell_of[at] <= in;
    q <= cell_of[at];
  end
endmodule
"""


def report(folder, *arguments):
    return subprocess.run([REPORT, "--rtl", folder, "--work", os.path.join(folder, "work"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300)


def measured(folder, *arguments):
    out = os.path.join(folder, "out.json")
    done = report(folder, "--json", out, *arguments)
    with open(out) as f:
        return done, json.load(f)["designs"]


def check_pair(folder):
    done, designs = measured(folder, "--module", "pair", "--bits", "16")
    assert done.returncode == 0, done.stdout
    [design] = designs
    leaf = design["modules"]["leaf"]
    assert leaf["instances"] == 2 and leaf["amount"]["FF"] == 6 and leaf["amount"]["LUT"] == 1, leaf
    assert leaf["levels"]["total"] == 1, leaf
    assert design["whole"]["FF"] == 2 * 6 + 2 + 16 + 32, design["whole"]
    assert design["whole"]["LUT"] == 3 and design["whole"]["DSP"] == 1, design["whole"]
    [pair] = [m for name, m in design["modules"].items() if name.startswith("pair")]
    assert pair["levels"]["total"] == 1, pair
    assert design["levels"]["total"] == 2 and design["levels"]["start"].startswith("u"), design["levels"]
    assert design["levels"]["beside_dsp"] == 0, design["levels"]
    assert "| leaf | 2 | 1 | 6 |" in done.stdout, done.stdout


def check_flat(folder):
    done, [design] = measured(folder, "--module", "pair", "--bits", "16", "--flat")
    assert done.returncode == 0, done.stdout
    assert design["whole"]["FF"] == 2 + 16 + 32 and design["levels"]["total"] == 2, design  # what the leaves hold, b holds as well: merged
    [(name, module)] = design["modules"].items()
    assert name == "pair" and module["instances"] == 1, design["modules"]


def check_memory(folder):
    done, [design] = measured(folder, "--module", "memory", "--bits", "16")
    assert done.returncode == 0, done.stdout
    assert design["whole"]["BRAM36"] == 1 and design["whole"]["URAM"] == 0 and design["whole"]["LUT"] == 0, design["whole"]


def check_refusals(folder):
    done, [design] = measured(folder, "--module", "slow", "--bits", "16", "--limit", "1")
    assert done.returncode == 1 and design["left_out"] == "slow", (done.stdout, design)
    assert "left out: not within 1 s" in done.stdout, done.stdout
    for wrong in (["--module", "none"], ["--bits", "8"], ["--frobnicate"]):
        done = report(folder, *wrong)
        assert done.returncode == 2, (wrong, done.stdout)
    with open(os.path.join(folder, "broken.sv"), "w") as f:
        f.write("module broken (input logic a; endmodule\n")
    done = report(folder, "--module", "broken")
    assert done.returncode == 1 and "ERROR" in done.stdout, done.stdout


def main():
    if not shutil.which("yosys"):
        print("skipped: there is no yosys")
        return 77
    # A divider of 200 bits: nothing maps that within a second.
    slow = "module slow (input logic [199:0] a, b, output logic [199:0] q);\n  assign q = a / b;\nendmodule\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("pair", PAIR), ("leaf", LEAF), ("memory", MEMORY), ("slow", slow)):
            with open(os.path.join(folder, name + ".sv"), "w") as f:
                f.write(text)
        check_pair(folder)
        check_flat(folder)
        check_memory(folder)
        check_refusals(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
