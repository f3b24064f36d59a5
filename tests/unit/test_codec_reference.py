"""The codec against decoders that share no code with it.

kernels/codec is built as a shared object with the C compiler and liblz4 alone and called through ctypes. Judges: HDF5's own filters
(h5py with Debian's filter plug-ins) in both directions, and, where the recorded data lies, its plain-Python decoder over every captured image.
"""
import ctypes
import glob
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

# Debian's packages hdf5-filter-plugin and bitshuffle keep HDF5's filters here; must be said before h5py is loaded.
os.environ.setdefault("HDF5_PLUGIN_PATH", "/usr/lib/%s-linux-gnu/hdf5/serial/plugins" % os.uname().machine)

try:
    import cbor2
    import h5py
    import numpy as np
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

SOURCE = os.environ.get("SLUICE_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DATA = os.environ.get("SLUICE_DATA", os.path.join(SOURCE, "..", "shared", "data"))
REFERENCE = os.path.join(DATA, "..", "tools", "reference_codec.py")
NONE, BSLZ4, LZ4, LZ4_RAW = range(4)
TYPES = [np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")]
FILTER = {BSLZ4: 32008, LZ4: 32004}


class Shape(ctypes.Structure):
    _fields_ = [("width", ctypes.c_uint32), ("height", ctypes.c_uint32), ("type", ctypes.c_int)]


class Payload(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_char_p), ("len_bytes", ctypes.c_size_t), ("codec", ctypes.c_int), ("shuffle_bytes", ctypes.c_uint8)]


def build():
    folder = tempfile.TemporaryDirectory()
    out = os.path.join(folder.name, "codec.so")
    sources = sorted(glob.glob(os.path.join(SOURCE, "kernels", "codec", "*.c")))
    subprocess.run(["cc", "-std=c17", "-O2", "-shared", "-fPIC", "-I" + SOURCE, "-o", out, *sources, "-llz4"], check=True)
    library = ctypes.CDLL(out)
    library.codec_bound.restype = ctypes.c_size_t
    return folder, library


FOLDER, CODEC = build()
SEED = int(os.environ.get("SLUICE_SEED", time.time()))
RANDOM = np.random.default_rng(SEED)


def shape_of(array):
    return Shape(array.shape[1], array.shape[0], TYPES.index(array.dtype))


def encode(codec, array, block):
    shape = shape_of(array)
    room = CODEC.codec_bound(codec, ctypes.byref(shape), block)
    out, length = ctypes.create_string_buffer(room), ctypes.c_size_t(room)
    error = CODEC.codec_encode(codec, ctypes.byref(shape), block, array.ctypes.data_as(ctypes.c_void_p), out, ctypes.byref(length))
    assert error == 0, error
    return out.raw[:length.value]


def decode(codec, payload, height, width, dtype):
    shape = Shape(width, height, TYPES.index(dtype))
    out = np.empty((height, width), dtype)
    what = Payload(payload, len(payload), codec, dtype.itemsize)
    error = CODEC.codec_decode(ctypes.byref(what), ctypes.byref(shape), out.ctypes.data_as(ctypes.c_void_p))
    assert error == 0, error
    return out


def images():
    """Typical, extreme and odd-sized images of every type."""
    for dtype in TYPES:
        for height, width in [(1, 1), (7, 5), (53, 515), (8, 8), (515, 532), (51, 1030)]:
            array = RANDOM.poisson(RANDOM.choice([0.05, 1, 60]), (height, width)).clip(0, 255).astype(dtype)
            array[RANDOM.random(array.shape) < 0.01] = np.iinfo(dtype).max
            yield array
            yield RANDOM.integers(0, np.iinfo(dtype).max, (height, width), dtype, endpoint=True)


def captured():
    """(name, codec, payload, height, width, type) of every recorded image."""
    for first in sorted(glob.glob(os.path.join(DATA, "streams", "v1_*", "*.1"))):
        try:
            with open(first, "rb") as f:
                said = json.load(f)
        except ValueError:
            continue
        if said.get("htype") != "dimage_d-1.0":
            continue
        with open(first[:-1] + "2", "rb") as f:
            payload = f.read()
        yield first, BSLZ4 if said["encoding"].startswith("bs") else LZ4_RAW, payload, said["shape"][1], said["shape"][0], np.dtype(said["type"])
    for path in sorted(glob.glob(os.path.join(DATA, "streams", "v2_*", "*.0"))):
        with open(path, "rb") as f:
            message = cbor2.load(f)
        if message.get("type") != "image" or not isinstance(message.get("data"), dict):
            continue
        for name, tag in message["data"].items():
            (height, width), typed = tag.value
            algorithm, _, payload = typed.value.value
            yield path + ":" + name, BSLZ4 if algorithm == "bslz4" else LZ4, payload, height, width, TYPES[[64, 69, 70].index(typed.tag)]


HAVE_FILTERS = all(h5py.h5z.filter_avail(number) for number in FILTER.values())


class Codec(unittest.TestCase):
    @unittest.skipUnless(HAVE_FILTERS, "HDF5 filters absent: packages hdf5-filter-plugin, bitshuffle")
    def test_hdf5_reads_what_it_encodes(self):
        for array in images():
            for codec in FILTER:
                for block in (0, 64 * array.itemsize, 1 << 20):
                    with h5py.File("x", "w", driver="core", backing_store=False) as f:
                        options = (0, 2) if codec == BSLZ4 else ()
                        d = f.create_dataset("d", array.shape, array.dtype, chunks=array.shape, compression=FILTER[codec], compression_opts=options)
                        d.id.write_direct_chunk((0, 0), encode(codec, array, block))
                        np.testing.assert_array_equal(d[()], array)

    @unittest.skipUnless(HAVE_FILTERS, "HDF5 filters absent: packages hdf5-filter-plugin, bitshuffle")
    def test_it_decodes_what_hdf5_encodes(self):
        for array in images():
            for codec in FILTER:
                with h5py.File("x", "w", driver="core", backing_store=False) as f:
                    options = (0, 2) if codec == BSLZ4 else ()
                    d = f.create_dataset("d", data=array, chunks=array.shape, compression=FILTER[codec], compression_opts=options)
                    mask, chunk = d.id.read_direct_chunk((0, 0))
                    if mask == 0:
                        np.testing.assert_array_equal(decode(codec, chunk, *array.shape, array.dtype), array)

    def test_it_decodes_recorded_images_as_the_plain_decoder_does(self):
        if not os.path.exists(REFERENCE):
            self.skipTest("recorded data absent: " + REFERENCE)
        spec = importlib.util.spec_from_file_location("reference_codec", REFERENCE)
        reference = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reference)
        seen = 0
        for name, codec, payload, height, width, dtype in captured():
            with self.subTest(name):
                if codec == BSLZ4:
                    expected = reference.bslz4(payload, dtype.itemsize)
                elif codec == LZ4:
                    expected = reference.lz4hdf5(payload)
                else:
                    expected = reference.lz4raw(payload, height * width * dtype.itemsize)
                got = decode(codec, payload, height, width, dtype)
                self.assertTrue(got.tobytes() == expected)
                seen += 1
        self.assertGreaterEqual(seen, 30)


if __name__ == "__main__":
    print("seed: SLUICE_SEED=%d" % SEED)
    unittest.main(verbosity=2)  # names what it leaves out, and why
