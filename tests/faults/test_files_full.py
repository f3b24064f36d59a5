"""A full disk and a failing write cost the frames that found no room, each counted; the writer goes on, and all it wrote can be read."""
import json
import os
import resource
import signal
import subprocess
import threading
import time

import h5py
import numpy as np

import hdf5_frames as hf

ENTRY = "entry/data/data"
ENOSPC, EIO = -28, -5
STACK = hf.frames(20, (256, 256))  # 128 KiB each, uncompressed


def source(folder):
    path = f"{folder}/src.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset(ENTRY, data=STACK, chunks=(1, 256, 256))
    return path


def mount(folder, mib):
    disk = f"{folder}/disk"
    os.makedirs(disk)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "sluice_test", disk], capture_output=True, text=True)
    return disk if done.returncode == 0 else None


def lines_of(process_output):
    return [json.loads(line) for line in process_output.splitlines()]


def expect_written(master, failed, total):
    ids = [i for i in range(total) if i not in failed]
    with h5py.File(master) as f:
        assert list(f["entry/data/image_id"][()]) == ids
        for k, i in enumerate(ids):
            assert np.array_equal(f[ENTRY][k], STACK[i % len(STACK)]), i


def test_full_disk(folder):
    disk = mount(folder, 16)
    if not disk:
        return "a file system cannot be mounted here"
    try:
        lines = lines_of(hf.tool("copy", source(folder), disk, "run", "endless=400", "frames_per_file=10").stdout)
        failed = {line["frame"] for line in lines if "frame" in line}
        assert 250 < len(failed) < 350 and all(line["rc"] == ENOSPC for line in lines if "rc" in line), (len(failed), lines[-3:])
        assert lines[-1]["failed"] == len(failed) and lines[-1]["appended"] == 400 - len(failed)
        # A master may have found no room: then recovery makes it once there is some.
        free = os.statvfs(disk)
        assert free.f_bavail > 0
        if not os.path.exists(f"{disk}/run_master.h5"):
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            hf.tool("recover", disk)
        expect_written(f"{disk}/run_master.h5", failed, 400)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_room_that_comes_back_is_used(folder):
    disk = mount(folder, 12)
    if not disk:
        return "a file system cannot be mounted here"
    try:
        arguments = [hf.TOOL, "copy", source(folder), disk, "run", "endless=400", "sleep_ms=5", "frames_per_file=10"]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        seen, n_failed = [], 0
        for line in process.stdout:
            seen.append(json.loads(line))
            n_failed += "frame" in seen[-1]
            if n_failed == 20:
                subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        assert process.wait() == 0
        failed = {line["frame"] for line in seen if "frame" in line}
        assert 20 <= len(failed) < 200 and seen[-1]["failed"] == len(failed) and seen[-1]["close"] == 0, seen[-1]
        assert not [line for line in seen if "row" in line]
        expect_written(f"{disk}/run_master.h5", failed, 400)
        with h5py.File(f"{disk}/run_results.h5") as f:
            assert np.array_equal(f["entry/results/default/number"][()], np.arange(400))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_the_reserve_is_kept(folder):
    disk = mount(folder, 32)
    if not disk:
        return "a file system cannot be mounted here"
    try:
        hf.tool("copy", source(folder), disk, "run", "endless=400", "frames_per_file=10", f"reserve={12 << 20}")
        free = os.statvfs(disk)
        assert free.f_bavail * free.f_frsize >= 12 << 20
    finally:
        subprocess.run(["umount", disk], check=True)


def test_writes_that_fail_inside_hdf5(folder):
    """No file may grow beyond 1 MiB: HDF5 itself meets the error, in the middle of a segment."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    arguments = [hf.TOOL, "copy", source(folder), f"{folder}/out", "run", "endless=60", "frames_per_file=1000"]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit, timeout=100)
    assert done.returncode == 0, (done.returncode, done.stderr[-500:], done.stdout[-500:])
    lines = lines_of(done.stdout)
    failed = {line["frame"] for line in lines if "frame" in line}
    assert 0 < len(failed) < 30 and all(line["rc"] in (EIO, ENOSPC) for line in lines if "frame" in line), (failed, lines[-1])
    hf.tool("recover", f"{folder}/out")
    with h5py.File(f"{folder}/out/run_master.h5") as f:
        ids = f["entry/data/image_id"][()].tolist()
        for k, i in enumerate(ids):
            assert np.array_equal(f[ENTRY][k], STACK[i % len(STACK)]), i
    print(f"{len(failed)} frames failed, {len(ids)} of {60 - len(failed)} can be read")
    assert ids == [i for i in range(60) if i not in failed]
    with h5py.File(f"{folder}/out/run_results.h5") as f:
        assert np.array_equal(f["entry/results/default/number"][()], np.arange(60))


def test_a_directory_that_cannot_be_written(folder):
    src = source(folder)
    open(f"{folder}/file", "w").close()
    for where in (f"{folder}/file", f"{folder}/file/below", "/proc/nowhere"):
        done = hf.tool("copy", src, where, "run", check=False)
        assert done.returncode == 1 and where in done.stderr, done


if __name__ == "__main__":
    hf.run_tests(globals(), "sluice_full_")
