"""Who may include whom: kernels and host never each other, fpga knows kernels, pipeline everybody, nobody tests or bench; and who may see the machine.

Reads #include lines only. kernels computes: of the system it may have what computes, and liblz4. So does fpga, but for its devices, and
what simulates them in C++. Threads belong to host and to pipeline/lane.
"""
import os
import re

import house

MAY_INCLUDE = {
    "kernels": {"kernels"},
    "fpga": {"fpga", "kernels"},
    "host": {"host"},
    "pipeline": {"pipeline", "kernels", "host", "fpga"},
    "bench": {"bench", "pipeline", "kernels", "host", "fpga"},
    "tests": {"tests", "bench", "pipeline", "kernels", "host", "fpga"},
}
KERNELS_SYSTEM = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdlib.h", "string.h", "lz4.h", "immintrin.h", "x86intrin.h", "cpuid.h", "arm_neon.h",
    "stdio.h",  # for snprintf; test_kernels_alone looks that no file is touched
}
THREADS = {"pthread.h", "threads.h"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.M)


# What the build makes, and where it is included from.
MADE = re.compile(r"^fpga/registers\.h$|^V\w+\.h$")
SIMULATES = ("fpga/sim/", "fpga/simulated/")
# What only one driver of devices may have.
XRT = "fpga/devices/xrt"
DRIVERS = {"cuda_runtime_api.h": ("kernels/cuda/",), "dlfcn.h": ("kernels/opencl/", XRT), "fcntl.h": (XRT,), "poll.h": (XRT,), "signal.h": (XRT,), "time.h": (XRT,),
           "sys/wait.h": (XRT,), "unistd.h": (XRT,)}


def sees_the_machine(name):
    return not name.startswith(("kernels/", "fpga/")) or name.startswith(("fpga/devices/", *SIMULATES))


def threads_belong(name):
    return name.startswith(("host/", "pipeline/lane", "tests/", "bench/"))


def against(name, quote, target):
    """Why this line may not stand, or None."""
    room = name.split("/")[0]
    if room not in MAY_INCLUDE:
        return "C belongs in one of: " + ", ".join(MAY_INCLUDE)
    if quote == "<":
        if target.split("/")[0] in MAY_INCLUDE:
            return f'write "{target}"'
        if not sees_the_machine(name) and target not in KERNELS_SYSTEM and not name.startswith(DRIVERS.get(target, ("-",))):
            return f"{room} computes, it has no use for <{target}>"
        if target in THREADS and not threads_belong(name):
            return f"threads belong to host and pipeline/lane, not here: <{target}>"
        return None
    if MADE.match(target) and room in ("fpga", "bench", "tests", "pipeline"):
        return None if target.startswith("fpga/") or name.startswith(SIMULATES) else f"{target} is for what simulates"
    if not os.path.isfile(os.path.join(house.SOURCE, target)):
        return f'"{target}" is no file from the top folder'
    if target.split("/")[0] not in MAY_INCLUDE[room]:
        return f"{room} may not know {target}"
    return None


def main():
    seen, findings = 0, []
    for name in house.files(".c", ".h", ".cpp"):
        text = house.read(name)
        for m in INCLUDE.finditer(text):
            seen += 1
            why = against(name, m[1], m[2])
            if why:
                findings.append(f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {why}")
    house.conclude("every #include follows the arrows", seen, findings)


if __name__ == "__main__":
    main()
