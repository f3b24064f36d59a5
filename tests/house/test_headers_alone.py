"""Every header compiles alone, twice in one file, as C17 without a warning, with gcc and with clang where it is installed."""
import concurrent.futures
import os
import shutil
import subprocess
import tempfile

import house

LIBRARIES = ["libzmq", "libcbor", "jansson", "yaml-0.1", "hdf5", "libmd", "libcurl", "libwebsockets"]
FLAGS = ["-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wno-unused-parameter"]


def library_flags():
    return subprocess.run(["pkg-config", "--cflags", *LIBRARIES], stdout=subprocess.PIPE, check=True, text=True).stdout.split()


def compile_alone(compiler, name, folder, flags):
    """What the compiler says against a file that includes nothing but the header."""
    path = os.path.join(folder, name.replace("/", "_") + ".c")
    with open(path, "w") as f:
        f.write(f'#include "{name}"\n#include "{name}"\n')
    gnu = [] if name.startswith("kernels/") else ["-D_GNU_SOURCE"]
    done = subprocess.run([compiler, *FLAGS, *gnu, "-I" + house.SOURCE, *flags, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"{name} does not compile alone with {compiler}:\n{done.stdout}" if done.returncode else None


def main():
    compilers = [c for c in ("gcc", shutil.which("clang-14") and "clang-14" or "clang") if shutil.which(c)]
    headers = house.files(".h")
    other = library_flags()
    jobs = [(c, name, [] if name.startswith("kernels/") else other) for c in compilers for name in headers]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(filter(None, pool.map(lambda job: compile_alone(job[0], job[1], folder, job[2]), jobs)))
    if len(compilers) < 2:
        print("SKIPPED: of gcc and clang one is not installed; looked with", *compilers)
    house.conclude(f"headers compile alone ({', '.join(compilers)})", len(jobs), findings)


if __name__ == "__main__":
    main()
