"""DIALS takes our master as it is and finds in it the spots of the original: number, positions and intensities."""
import json
import os
import shutil
import subprocess
import sys

import h5py
import numpy as np

import hdf5_frames as hf

SPOTS = """
import sys, json
from dials.array_family import flex
r = flex.reflection_table.from_file(sys.argv[1])
x, y, z = r["xyzobs.px.value"].parts()
print(json.dumps(sorted(zip(list(z), list(y), list(x), list(r["intensity.sum.value"])))))
"""


def run(folder, *command):
    done = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]} {done.stderr[-3000:]}"
    return done.stdout


def spots_of(path, folder):
    os.makedirs(folder)
    said = run(folder, "dials.import", path, "output.experiments=i.expt")
    run(folder, "dials.find_spots", "i.expt", "nproc=1", "spotfinder.threshold.algorithm=dispersion", "output.reflections=s.refl")
    return np.array(json.loads(run(folder, sys.executable, "-c", SPOTS, "s.refl"))), said


def compare(folder, name, **options):
    src = f"{hf.DATA}/frames/{name}.h5"
    hf.tool("copy", src, f"{folder}/out", name, *[f"{k}={v}" for k, v in options.items()])
    ours, said = spots_of(f"{folder}/out/{name}_master.h5", f"{folder}/ours")
    theirs, _ = spots_of(src, f"{folder}/theirs")
    return ours, theirs, said


def test_thaumatin(folder):
    ours, theirs, said = compare(folder, "thaumatin_pilatus6m", frames_per_file=2)
    assert ours.shape == theirs.shape and len(ours) > 2000, (ours.shape, theirs.shape)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-9) and "stills" in said.lower()
    counts = np.bincount(ours[:, 0].astype(int), minlength=5)
    assert list(counts) == [288, 1243, 947, 351, 1], counts


def test_lcysteine_with_the_name_of_an_eiger(folder):
    ours, theirs, _ = compare(folder, "lcysteine_pilatus2m", frames_per_file=4, eiger=1)
    assert ours.shape == theirs.shape and len(ours) > 0 and np.allclose(ours, theirs, rtol=0, atol=1e-9)
    assert list(np.bincount(ours[:, 0].astype(int), minlength=10)) == [7, 9, 9, 11, 11, 16, 14, 15, 16, 14]


def test_a_rotation_is_a_scan(folder):
    src = f"{hf.DATA}/frames/lcysteine_pilatus2m.h5"
    hf.tool("copy", src, f"{folder}/out", "scan", "omega_start=5", "omega_increment=0.5", "frames_per_file=3")
    said = run(folder, "dials.import", f"{folder}/out/scan_master.h5", "output.experiments=i.expt")
    assert "sweep:    1" in said, said
    shown = run(folder, "dials.show", "i.expt")
    # The recorded frames begin with number 1, which is one increment from where the axis started.
    assert "number of images:   10" in shown and "oscillation:   {5.5,0.5}" in shown, shown


def test_unknown_geometry_can_be_imported_all_the_same(folder):
    hf.tool("copy", f"{hf.DATA}/frames/lcysteine_pilatus2m.h5", f"{folder}/out", "x", "no_geometry=1")
    run(folder, "dials.import", f"{folder}/out/x_master.h5", "geometry.detector.distance=160", "geometry.beam.wavelength=0.6889")


def test_jungfrau_of_sixteen_bits(folder):
    src = f"{hf.DATA}/frames/lysozyme_jungfrau.h5"
    hf.tool("copy", src, f"{folder}/out", "j")
    run(folder, "dials.import", f"{folder}/out/j_master.h5")
    with h5py.File(src) as a, h5py.File(f"{folder}/out/j_master.h5") as b:
        assert np.array_equal(a["entry/data/data"][()], b["entry/data/data"][()])


if __name__ == "__main__":
    if not shutil.which("dials.import") or not shutil.which("dials.find_spots"):
        print("DIALS is not installed")
        sys.exit(77)
    if not os.path.isdir(f"{hf.DATA}/frames"):
        print("no recorded data")
        sys.exit(77)
    hf.run_tests(globals(), "sluice_files_")
