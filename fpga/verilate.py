"""verilate.py - runs Verilator and gathers what it writes into a fixed number of C++ files, so that the build knows their names beforehand.

usage: verilate.py N_PARTS FOLDER PREFIX VERILATOR ARGUMENT...

Afterwards FOLDER holds PREFIX.h, PREFIX_part_0.cpp to PREFIX_part_(N-1).cpp, which include Verilator's own files, about the same number of bytes each, and
PREFIX.d: what they depend on, for the build.
"""
import glob
import os
import re
import subprocess
import sys


def share(names, n_parts):
    """n_parts lists of files, the largest first to where the least is."""
    parts = [[0, []] for _ in range(n_parts)]
    for name in sorted(names, key=os.path.getsize, reverse=True):
        part = min(parts, key=lambda p: p[0])
        part[0] += os.path.getsize(name)
        part[1].append(name)
    return [sorted(part[1]) for part in parts]


def sources(folder, prefix):
    """What Verilator says it has read."""
    with open(os.path.join(folder, prefix + "__ver.d"), encoding="utf-8") as f:
        read = f.read().replace("\\\n", " ").split(":", 1)[1]
    return [name for name in re.findall(r"\S+", read.split("\n")[0]) if not name.endswith("_bin")]


def main(n_parts, folder, prefix, *command):
    os.makedirs(folder, exist_ok=True)
    for name in glob.glob(os.path.join(folder, prefix + "*.cpp")) + glob.glob(os.path.join(folder, prefix + "*.h")):
        os.remove(name)
    done = subprocess.run([*command, "--Mdir", folder, "--prefix", prefix], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        return 1
    names = glob.glob(os.path.join(folder, prefix + "*.cpp"))
    outputs = [os.path.join(folder, f"{prefix}_part_{i}.cpp") for i in range(int(n_parts))]
    for output, part in zip(outputs, share(names, int(n_parts))):
        with open(output, "w", encoding="utf-8") as f:
            f.write("".join(f'#include "{os.path.basename(name)}"\n' for name in part))
    with open(os.path.join(folder, prefix + ".d"), "w", encoding="utf-8") as f:
        f.write(outputs[0] + ": " + " ".join(sources(folder, prefix)) + "\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("usage: verilate.py N_PARTS FOLDER PREFIX VERILATOR ARGUMENT...")
    sys.exit(main(*sys.argv[1:]))
