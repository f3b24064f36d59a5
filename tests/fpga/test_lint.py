"""Every module of fpga/rtl is clean: no warning from Verilator at all (-Wall), and yosys reads it and finds no loop, no undriven and no doubly driven wire.

With PIXEL_BITS 16 and 32 where a module has that parameter. yosys looks at a module with all that is in it, so at those that are in no other. What a module
cannot be it refuses to be. Without Verilator or yosys the rest is skipped, by name.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

import house

RTL = "fpga/rtl"
MADE = os.path.join(os.environ["SLUICE_BUILD"], "fpga")
FEW_CORES = {"CORES": "2"}  # for yosys, to which every further decoder is the same again
REFUSED = [("adder_tree", "TERMS=3"), ("adder_tree", "TERMS=5"), ("first_largest", "TERMS=3"), ("first_largest", "TERMS=24")]


def parameters(text):
    """The names of a module's parameters."""
    return set(re.findall(r"\bparameter\s+(?:int\s+|unsigned\s+|logic\s+|\[[^\]]*\]\s*)*(\w+)\s*=", text))


def needed(module, texts):
    """The modules that it is made of, itself last."""
    found = []

    def walk(name):
        for other in texts:
            if other != name and other not in found and re.search(rf"^\s*{other}\s*(?:#\(|\w+\s*\()", texts[name], re.M):
                walk(other)
        if name not in found:
            found.append(name)

    walk(module)
    return found


def run(words, *command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=house.SOURCE)
    return f"{words}:\n{done.stdout[-3000:]}" if done.returncode else None


def lint(module, bits):
    choice = [f"-GPIXEL_BITS={bits}"] if bits else []
    return run(f"{module} {' '.join(choice)}: verilator", "verilator", "--lint-only", "-Wall", "-I" + MADE, "-y", RTL, "--top-module", module,
               *choice, f"{RTL}/{module}.sv")


def refusal(module, choice):
    done = subprocess.run(["verilator", "--lint-only", "-Wno-lint", "--top-module", module, "-G" + choice, f"{RTL}/{module}.sv"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=house.SOURCE)
    return None if done.returncode and "must be" in done.stdout else f"{module} {choice} is not refused:\n{done.stdout[-3000:]}"


def check(module, bits, texts):
    set_to = {"PIXEL_BITS": bits} if bits else {}
    set_to.update({name: value for name, value in FEW_CORES.items() if name in parameters(texts[module])})
    choice = " ".join(f"-chparam {name} {value}" for name, value in set_to.items())
    files = " ".join(f"{RTL}/{name}.sv" for name in needed(module, texts))
    script = f"read_verilog -sv -I {MADE} {files}; hierarchy -check -top {module} {choice}; proc; check -assert"
    return run(f"{module} {choice}: yosys", "yosys", "-q", "-p", script)


def main():
    texts = {os.path.basename(name)[:-3]: house.read(name) for name in house.files(".sv") if name.startswith(RTL + "/")}
    tools = [tool for tool in ("verilator", "yosys") if shutil.which(tool)]
    if not tools:
        print("neither verilator nor yosys is installed")
        sys.exit(77)
    for absent in {"verilator", "yosys"} - set(tools):
        print(f"SKIPPED: {absent} is not installed")
    jobs = [(module, bits) for module, text in texts.items() for bits in (("16", "32") if "PIXEL_BITS" in parameters(text) else (None,))]
    inner = {name for module in texts for name in needed(module, texts)[:-1]}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(check, module, bits, texts) for module, bits in jobs if "yosys" in tools and module not in inner]
        futures += [pool.submit(lint, module, bits) for module, bits in jobs if "verilator" in tools]
        futures += [pool.submit(refusal, *case) for case in REFUSED if "verilator" in tools]
        findings = list(filter(None, (future.result() for future in futures)))
    house.conclude(f"modules are clean ({', '.join(tools)})", len(futures), findings)


if __name__ == "__main__":
    main()
