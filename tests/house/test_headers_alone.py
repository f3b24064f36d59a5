"""Every header compiles alone, twice in one file, as C17 without a warning, with gcc and with clang where it is installed.

Those of the FPGA's benches are C++17, for g++, where Verilator is installed.
"""
import concurrent.futures
import os
import shutil
import subprocess
import tempfile

import house

CPLUSPLUS = ("fpga/sim/", "fpga/simulated/memory_ports.h")
LIBRARIES = ["libzmq", "libcbor", "jansson", "yaml-0.1", "hdf5", "libmd", "libcurl", "libwebsockets"]
FLAGS = ["-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wno-unused-parameter"]
CPLUSPLUS_FLAGS = ["-std=c++17", *(flag for flag in FLAGS if not flag.startswith("-std=") and flag != "-Wstrict-prototypes")]


def library_flags():
    return subprocess.run(["pkg-config", "--cflags", *LIBRARIES], stdout=subprocess.PIPE, check=True, text=True).stdout.split()


def verilator_flags():
    """Where Verilator's own headers are; empty without it."""
    if not shutil.which("verilator"):
        return []
    root = subprocess.run(["verilator", "--getenv", "VERILATOR_ROOT"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    return ["-isystem", root + "/include"]


def compile_alone(compiler, name, folder, flags):
    """What the compiler says against a file that includes nothing but the header."""
    cplusplus = name.startswith(CPLUSPLUS)
    path = os.path.join(folder, name.replace("/", "_") + (".cpp" if cplusplus else ".c"))
    with open(path, "w") as f:
        f.write(f'#include "{name}"\n#include "{name}"\n')
    gnu = [] if name.startswith("kernels/") else ["-D_GNU_SOURCE"]
    done = subprocess.run([compiler, *(CPLUSPLUS_FLAGS if cplusplus else FLAGS), *gnu, "-I" + house.SOURCE, "-I" + os.environ.get("SLUICE_BUILD", "build"), *flags, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"{name} does not compile alone with {compiler}:\n{done.stdout}" if done.returncode else None


def main():
    compilers = [c for c in ("gcc", shutil.which("clang-14") and "clang-14" or "clang") if shutil.which(c)]
    headers = [name for name in house.files(".h") if not name.startswith(CPLUSPLUS)]
    other = library_flags()
    jobs = [(c, name, [] if name.startswith("kernels/") else other) for c in compilers for name in headers]
    jobs += [("g++", name, verilator_flags()) for name in house.files(".h") if name.startswith(CPLUSPLUS) and shutil.which("g++") and verilator_flags()]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(filter(None, pool.map(lambda job: compile_alone(job[0], job[1], folder, job[2]), jobs)))
    if len(compilers) < 2:
        print("SKIPPED: of gcc and clang one is not installed; looked with", *compilers)
    house.conclude(f"headers compile alone ({', '.join(compilers)})", len(jobs), findings)


if __name__ == "__main__":
    main()
