"""Recorded files of every form are read frame by frame as h5py reads them, with their numbers and metadata; hostile ones are refused in words."""
import os

import h5py
import hdf5plugin
import numpy as np

import hdf5_frames as hf

ENTRY = "entry/data/data"


def write_plain(path, stack, name=ENTRY, **how):
    with h5py.File(path, "w") as f:
        f.create_dataset(name, data=stack, **how)


def expect_frames(path, stack, codec=None, ids=None):
    start, got = hf.read(path)
    assert start["n_frames"] * start["n_channels"] == len(got) == len(stack), (start, len(got))
    for i, (line, pixels) in enumerate(got):
        assert "error" not in line, line
        assert np.array_equal(pixels, stack[i]), f"frame {i} differs"
        if codec:
            assert hf.CODEC[line["codec"]] == codec, line
        if ids is not None:
            assert line["image_id"] == ids[i], line
    return start, got


def expect_refusal(path, *words):
    done = hf.tool("read", path, check=False)
    assert done.returncode == 1 and done.stderr.strip(), done
    for word in words:
        assert word in done.stderr, f"{word!r} not in {done.stderr!r}"


def test_every_codec_and_type(folder):
    path = f"{folder}/a.h5"
    for dtype in ("u1", "u2", "u4"):
        stack = hf.frames(3, dtype=dtype)
        chunk = (1, *stack.shape[1:])
        for codec, how in (("bslz4", dict(chunks=chunk, **hdf5plugin.Bitshuffle())), ("lz4", dict(chunks=chunk, **hdf5plugin.LZ4())),
                           ("none", dict(chunks=chunk)), ("none", dict()), ("none", dict(chunks=chunk, compression="gzip")),
                           ("none", dict(chunks=chunk, compression="gzip", shuffle=True))):
            write_plain(path, stack, **how)
            expect_frames(path, stack, codec, range(3))


def test_chunks_that_are_no_frames_and_other_byte_orders(folder):
    stack = hf.frames(7, (40, 48), "u2")
    path = f"{folder}/a.h5"
    for chunk in ((2, 40, 48), (1, 20, 24), (3, 7, 48)):
        for how in (hdf5plugin.Bitshuffle(), hdf5plugin.LZ4(), dict(compression="gzip"), {}):
            write_plain(path, stack, chunks=chunk, **how)
            expect_frames(path, stack, "none")
    for how in (dict(chunks=(1, 40, 48), **hdf5plugin.Bitshuffle()), {}):
        write_plain(path, stack.astype(">u2"), **how)
        expect_frames(path, stack, "none")


def test_chunks_whose_filter_was_left_out(folder):
    stack = hf.frames(2)
    path = f"{folder}/a.h5"
    with h5py.File(path, "w") as f:
        d = f.create_dataset(ENTRY, stack.shape, "<u2", chunks=(1, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
        d[0] = stack[0]
        d.id.write_direct_chunk((1, 0, 0), stack[1].tobytes(), filter_mask=1)
    _, got = expect_frames(path, stack)
    assert [hf.CODEC[line["codec"]] for line, _ in got] == ["bslz4", "none"]


def test_where_the_data_may_lie(folder):
    stack = hf.frames(2)
    path = f"{folder}/a.h5"
    for name in ("entry/instrument/detector/data", "some/where/images", "data"):
        write_plain(path, stack, name)
        expect_frames(path, stack)
    write_plain(path, stack[0], "image")
    expect_frames(path, stack[:1])
    with h5py.File(path, "w") as f:
        f["a"] = stack
        f["b"] = stack
    expect_refusal(path, "which one")
    with h5py.File(path, "w") as f:
        f["entry/x"] = 1.0
    expect_refusal(path, "no image data")


def segments(folder, counts, dtype="u2"):
    stack = hf.frames(sum(counts), dtype=dtype)
    at = 0
    for k, n in enumerate(counts):
        with h5py.File(f"{folder}/s_data_{k + 1:06d}.h5", "w") as f:
            d = f.create_dataset(ENTRY, data=stack[at:at + n], chunks=(1, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
            d.attrs["image_nr_low"], d.attrs["image_nr_high"] = at + 1, at + n
        at += n
    return stack


def link_master(folder, n, n_images, place=""):
    path = f"{folder}/s_master.h5"
    with h5py.File(path, "w") as f:
        for k in range(n):
            f[f"entry/data/data_{k + 1:06d}"] = h5py.ExternalLink(f"{place}s_data_{k + 1:06d}.h5", ENTRY)
        f["entry/instrument/detector/detectorSpecific/nimages"] = n_images
        f["entry/instrument/detector/detectorSpecific/ntrigger"] = 1
    return path


def test_eiger_master_with_links(folder):
    stack = segments(folder, [3, 3, 2])
    expect_frames(link_master(folder, 3, 8), stack, "bslz4", range(8))
    # Moved as a whole: the links name the old place.
    expect_frames(link_master(folder, 3, 8, "/no/such/place/"), stack, "bslz4", range(8))
    with h5py.File(f"{folder}/s_data_000002.h5", "w") as f:
        f[ENTRY] = hf.frames(3, (10, 10))
    expect_refusal(f"{folder}/s_master.h5", "another size")


def test_a_missing_file_costs_its_own_frames_only(folder):
    stack = segments(folder, [3, 3, 2])
    path = link_master(folder, 3, 8)
    os.remove(f"{folder}/s_data_000002.h5")
    _, got = hf.read(path)
    assert ["error" in line for line, _ in got] == [False] * 3 + [True] * 3 + [False] * 2
    assert "s_data_000002.h5" in got[3][0]["error"] and "missing" in got[3][0]["error"]
    assert np.array_equal(got[7][1], stack[7])
    os.remove(f"{folder}/s_data_000003.h5")
    _, got = hf.read(path)
    assert ["error" in line for line, _ in got] == [False] * 3 + [True] * 5
    os.remove(f"{folder}/s_data_000001.h5")
    expect_refusal(path, "s_data_00000", "missing")


def test_virtual_three_dimensions(folder):
    stack = segments(folder, [3, 2])
    layout = h5py.VirtualLayout(stack.shape, "u2")
    layout[:3] = h5py.VirtualSource(f"{folder}/s_data_000001.h5", ENTRY, (3, *stack.shape[1:]))
    layout[3:] = h5py.VirtualSource("s_data_000002.h5", ENTRY, (2, *stack.shape[1:]))
    with h5py.File(f"{folder}/v.h5", "w") as f:
        f.create_virtual_dataset(ENTRY, layout)
    expect_frames(f"{folder}/v.h5", stack, "bslz4", range(5))
    # A virtual dataset of a virtual dataset, interleaved.
    layout = h5py.VirtualLayout((4, *stack.shape[1:]), "u2")
    v = h5py.VirtualSource("v.h5", ENTRY, stack.shape)
    layout[0::2] = v[0:2]
    layout[1::2] = v[3:5]
    with h5py.File(f"{folder}/w.h5", "w") as f:
        f.create_virtual_dataset(ENTRY, layout)
    expect_frames(f"{folder}/w.h5", stack[[0, 3, 1, 4]], "bslz4")
    os.remove(f"{folder}/s_data_000002.h5")
    _, got = hf.read(f"{folder}/v.h5")
    assert ["error" in line for line, _ in got] == [False] * 3 + [True] * 2 and "missing" in got[4][0]["error"]


def test_virtual_without_end(folder):
    stack = segments(folder, [5])
    with h5py.File(f"{folder}/s_data_000001.h5", "r+") as f:
        del f[ENTRY]
        f.create_dataset(ENTRY, data=stack, chunks=(1, *stack.shape[1:]), maxshape=(None, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
    layout = h5py.VirtualLayout((5, *stack.shape[1:]), "u2", maxshape=(None, *stack.shape[1:]))
    source = h5py.VirtualSource("s_data_000001.h5", ENTRY, stack.shape, maxshape=(None, *stack.shape[1:]))
    layout[:h5py.h5s.UNLIMITED] = source[:h5py.h5s.UNLIMITED]
    with h5py.File(f"{folder}/v.h5", "w") as f:
        f.create_virtual_dataset(ENTRY, layout)
    expect_frames(f"{folder}/v.h5", stack, "bslz4")


def test_virtual_four_dimensions(folder):
    n, c = 4, 2
    stack = segments(folder, [8])
    shape = stack.shape[1:]
    source = h5py.VirtualSource("s_data_000001.h5", ENTRY, stack.shape)
    layout = h5py.VirtualLayout((n, c, *shape), "u2")
    for channel in range(c):
        layout[:, channel] = source[channel::c]
    with h5py.File(f"{folder}/v.h5", "w") as f:
        f.create_virtual_dataset(ENTRY, layout)
        f["entry/data/channel"] = np.array([b"threshold_1", b"threshold_2"])
        f["entry/data/image_id"] = np.array([5, 6, 9, 12], "u8")
        f["entry/instrument/detector/threshold_1_channel/threshold_energy"] = 4000.0
    start, got = expect_frames(f"{folder}/v.h5", stack, "bslz4", [5, 5, 6, 6, 9, 9, 12, 12])
    assert [x["name"] for x in start["channels"]] == ["threshold_1", "threshold_2"]
    assert start["channels"][0]["threshold"] == 4000.0 and start["channels"][1]["threshold"] is None
    assert [line["name"] for line, _ in got[:2]] == ["threshold_1", "threshold_2"]
    # The same from a file that is four-dimensional itself.
    with h5py.File(f"{folder}/four.h5", "w") as f:
        f.create_dataset(ENTRY, data=stack.reshape(n, c, *shape), chunks=(1, 1, *shape), **hdf5plugin.Bitshuffle())
    layout = h5py.VirtualLayout((n, c, *shape), "u2")
    layout[...] = h5py.VirtualSource("four.h5", ENTRY, (n, c, *shape))
    with h5py.File(f"{folder}/v.h5", "w") as f:
        f.create_virtual_dataset(ENTRY, layout)
    for path in ("four.h5", "v.h5"):
        expect_frames(f"{folder}/{path}", stack, "bslz4")


def vector(f, name, value, units, kind, axis, depends_on, **attributes):
    d = f.create_dataset(name, data=value)
    d.attrs.update(units=units, transformation_type=kind, vector=axis, depends_on=depends_on, **attributes)


def write_geometry(f):
    d = "/entry/instrument/detector"
    for name, value, units in ((f"{d}/distance", 250.0, "mm"), (f"{d}/x_pixel_size", 75.0, "um"), (f"{d}/y_pixel_size", 75e-6, "m"),
                               ("entry/instrument/beam/incident_energy", 12.0, "keV"), (f"{d}/count_time", 10.0, "ms"),
                               (f"{d}/sensor_thickness", 450.0, "um"), (f"{d}/beam_center_x", 9.5, "pixel")):
        f[name] = value
        f[name].attrs["units"] = units
    m = f"{d}/module"
    f.create_group(m).attrs["NX_class"] = "NXdetector_module"
    f[f"{m}/data_origin"] = [0, 0]
    f[f"{m}/data_size"] = [30, 20]
    vector(f, f"{m}/fast_pixel_direction", 75.0, "um", "translation", (-1.0, 0, 0), f"{d}/transformations/translation",
           offset=(0.71, 1.1, 0.0), offset_units="mm")
    vector(f, f"{m}/slow_pixel_direction", 75.0, "um", "translation", (0, -1.0, 0), f"{d}/transformations/translation")
    vector(f, f"{d}/transformations/translation", 250.0, "mm", "translation", (0, 0, 1.0), "two_theta")
    vector(f, f"{d}/transformations/two_theta", 0.5235987755982988, "rad", "rotation", (0, 1.0, 0), ".")


def test_metadata_units_and_the_chain_of_axes(folder):
    path = f"{folder}/a.h5"
    d = "/entry/instrument/detector"
    write_plain(path, hf.frames(3, (30, 20)))
    with h5py.File(path, "a") as f:
        write_geometry(f)
        f[f"{d}/saturation_value"] = 60000
        f[f"{d}/bit_depth_readout"] = 16
        f[f"{d}/sensor_material"] = "CdTe"
        f[f"{d}/pixel_mask"] = np.eye(30, 20, dtype="i4") * -2**31
        f["entry/sample/transformations/omega"] = np.array([10.0, 10.25, 10.5])
        f["entry/sample/transformations/omega"].attrs["units"] = "deg"
    start, _ = hf.read(path)

    def close(a, b):
        return np.allclose(a, b, rtol=1e-9, atol=1e-12)
    assert close(start["distance"], 0.25) and close([start["pixel_x"], start["pixel_y"]], 75e-6) and close(start["thickness"], 450e-6)
    assert close(start["wavelength"], 12398.419843320026 / 12000) and close(start["count_time"], 0.01) and start["beam_x"] == 9.5
    assert start["saturation"] == 60000 and start["bit_depth_readout"] == 16 and start["material"] == "CdTe"
    assert start["axes"]["omega"] == [10.0, 0.25] and start["channels"][0]["masked"] == 20
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    assert start["has_axes"] and close(start["fast"], turn @ [-1, 0, 0]) and close(start["slow"], [0, -1, 0])
    assert close(start["origin"], turn @ [0.71e-3, 1.1e-3, 0.25])
    # A loop of axes, and a module that stands in the sample, are no placement.
    with h5py.File(path, "a") as f:
        f[f"{d}/transformations/two_theta"].attrs["depends_on"] = f"{d}/transformations/translation"
    assert not hf.read(path)[0]["has_axes"]
    with h5py.File(path, "a") as f:
        f[f"{d}/module/fast_pixel_direction"].attrs["depends_on"] = "."
    assert not hf.read(path)[0]["has_axes"]


def test_refused_in_words(folder):
    path = f"{folder}/a.h5"
    for stack, word in ((hf.frames(1).astype("i4"), "signed"), (hf.frames(1).astype("f4"), "floating-point"),
                        (hf.frames(1).astype("u8"), "8, 16 or 32"), (np.zeros(10, "u2"), "dimensions"),
                        (np.zeros((1, 1, 1, 2, 3), "u2"), "dimensions"), (np.zeros((2, 9, 20, 20), "u2"), "channels"),
                        (np.zeros((2, 0, 20), "u2"), "limits")):
        write_plain(path, stack)
        expect_refusal(path, word)
    for shape, chunks, word in (((1 << 20, 60000, 60000), (1, 100, 100), "limits"), ((1 << 50, 10, 10), (1, 10, 10), "limits"),
                                ((900, 2000, 2000), (300, 2000, 600), "1 GiB")):
        with h5py.File(path, "w") as f:
            f.create_dataset(ENTRY, shape, "u4", chunks=chunks)
        expect_refusal(path, word)
    write_plain(path, hf.frames(1), chunks=(1, 37, 41), **hdf5plugin.Bitshuffle(cname="none"))
    expect_refusal(path, "only LZ4")
    with h5py.File(path, "w") as f:  # a filter that nobody has
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_chunk((1, 37, 41))
        layout.set_filter(hdf5plugin.BSHUF_ID, h5py.h5z.FLAG_MANDATORY, (0, 2))
        h5py.h5d.create(f.create_group("entry/data").id, b"data", h5py.h5t.STD_U16LE, h5py.h5s.create_simple((1, 37, 41)), layout)
    content = open(path, "rb").read()
    assert content.count((32008).to_bytes(2, "little")) == 1
    open(path, "wb").write(content.replace((32008).to_bytes(2, "little"), (32999).to_bytes(2, "little")))
    expect_refusal(path, "32999", "not installed")
    write_plain(path, hf.frames(1))
    with h5py.File(path, "a") as f:
        f["entry/instrument/detector/pixel_mask"] = np.zeros((5, 5), "u4")
    expect_refusal(path, "pixel_mask")
    with h5py.File(path, "w") as f:
        f[ENTRY] = h5py.ExternalLink("gone.h5", "/x")
    expect_refusal(path, "leads nowhere")


def test_what_is_no_file(folder):
    open(f"{folder}/text.h5", "w").write("no HDF5")
    os.mkfifo(f"{folder}/pipe")
    expect_refusal(f"{folder}/text.h5", "not an HDF5 file")
    expect_refusal(f"{folder}/gone.h5", "No such file")
    for path in (folder, "/dev/zero", f"{folder}/pipe"):
        expect_refusal(path, "not a file")


def test_loops_of_virtual_datasets_end(folder):
    shape = (2, 10, 10)
    for a, b in (("a", "b"), ("b", "a")):
        layout = h5py.VirtualLayout(shape, "u2")
        layout[...] = h5py.VirtualSource(f"{b}.h5", ENTRY, shape)
        with h5py.File(f"{folder}/{a}.h5", "w") as f:
            f.create_virtual_dataset(ENTRY, layout)
    _, got = hf.read(f"{folder}/a.h5")
    assert all("deep" in line["error"] for line, _ in got) and len(got) == 2


def test_frames_that_are_missing_or_short_are_errors_of_their_own(folder):
    stack = hf.frames(4)
    path = f"{folder}/a.h5"
    with h5py.File(path, "w") as f:
        d = f.create_dataset(ENTRY, stack.shape, "<u2", chunks=(1, *stack.shape[1:]), **hdf5plugin.Bitshuffle())
        d[0] = stack[0]
        d.id.write_direct_chunk((2, 0, 0), b"short", filter_mask=1)
        d[3] = stack[3]
    _, got = hf.read(path)
    assert ["error" in line for line, _ in got] == [False, True, True, False]
    assert "never written" in got[1][0]["error"] and "5 bytes" in got[2][0]["error"]


def test_damage_inside_chunks_that_are_no_frames(folder):
    stack = hf.frames(2)
    path = f"{folder}/a.h5"
    total = stack.nbytes.to_bytes(8, "big")
    for how in (hdf5plugin.Bitshuffle(), hdf5plugin.LZ4()):
        for damage in (b"", b"\0" * 11, b"\xff" * 100, (1 << 62).to_bytes(8, "big") + b"\0\0\x20\0" + b"\0" * 50, total + b"\0\0\0\1" + b"\0" * 50,
                       total + b"\0" * 50, total + b"\0\0\x20\0\xff\xff\xff\xff" + b"\0" * 50, total + b"\0\0\x20\0\0\0\0\x10" + b"\x11" * 60):
            with h5py.File(path, "w") as f:
                d = f.create_dataset(ENTRY, stack.shape, "<u2", chunks=stack.shape, **how)
                if damage:
                    d.id.write_direct_chunk((0, 0, 0), damage)
                    expected = 2
                else:
                    expected = 0
            _, got = hf.read(path)
            assert sum("error" in line for line, _ in got) == expected, got


def test_chunks_that_are_shorter_than_they_must_be(folder):
    """HDF5 itself reads beyond the end of these."""
    stack = hf.frames(2)
    path = f"{folder}/a.h5"
    short = hf.frames(1, (5, 8))
    for dtype, chunk, how, data, mask in ((">u2", (1, *stack.shape[1:]), {}, b"short", 0), ("<u2", (1, *stack.shape[1:]), {}, b"short", 0),
                                          ("<u2", stack.shape, hdf5plugin.LZ4(), b"short", 1), ("<u2", stack.shape, dict(compression="gzip"), b"short", 1),
                                          ("<u2", stack.shape, hdf5plugin.LZ4(), short.nbytes.to_bytes(8, "big") + short.nbytes.to_bytes(4, "big") * 2
                                           + short.tobytes(), 0)):
        with h5py.File(path, "w") as f:
            d = f.create_dataset(ENTRY, stack.shape, dtype, chunks=chunk, **how)
            d.id.write_direct_chunk((0, 0, 0), data, filter_mask=mask)
        _, got = hf.read(path)
        assert "error" in got[0][0], (dtype, how, got[0])


def test_recorded_frames(folder):
    if not os.path.isdir(f"{hf.DATA}/frames"):
        return "no recorded data"
    for name in sorted(os.listdir(f"{hf.DATA}/frames")):
        if not name.endswith(".h5"):
            continue
        with h5py.File(f"{hf.DATA}/frames/{name}", "r") as f:
            start, _ = expect_frames(f"{hf.DATA}/frames/{name}", f[ENTRY][()], "bslz4", f["entry/data/frame_number"][()])
            assert start["channels"][0]["masked"] == np.count_nonzero(f["entry/instrument/detector/pixel_mask"][()])
            if "entry/instrument/beam/incident_wavelength" in f:
                assert start["has_axes"] and np.isclose(start["origin"][0], start["beam_x"] * start["pixel_x"])


if __name__ == "__main__":
    hf.run_tests(globals(), "sluice_files_")
