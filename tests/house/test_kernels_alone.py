"""kernels/ builds alone, from a tree that holds nothing else, with a C compiler and liblz4, and touches neither files nor the machine.

What the built archive asks of others must be on the list of what computes, and it must keep no variable of its own.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import house

# memory, text, numbers, mathematics, liblz4, and what compilers add
COMPUTES = re.compile(
    r"^(?:mem\w+|str\w+|__(?:isoc99_|isoc23_)?(?:str|mem|sscanf|snprintf|vsnprintf)\w*|\w*snprintf|\w*sscanf|malloc|calloc|realloc|aligned_alloc|"
    r"posix_memalign|free|qsort|bsearch|labs|abs|ato[fil]|isalpha|isdigit|toupper|tolower|__ctype_\w+|__errno_location|__assert_fail|abort|"
    r"LZ4_\w+|__stack_chk_fail|__cpu_(?:model|features2|indicator_init)|_GLOBAL_OFFSET_TABLE_|"
    r"(?:a?(?:sin|cos|tan)h?|sincos|atan2|exp2?|expm1|log(?:2|10|1p)?|pow|sqrt|cbrt|hypot|f(?:ma|min|max|mod|dim)|floor|ceil|trunc|l?l?round|l?l?rint|nearbyint|"
    r"ldexp|frexp|erfc?|lgamma|tgamma|isnan|isinf|copysign|nextafter)[fl]?)$")
LOADS = re.compile(r"^(?:opencl|library)\S*:dl(?:open|sym)$")  # OpenCL's loader, found when the program runs
VARIABLE_SECTIONS = re.compile(r"^(?:\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        print("failed:", *command)
        sys.exit(1)
    return done.stdout


def build(folder):
    shutil.copy(os.path.join(house.SOURCE, "CMakeLists.txt"), folder)
    for name in house.files():
        if name.startswith("kernels/"):
            os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
            shutil.copy(os.path.join(house.SOURCE, name), os.path.join(folder, name))
    tree = os.path.join(folder, "build")
    run("cmake", "-G", "Ninja", "-S", folder, "-B", tree, "-DSLUICE_KERNELS_ONLY=ON", "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", "-DPKG_CONFIG_EXECUTABLE=/nonexistent")
    run("cmake", "--build", tree)
    return os.path.join(tree, "kernels", "libsluice_kernels.a")


def asked_of_others(archive):
    """Undefined symbols that no member of the archive defines, with the member that asks."""
    member, wanted, defined = "", {}, set()
    for line in run("nm", archive).splitlines():
        if line.endswith(":"):
            member = line[:-1]
        m = re.match(r"^[0-9a-f ]*\s([A-Za-z])\s+(\S+)$", line)
        if m and m[1] in "Uw":
            wanted.setdefault(m[2], member)
        elif m:
            defined.add(m[2])
    return {symbol: member for symbol, member in wanted.items() if symbol not in defined}


def variables(archive):
    member = ""
    for line in run("objdump", "-t", archive).splitlines():
        if ": " in line and "file format" in line:
            member = line.split(":")[0]
        m = re.match(r"^[0-9a-f]{16} (.{7}) (\S+)\s+[0-9a-f]{16} (\S+)$", line)
        if m and "d" not in m[1] and VARIABLE_SECTIONS.match(m[2]):  # d: the section's own name
            yield f"{member}: {m[3]} is a variable that outlives its function ({m[2]})"


def main():
    with tempfile.TemporaryDirectory() as folder:
        archive = build(folder)
        asked = asked_of_others(archive)
        findings = [f"{member}: {symbol} is not on the list of what computes" for symbol, member in sorted(asked.items())
                    if not COMPUTES.match(symbol) and not LOADS.match(f"{member}:{symbol}")]
        findings += variables(archive)
    house.conclude("kernels stands alone (symbols asked of others)", len(asked), findings)


if __name__ == "__main__":
    main()
