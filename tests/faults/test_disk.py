"""The disk under a running node: full in the middle and freed again, the node killed, and which frames are stored at all. A full disk costs the frames
that found no room, counted; it ends nothing and holds up nobody."""
import contextlib
import glob
import os
import subprocess
import sys
import tempfile
import time

from node import SLUICE, Node, check_ledger, until

try:
    import h5py
    import hdf5plugin  # noqa: F401, registers the filters
    import numpy as np
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

from simulated import SMALL, Detector

ALL = ("keep.misses=full", "overload.analysis=wait")


@contextlib.contextmanager
def small_disk(mib):
    """A folder on a file system of that size; None where this user may not mount one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "sluice-test", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            yield None
            return
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def stored(folder):
    """{original number: pixels} of what the master holds, read by h5py through its links into the segments."""
    masters = glob.glob(os.path.join(folder, "*_master.h5"))
    if not masters:
        return {}
    (name,) = masters
    with h5py.File(name) as f:
        data, numbers = f["entry/data/data"][()], f["entry/data/image_id"][()]
    assert len(data) == len(numbers) == len(set(numbers.tolist()))
    return dict(zip(numbers.tolist(), data))


def results_table(folder):
    """The columns of results, and the ledger ({} where the run did not come to its end)."""
    (name,) = glob.glob(os.path.join(folder, "*_results.h5"))
    with h5py.File(name) as f:
        (channel,) = f["entry/results"].values()
        terms = f["entry/ledger"].items() if "ledger" in f["entry"] else ()
        ledger = {key: int(value[()]) for key, value in terms}
        return {key: value[()] for key, value in channel.items() if isinstance(value, h5py.Dataset) and value.shape}, ledger


def a_full_disk_costs_frames_and_nothing_else():
    with small_disk(24) as folder:
        if folder is None:
            return "skipped: a disk of its own, to fill it, needs the right to mount a file system"
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as f:
            f.write(bytes(14 << 20))
        with Node(*ALL, f"output.directory={folder}", "output.reserve_mib=0", "output.frames_per_file=50", "radial.bins=10", frames=True) as node:
            with Detector(node, *SMALL, "--codec", "none", "--frames", 400, "--rate", 80) as detector:
                until("a frame that found no room", lambda: "is not written: No space left" in node.log(), check=node.check_alive)
                os.unlink(ballast) # somebody makes room
                freed = len(node.of_type("result"))
                detector.wait()
                count = node.wait_ends(1)[0]["count"]
            node.stop()
        check_ledger(count, frames_out=True, files_out=True, received=400, analysed=400, kept=400, sent=400, written=count["written"],
                     failed=400 - count["written"], results_unwritten=count["results_unwritten"], reasons={"failed.disk_full": count["failed"]})
        assert 0 < count["failed"] < 400
        assert len(node.of_type("result")) == 400 # out of the results socket came all
        frames = stored(folder)
        assert len(frames) == count["written"], f"{len(frames)} frames in the files, {count['written']} written"
        assert any(number > freed for number in frames), "after room was made nothing was written any more"
        columns, ledger = results_table(folder)
        assert len(columns["image_id"]) == 400 - count["results_unwritten"], (len(columns["image_id"]), count)
        sums = {r["image_id"]: r["sum"] for r in node.of_type("result")}
        for number, pixels in frames.items():
            assert int(pixels[pixels < np.iinfo(pixels.dtype).max].sum(dtype=np.uint64)) == sums[number], number
    return None


def a_reserve_that_is_not_there_fails_every_frame_and_no_more():
    with tempfile.TemporaryDirectory() as folder:
        with Node(*ALL, f"output.directory={folder}", "output.reserve_mib=16777216", frames=True) as node:
            with Detector(node, *SMALL, "--frames", 200, "--rate", 500) as detector:
                detector.wait()
                count = node.wait_ends(1)[0]["count"]
        check_ledger(count, frames_out=True, files_out=True, received=200, kept=200, sent=200, written=0, failed=200, results_unwritten=200)
        assert "its files cannot be made" in node.log()


def a_killed_node_leaves_what_was_flushed():
    with tempfile.TemporaryDirectory() as folder:
        with Node(*ALL, f"output.directory={folder}", "output.frames_per_file=40", results=True) as node:
            with Detector(node, *SMALL, "--frames", 2000, "--rate", 100) as detector:
                node.wait_results(150)
                seen = {r["image_id"]: r["sum"] for r in node.of_type("result")}
                time.sleep(1) # all of these are now a second old
                node.kill()
                detector.process.kill()
        done = subprocess.run([SLUICE, "recover", folder], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not glob.glob(os.path.join(folder, "*.part")), os.listdir(folder)
        frames = stored(folder)
        missing = sorted(set(seen) - set(frames))
        assert not missing, f"frames {missing} of {len(seen)} that were a second old are not readable"
        for number, total in seen.items():
            pixels = frames[number]
            assert int(pixels[pixels < np.iinfo(pixels.dtype).max].sum(dtype=np.uint64)) == total, number
        columns, _ = results_table(folder)
        assert set(seen) <= set(columns["image_id"].tolist())


def run_into(folder, *sets):
    """One run of the same 600 frames; the numbers stored, and by the truth which are hits."""
    with Node("overload.analysis=wait", f"output.directory={folder}", *sets) as node:
        with Detector(node, *SMALL, "--frames", 600, "--rate", 500) as detector:
            count = node.wait_ends(1)[0]["count"]
            truth = detector.truth().series[0]
    check_ledger(count, files_out=True, received=600, analysed=600, failed=0)
    columns, ledger = results_table(folder)
    assert sorted(columns["image_id"].tolist()) == list(range(600)) # results of all, whatever is stored
    assert ledger["written"] == count["written"] == len(stored(folder))
    return set(stored(folder)), {f["image_id"] for f in truth.frames if f["hit"]}


def what_is_stored_is_what_was_asked_for():
    with tempfile.TemporaryDirectory() as top:
        def into(name, *sets):
            return run_into(os.path.join(top, name), *sets)
        numbers, hits = into("hits", "keep.sample_misses=0")
        assert numbers == hits and 0 < len(hits) < 600
        assert into("all", "keep.misses=full")[0] == set(range(600))
        assert into("none", "keep.hits=none", "keep.sample_misses=0")[0] == set()
        first, _ = into("sample", "keep.sample_misses=0.2")
        again, _ = into("sample_again", "keep.sample_misses=0.2")
        assert first == again and hits < first # the same frames, twice
        share = len(first - hits) / (600 - len(hits))
        assert 0.12 < share < 0.28, share


def processing_the_file_again_stores_the_same():
    with tempfile.TemporaryDirectory() as top:
        live, again = os.path.join(top, "live"), os.path.join(top, "again")
        numbers, _ = run_into(live, "keep.misses=full")
        (master,) = glob.glob(os.path.join(live, "*_master.h5"))
        done = subprocess.run([SLUICE, "process", "--quiet", master, "--out", again, "--set", "keep.misses=full"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        a, b = stored(live), stored(again)
        assert set(a) == set(b) == numbers
        assert all(np.array_equal(a[n], b[n]) for n in numbers)
        (x, _), (y, _) = results_table(live), results_table(again)
        for name in ("image_id", "sum", "n_valid", "max", "n_strong", "n_spots", "hit", "d_min", "background", "total_intensity"):
            same = np.array_equal(x[name], y[name]) if x[name].dtype.kind != "f" else np.allclose(x[name], y[name], rtol=1e-6, atol=0, equal_nan=True)
            assert same, (name, x[name][:20], y[name][:20], np.nanmax(np.abs(x[name] / y[name] - 1)))


if __name__ == "__main__":
    skipped = None
    for test in (a_full_disk_costs_frames_and_nothing_else, a_reserve_that_is_not_there_fails_every_frame_and_no_more,
                 a_killed_node_leaves_what_was_flushed, what_is_stored_is_what_was_asked_for, processing_the_file_again_stores_the_same):
        print(test.__name__, flush=True)
        skipped = test() or skipped
    if skipped:
        print(skipped)
        sys.exit(77)
