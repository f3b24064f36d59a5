"""Files of the writer hold every frame and every result, for h5py, silx and our own reader, whatever was compressed how and named what."""
import json
import os
import re

import h5py
import hdf5plugin
import numpy as np

import hdf5_frames as hf

ENTRY = "entry/data/data"


def source(path, stack, ids=None, mask=None, channels=None, **how):
    with h5py.File(path, "w") as f:
        f.create_dataset(ENTRY, data=stack, chunks=(1,) * (stack.ndim - 2) + stack.shape[-2:], **how)
        if ids is not None:
            f["entry/data/image_id"] = np.asarray(ids, "u8")
        if mask is not None:
            f["entry/instrument/detector/pixel_mask"] = mask.astype("u4")
        if channels:
            f["entry/data/channel"] = np.array([c.encode() for c in channels])
    return path


def copy(src, folder, name, **options):
    done = hf.tool("copy", src, folder, name, *[f"{k}={v}" for k, v in options.items()])
    return json.loads(done.stdout.splitlines()[-1]), [json.loads(line) for line in done.stdout.splitlines()[:-1]]


def expect_master(path, stack, ids):
    """By h5py through the virtual dataset and through the links, and by our reader."""
    with h5py.File(path, "r") as f:
        assert np.array_equal(f[ENTRY][()], stack), path
        assert list(f["entry/data/image_id"][()]) == list(ids)
        links = sorted(k for k in f["entry/data"] if re.fullmatch(r"data_\d{6}", k))
        assert np.array_equal(np.concatenate([f["entry/data"][k][()] for k in links]), stack)
        assert f["entry/data"].attrs["signal"] == b"data" and f["entry"].attrs["default"] == b"data" and f.attrs["default"] == b"entry"
        assert f["entry/instrument/detector/detectorSpecific/nimages"][()] == len(stack)
        at = 0
        for k in links:
            target = f["entry/data"][k]
            assert target.attrs["image_nr_low"] == at + 1 and target.attrs["image_nr_high"] == at + len(target)
            assert list(target.parent["image_id"][()]) == list(ids[at:at + len(target)])
            at += len(target)
    _, got = hf.read(path)
    assert [line["image_id"] for line, _ in got] == list(ids)
    assert all(np.array_equal(pixels, frame) for (_, pixels), frame in zip(got, stack))
    return got


def test_every_codec_and_type_bytes_unchanged(folder):
    for dtype in ("u1", "u2", "u4"):
        stack = hf.frames(5, dtype=dtype)
        for codec, how in (("bslz4", hdf5plugin.Bitshuffle()), ("lz4", hdf5plugin.LZ4()), ("none", {})):
            src = source(f"{folder}/src.h5", stack, ids=[3, 4, 8, 9, 20], **how)
            name = f"{dtype}_{codec}"
            end, lines = copy(src, f"{folder}/out", name, frames_per_file=2)
            assert end["appended"] == 5 and end["failed"] == 0 and end["close"] == 0 and not lines
            got = expect_master(f"{folder}/out/{name}_master.h5", stack, [3, 4, 8, 9, 20])
            assert all(hf.CODEC[line["codec"]] == codec for line, _ in got)
            with h5py.File(src) as a, h5py.File(f"{folder}/out/{name}_data_000002.h5") as b:
                if codec == "none":
                    continue
                assert a[ENTRY].id.read_direct_chunk((3, 0, 0))[1] == b[ENTRY].id.read_direct_chunk((1, 0, 0))[1]
                if codec == "bslz4":
                    assert b[ENTRY]._filters == {"32008": (0, 3, np.dtype(dtype).itemsize, 0, 2)}
            assert end["bytes"] == sum(line["len"] for line, _ in got)
    assert not [n for n in os.listdir(f"{folder}/out") if n.endswith((".part", ".new"))]


def block_as_long_as_the_frame(pixels):
    """A frame whose LZ4 block is exactly as long as the frame itself: random bytes, and as many repeated ones as save the overhead."""
    import lz4.block
    random = np.random.default_rng(5)
    for zeros in range(1, 400):
        frame = random.integers(0, 256, pixels, "u1")
        frame[100:100 + zeros] = 7
        if len(lz4.block.compress(frame.tobytes(), store_size=False)) == pixels:
            return frame
    raise AssertionError("no such frame found")


def test_headerless_lz4_gets_the_head(folder):
    stack = np.stack([block_as_long_as_the_frame(32 * 40).reshape(32, 40), hf.frames(1, (32, 40), "u1")[0], np.zeros((32, 40), "u1")])
    end, _ = copy(source(f"{folder}/src.h5", stack), f"{folder}/out", "raw", raw_lz4=1)
    assert end["appended"] == 3
    got = expect_master(f"{folder}/out/raw_master.h5", stack, range(3))
    assert all(hf.CODEC[line["codec"]] == "lz4" for line, _ in got)


def test_codec_may_change_in_a_run(folder):
    stack = hf.frames(6)
    with h5py.File(f"{folder}/src.h5", "w") as f:
        d = f.create_dataset(ENTRY, stack.shape, "<u2", chunks=(1, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
        for i in range(6):
            if i in (2, 3):
                d.id.write_direct_chunk((i, 0, 0), stack[i].tobytes(), filter_mask=1)
            else:
                d[i] = stack[i]
    copy(f"{folder}/src.h5", f"{folder}/out", "mix", frames_per_file=100)
    assert len([n for n in os.listdir(f"{folder}/out") if "_data_" in n]) == 3
    expect_master(f"{folder}/out/mix_master.h5", stack, range(6))


def test_channels_have_a_master_each(folder):
    stack = hf.frames(8).reshape(4, 2, 37, 41)
    copy(source(f"{folder}/src.h5", stack, channels=["threshold_1", "a/b"], **hdf5plugin.Bitshuffle()), f"{folder}/out", "two", frames_per_file=3)
    expect_master(f"{folder}/out/two_threshold_1_master.h5", stack[:, 0], range(4))
    expect_master(f"{folder}/out/two_a_b_master.h5", stack[:, 1], range(4))
    assert hf.read(f"{folder}/out/two_threshold_1_master.h5")[0]["channels"][0]["name"] == "threshold_1"
    with h5py.File(f"{folder}/out/two_results.h5") as f:
        assert sorted(f["entry/results"]) == ["a_b", "threshold_1"]
        assert list(f["entry/results/a_b/number"][()]) == [1, 3, 5, 7]


def test_names(folder):
    src = source(f"{folder}/src.h5", hf.frames(2))
    out = f"{folder}/deep/er"
    for name in ("run", "run", "run", "../up/../../etc/x", ".hidden", "", "a\nb c", "x" * 500, "\N{GREEK SMALL LETTER MU}"):
        copy(src, out, name)
    names = os.listdir(out)
    masters = sorted(n for n in names if n.endswith("_master.h5"))
    assert {"run_master.h5", "run_2_master.h5", "run_3_master.h5", "_._up_.._.._etc_x_master.h5", "_hidden_master.h5", "a_b_c_master.h5"} < set(masters)
    assert len(masters) == 9 and all(len(n) < 200 and not n.startswith(".") for n in names)
    assert os.listdir(f"{folder}/deep") == ["er"] and sorted(os.listdir(folder)) == ["deep", "src.h5"]


def test_age_closes_a_segment(folder):
    stack = hf.frames(4)
    copy(source(f"{folder}/src.h5", stack), f"{folder}/out", "slow", age_s=1, sleep_ms=700)
    segments = [n for n in os.listdir(f"{folder}/out") if "_data_" in n]
    assert 2 <= len(segments) <= 4, segments
    expect_master(f"{folder}/out/slow_master.h5", stack, range(4))


def test_a_run_without_frames_has_results_only(folder):
    with h5py.File(f"{folder}/src.h5", "w") as f:
        f.create_dataset(ENTRY, (0, 20, 30), "u2", maxshape=(None, 20, 30), chunks=(1, 20, 30))
    end, _ = copy(f"{folder}/src.h5", f"{folder}/out", "none")
    assert end["close"] == 0 and os.listdir(f"{folder}/out") == ["none_results.h5"]


def test_mask_geometry_and_settings(folder):
    mask = np.zeros((37, 41), "u4")
    mask[3, :] = 1
    mask[5, 5] = 16
    stack = hf.frames(2)
    src = source(f"{folder}/src.h5", stack, mask=mask)
    with h5py.File(src, "a") as f:
        d = "entry/instrument/detector"
        for name, value, units in (("distance", 0.2, "m"), ("x_pixel_size", 75e-6, "m"), ("y_pixel_size", 75e-6, "m"), ("beam_center_x", 20.5, "pixel"),
                                   ("beam_center_y", 18.25, "pixel"), ("count_time", 0.01, "s"), ("frame_time", 0.0101, "s"), ("sensor_thickness", 0.45, "mm")):
            f[f"{d}/{name}"] = value
            f[f"{d}/{name}"].attrs["units"] = units
        f[f"{d}/saturation_value"] = 50000
        f[f"{d}/description"] = "Dectris EIGER2 Si 16M"
        f["entry/instrument/beam/incident_wavelength"] = 1.1
    copy(src, f"{folder}/out", "run")
    a, b = hf.read(src)[0], hf.read(f"{folder}/out/run_master.h5")[0]
    for key in ("beam_x", "beam_y", "distance", "pixel_x", "pixel_y", "wavelength", "energy", "count_time", "frame_time", "thickness", "saturation", "description"):
        assert a[key] == b[key], (key, a[key], b[key])
    assert b["has_axes"] and np.allclose(b["origin"], [20.5 * 75e-6, 18.25 * 75e-6, 0.2]) and b["fast"] == [-1, 0, 0] and b["slow"] == [0, -1, 0]
    assert b["bit_depth_readout"] == 16
    with h5py.File(f"{folder}/out/run_master.h5") as f:
        written = f["entry/instrument/detector/pixel_mask"]
        assert np.array_equal(written[()], mask) and written.chunks is None
        assert f["entry/process/configuration/data"][()] == b"spots: {kernel: 3}\n" and f["entry/process/version"][()] == b"1.2.3"
        assert b"dectris eiger" not in f["entry/instrument/detector/description"][()].lower()
        for group, wanted in (("entry", "NXentry"), ("entry/data", "NXdata"), ("entry/instrument/detector/module", "NXdetector_module")):
            kind = f[group].attrs.get_id("NX_class").get_type()
            assert f[group].attrs["NX_class"] == wanted.encode() and not kind.is_variable_str() and kind.get_cset() == h5py.h5t.CSET_ASCII


def test_unknown_geometry_is_marked(folder):
    copy(source(f"{folder}/src.h5", hf.frames(2)), f"{folder}/out", "run", no_geometry=1)
    with h5py.File(f"{folder}/out/run_master.h5") as f:
        d = f["entry/instrument/detector"]
        for name in ("distance", "beam_center_x", "beam_center_y"):
            assert name not in d
        for item in (f["entry/instrument/beam/incident_wavelength"], d["transformations/translation"], d["sensor_material"], d["x_pixel_size"]):
            assert b"not known" in item.attrs["assumed"]
    start = hf.read(f"{folder}/out/run_master.h5")[0]
    assert not start["has_axes"] and start["material"] == ""
    assert all(start[key] is None for key in ("beam_x", "beam_y", "distance", "pixel_x", "wavelength", "energy", "thickness"))


def test_goniometer(folder):
    src = source(f"{folder}/src.h5", hf.frames(6))
    copy(src, f"{folder}/out", "scan", omega_start=10, omega_increment=0.5)
    copy(src, f"{folder}/out", "gaps", omega_start=10, omega_increment=0.5, keep_every=2)
    copy(src, f"{folder}/out", "still", omega_start=10)
    with h5py.File(f"{folder}/out/scan_master.h5") as f:
        assert f["entry/sample/depends_on"][()] == b"/entry/sample/transformations/omega"
        omega = f["entry/sample/transformations/omega"]
        assert np.allclose(omega[()], 10 + 0.5 * np.arange(6)) and np.allclose(f["entry/sample/transformations/omega_end"][()], omega[()] + 0.5)
    with h5py.File(f"{folder}/out/gaps_master.h5") as f:
        assert f["entry/sample/depends_on"][()] == b"." and np.allclose(f["entry/data/omega"][()], [10, 11, 12])
    with h5py.File(f"{folder}/out/still_master.h5") as f:
        assert f["entry/sample/depends_on"][()] == b"."
    assert hf.read(f"{folder}/out/scan_master.h5")[0]["axes"]["omega"] == [10.0, 0.5]


def expect_results(group, n, spots_of):
    i = np.arange(n)
    unanalysed = i % 11 == 5
    count = np.array([spots_of(k) for k in range(n)])
    offset = np.concatenate([[0], np.cumsum(count)[:-1]])
    for name, wanted in (("number", i), ("sum", i * i), ("status", unanalysed), ("plan_version", 1 + i // 100), ("hit", i % 2), ("spots_count", count),
                         ("spots_offset", offset), ("n_spots", count), ("start_time_s", 0.5 * i), ("payload_bytes", 10 * i), ("received_unix_ns", 1000 + i),
                         ("d_min", np.where(i % 2, 1.5, np.nan)), ("real_time_s", np.full(n, 0.25))):
        assert np.array_equal(group[name][()], wanted, equal_nan=group[name].dtype.kind == "f"), name
    assert all(r == (b"no_plan" if u else b"") for r, u in zip(group["reason"][()], unanalysed)) and set(group["engine"][()]) == {b"cpu"}
    spots = group["spots"]
    row = np.repeat(i, count)
    k = np.arange(len(row)) - np.repeat(offset, count)
    for name, wanted in (("x", row + 0.5), ("y", k), ("sum", row * 1000 + k), ("n_px", k + 3), ("max", row), ("d", np.where(k % 2, 2.5, np.nan))):
        assert np.array_equal(spots[name][()], wanted, equal_nan=name == "d"), name
    radial = group["radial"]
    assert np.array_equal(radial["bin_sum"][()], np.where(unanalysed[:, None], 0, i[:, None] * 100 + np.arange(10)))
    assert np.array_equal(radial["intensity"][()], np.where(unanalysed[:, None], np.nan, i[:, None] * np.ones(10)), equal_nan=True)
    assert np.array_equal(radial["bin_count"][()], np.where(unanalysed[:, None], 0, 4 * np.ones((n, 10))))


def test_results_of_all_frames(folder):
    src = source(f"{folder}/src.h5", hf.frames(5, (8, 9)))
    for name, n, spots in (("small", 5, 0), ("large", 3000, 0), ("crowded", 40, 17000), ("tight", 30, 16384)):
        copy(src, f"{folder}/out", name, endless=n, keep_every=3, frames_per_file=1000, **({"spots": spots} if spots else {}))
        with h5py.File(f"{folder}/out/{name}_results.h5") as f:
            expect_results(f["entry/results/default"], n, lambda i, s=spots: s if s and i % 7 == 3 else i % 5)
            assert f["entry/ledger/received"][()] == 12 and f["entry/ledger/kept.released"][()] == 3
            assert f["entry/ledger"].attrs["closed_by"] == b"end" and f["entry/ledger"].attrs["balanced"] == 1
            assert f["entry/radial/unit"][()] == b"q" and np.allclose(f["entry/radial/axis"][()], 0.1 * np.arange(10))
            assert f["entry/process/configuration/data"][()] == b"spots: {kernel: 3}\n"
            assert f["entry/results/default/d_min"].attrs["units"] == b"angstrom"


def test_silx_shows_the_frames(folder):
    try:
        import silx.io
        import silx.io.nxdata
    except ImportError:
        return "silx is not installed"
    stack = hf.frames(3)
    copy(source(f"{folder}/src.h5", stack, **hdf5plugin.Bitshuffle()), f"{folder}/out", "run")
    with silx.io.open(f"{folder}/out/run_master.h5") as f:
        data = silx.io.nxdata.get_default(f)
        assert data is not None and data.is_valid and np.array_equal(data.signal[()], stack)
    for name in ("run_data_000001.h5", "run_results.h5"):
        with silx.io.open(f"{folder}/out/{name}") as f:
            assert "entry" in f


if __name__ == "__main__":
    hf.run_tests(globals(), "sluice_files_")
