"""A writer killed with kill -9 at any moment leaves every frame and row that was flushed; one command makes the files whole."""
import json
import os
import random
import signal
import subprocess
import sys
import time

import h5py
import hdf5plugin
import numpy as np

import hdf5_frames as hf

ENTRY = "entry/data/data"
SEED = int(os.environ.get("SLUICE_SEED", time.time_ns() % 100000))
STACK = hf.frames(16, (64, 96))
CHANNELS = {1: [""], 2: ["_channel_1", "_channel_2"]}


def source(folder, n_channels):
    path = f"{folder}/src{n_channels}.h5"
    stack = STACK if n_channels == 1 else STACK.reshape(8, 2, 64, 96)
    with h5py.File(path, "w") as f:
        f.create_dataset(ENTRY, data=stack, chunks=(1,) * (stack.ndim - 2) + stack.shape[-2:], **hdf5plugin.Bitshuffle())
    return path


def kill_after(src, out, seconds, **options):
    """Starts a copy without end, kills it, and returns the last promise it made: frames and rows."""
    arguments = [hf.TOOL, "copy", src, out, "run", "endless=1e9", "tick_every=20", *[f"{k}={v}" for k, v in options.items()]]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said = process.communicate()[0].splitlines()
    assert process.returncode == -signal.SIGKILL, (process.returncode, said[-3:])
    promises = []
    for line in said:
        try:
            promises.append(json.loads(line))
        except json.JSONDecodeError:
            pass  # the last line was cut
    assert all("promised" in p for p in promises), [p for p in promises if "promised" not in p][:3]
    return (promises[-1]["promised"], promises[-1]["rows"]) if promises else (0, 0)


def expect_prefix(master, per_channel, channel, n_channels):
    stack = STACK if n_channels == 1 else STACK.reshape(8, 2, 64, 96)[:, channel]
    with h5py.File(master) as f:
        n = len(f[ENTRY])
        assert n >= per_channel, (n, per_channel)
        assert list(f["entry/data/image_id"][()]) == list(range(n))
        for i in list(range(0, n, max(1, n // 50))) + [n - 1]:
            assert np.array_equal(f[ENTRY][i], stack[i % len(stack)]), i
        assert sum(len(f["entry/data"][k]) for k in f["entry/data"] if k.startswith("data_")) == n
    return n


def expect_results(path, rows, n_channels):
    with h5py.File(path) as f:
        total = 0
        for name, group in f["entry/results"].items():
            lengths = {k: len(d) for k, d in group.items() if isinstance(d, h5py.Dataset) and d.ndim}
            lengths.update({k: len(d) for k, d in group["radial"].items()})
            assert len(set(lengths.values())) == 1, lengths
            n = lengths["number"]
            total += n
            number = group["number"][()]
            assert np.array_equal(number, np.arange(n) * n_channels + number[0])
            assert np.array_equal(group["sum"][()], number * number)
            ends = group["spots_offset"][()] + group["spots_count"][()]
            assert len(set(len(d) for d in group["spots"].values())) == 1 and ends[-1] <= len(group["spots/x"])
            owner = np.repeat(number, group["spots_count"][()].astype(int))
            assert np.array_equal(group["spots/x"][:ends[-1]], owner + 0.5)
        assert total >= rows, (total, rows)


def kill_and_recover(folder, i, seconds, n_channels, **options):
    out = f"{folder}/out{i}"
    promised, rows = kill_after(source(folder, n_channels), out, seconds, **options)
    # Directly: a part can be read as it lies there, by those who read files that are being written. One of less than its first 2 KiB was killed
    # while it was made, before there was a frame in it.
    for name in os.listdir(out):
        if "_data_" in name and name.endswith(".part") and os.path.getsize(f"{out}/{name}") >= 2048:
            with h5py.File(f"{out}/{name}", "r", swmr=True, libver="latest") as f:
                assert len(f[ENTRY]) >= 0
    said = hf.tool("recover", out).stdout
    assert not [n for n in os.listdir(out) if n.endswith((".part", ".new"))], (os.listdir(out), said)
    n = 0
    for c, suffix in enumerate(CHANNELS[n_channels]):
        master = f"{out}/run{suffix}_master.h5"
        if promised or os.path.exists(master):
            n += expect_prefix(master, promised // n_channels, c, n_channels)
    if os.path.exists(f"{out}/run_results.h5") and rows:
        expect_results(f"{out}/run_results.h5", rows, n_channels)
    print(f"killed after {seconds:.3f} s: {promised} promised, {n} recovered")
    return promised


def test_killed_at_any_moment(folder):
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    most = 0
    for i in range(8):
        most = max(most, kill_and_recover(folder, i, chance.uniform(0.05, 0.8), 1 + i % 2, frames_per_file=chance.choice([7, 100, 1000, 100000])))
    assert most > 0, "no run came far enough to promise anything"


def test_the_living_are_left_alone(folder):
    out = f"{folder}/out"
    arguments = [hf.TOOL, "copy", source(folder, 1), out, "run", "endless=300", "sleep_ms=10", "tick_every=5", "frames_per_file=50"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    while not os.path.exists(f"{out}/run_data_000002.h5.part"):
        time.sleep(0.02)
    said = hf.tool("recover", out).stdout
    assert "is being written" in said and os.path.exists(f"{out}/run_results.h5.part"), said
    last = json.loads(process.communicate()[0].splitlines()[-1])
    assert process.returncode == 0 and last["failed"] == 0 and last["close"] == 0, last
    assert expect_prefix(f"{out}/run_master.h5", 300, 0, 1) == 300
    assert hf.tool("recover", out).stdout == ""


def test_damaged_parts_are_said_and_left(folder):
    out = f"{folder}/out"
    promised, _ = kill_after(source(folder, 1), out, 0.5, frames_per_file=30)
    parts = [n for n in os.listdir(out) if "_data_" in n and n.endswith(".part")]
    open(f"{out}/run_data_900000.h5.part", "wb").write(os.urandom(5000))
    open(f"{out}/other_results.h5.part", "wb").write(b"\x89HDF\r\n\x1a\n\3\x08\x08\5" + b"\xff" * 90)
    open(f"{out}/never_results.h5.part", "wb").close()
    done = hf.tool("recover", out, check=False)
    assert done.returncode == 1 and "run_data_900000.h5.part: cannot be opened" in done.stdout and "other_results.h5.part: cannot be opened" in done.stdout
    assert "never_results.h5.part: empty" in done.stdout and not os.path.exists(f"{out}/never_results.h5.part")
    assert os.path.exists(f"{out}/run_data_900000.h5.part") and not os.path.exists(f"{out}/{parts[0]}" if parts else "")
    if promised:
        expect_prefix(f"{out}/run_master.h5", promised, 0, 1)


if __name__ == "__main__":
    hf.run_tests(globals(), "sluice_killed_")
    sys.exit(0)
