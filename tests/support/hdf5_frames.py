"""Frames in HDF5 files for tests of the reader and the writer: makes them with h5py, judges them with hdf5plugin."""
import json
import os
import subprocess
import sys
import tempfile

import h5py
import hdf5plugin  # registers the filters with HDF5
import numpy as np

CODEC = {0: "none", 1: "bslz4", 2: "lz4", 3: "lz4_raw"}
TOOL = os.path.join(os.environ.get("SLUICE_BUILD", "build"), "tests", "tools", "files")
DATA = os.environ.get("SLUICE_DATA") or os.path.join(os.environ.get("SLUICE_SOURCE", "."), "..", "shared", "data")


def tool(*arguments, check=True):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    if check and done.returncode:
        raise AssertionError(f"files {arguments}: exit {done.returncode}: {done.stderr}")
    if done.returncode < 0 or "Sanitizer" in done.stderr:
        raise AssertionError(f"files {arguments}: died: {done.returncode} {done.stderr}")
    return done


def decode(payload, codec, shape, dtype):
    """A payload's pixels, decoded by the filters of hdf5plugin."""
    if codec == "none":
        return np.frombuffer(payload, dtype).reshape(shape)
    filters = hdf5plugin.Bitshuffle() if codec == "bslz4" else hdf5plugin.LZ4()
    with h5py.File("judge.h5", "w", driver="core", backing_store=False) as f:
        d = f.create_dataset("d", shape, dtype, chunks=shape, **filters)
        d.id.write_direct_chunk((0,) * len(shape), payload)
        return d[()]


def read(path):
    """What our reader says of a file, and its frames: (start, [(line, pixels or None)])."""
    with tempfile.NamedTemporaryFile() as payloads:
        lines = [json.loads(line) for line in tool("read", path, payloads.name).stdout.splitlines()]
        start, out = lines[0], []
        data = open(payloads.name, "rb").read()
    at = 0
    for line in lines[1:]:
        if "error" in line:
            out.append((line, None))
            continue
        shape, dtype = (start["height"], start["width"]), f"<u{start['elem']}"
        out.append((line, decode(data[at:at + line["len"]], CODEC[line["codec"]], shape, dtype)))
        at += line["len"]
    assert at == len(data)
    return start, out


def frames(n, shape=(37, 41), dtype="u2", seed=1):
    """Frames with Poisson background, some high pixels and masked ones; sizes whose last pixels do not fill a block of 8."""
    random = np.random.default_rng(seed)
    stack = random.poisson(3, (n, *shape)).astype(dtype)
    stack[:, ::7, ::5] = random.integers(0, np.iinfo(dtype).max, stack[:, ::7, ::5].shape, dtype, endpoint=True)
    stack[:, 3, :] = np.iinfo(dtype).max
    return stack


def run_tests(namespace, scratch_name):
    """Runs every function test_* in a folder of its own and prints their names; ends the program. A text that is returned is why one was skipped:
    then the program, too, says that it was a skip."""
    failed, skipped = 0, []
    for name, function in [(k, v) for k, v in namespace.items() if k.startswith("test_")]:
        with tempfile.TemporaryDirectory(prefix=scratch_name) as folder:
            try:
                said = function(folder)
                print(f"{name}: {'skipped: ' + said if said else 'ok'}", flush=True)
                skipped += [f"{name}: {said}"] if said else []
            except Exception:  # noqa: BLE001 - every failure is reported, then the next test runs
                import traceback
                traceback.print_exc()
                print(f"{name}: FAILED", flush=True)
                failed += 1
    if skipped and not failed:
        print("all but this passed: " + "; ".join(skipped))
    sys.exit(1 if failed else 77 if skipped else 0)
