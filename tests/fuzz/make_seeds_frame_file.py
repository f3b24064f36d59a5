"""Seeds for fuzz_frame_file: make_seeds_frame_file.py FOLDER. Scripts, as fuzz_frame_file.c reads them, that build files with a readable frame."""
import os
import struct
import sys

import lz4.block
import numpy as np

CHUNKED, BSLZ4, LZ4, BSLZ4_ODD, LZ4_ODD, CONTIGUOUS, LINKS, VIRTUAL = range(8)
ITEM = {name: i for i, name in enumerate((
    "beam_center_x", "distance", "x_pixel_size", "y_pixel_size", "wavelength", "saturation_value", "bit_depth_readout", "sensor_material", "description",
    "pixel_mask", "nimages", "ntrigger", "specific_mask", "data_origin", "data_size", "fast", "slow", "module_offset", "translation", "two_theta", "omega",
    "omega_end", "image_id", "frame_number", "channel", "channel_mask", "threshold_energy", "start_time", "omega_increment", "entry", "detector", "module"))}
UNITS, VECTOR, OFFSET, DEPENDS_ON, TYPE, OFFSET_UNITS, NX_CLASS, ASSUMED, IMAGE_NR_LOW = range(9)
TEXT = {"mm": 0, "m": 1, "rad": 2, "rotation": 3, "translation": 4, ".": 5, "to_translation": 6, "two_theta": 7, "to_offset": 8, "module": 9}


def bslz4(pixels):
    """A head of 8 + 4 bytes, one block of bit planes, a raw tail."""
    raw, elem = pixels.tobytes(), pixels.dtype.itemsize
    n = pixels.size // 8 * 8
    planes = np.unpackbits(np.frombuffer(raw[:n * elem], "u1").reshape(n, elem), axis=1, bitorder="little").T
    block = lz4.block.compress(np.packbits(planes, axis=1, bitorder="little").tobytes(), store_size=False)
    return struct.pack(">QII", len(raw), 8192, len(block)) + block + raw[n * elem:]


def framed(pixels):
    raw = pixels.tobytes()
    block = lz4.block.compress(raw, store_size=False)
    return struct.pack(">QII", len(raw), len(raw), len(block)) + block


def data(kind, dims, chunk=b"", dtype=1, odd=None, values=(0, 3, 2, 0, 2), mask=0):
    out = bytes([dtype, len(dims), *dims])
    if kind in (BSLZ4_ODD, LZ4_ODD):
        out += bytes(n - 1 for n in odd)
    if kind in (BSLZ4, BSLZ4_ODD):
        out += bytes(values)
    return out + struct.pack("<BH", mask, len(chunk)) + chunk


def number(value):
    return struct.pack("<d", value)


def item(name, values=None, text=None, attributes=()):
    out = bytes([ITEM[name]])
    if values is not None:
        out += bytes([3, len(values), 0, 0]) + b"".join(number(v) for v in values)
    elif text is not None:
        out += bytes([1, 0, 0, 0, len(text)]) + text.encode()
    out += bytes([len(attributes)])
    for kind, value in attributes:
        if isinstance(value, str):
            out += bytes([kind, 1, TEXT[value]])
        else:
            out += bytes([kind, 3 * (len(value) - 1)]) + b"".join(number(v) for v in value)
    return out


def integers(name, values):
    return bytes([ITEM[name], 4, len(values), 0, 0]) + b"".join(struct.pack("<Q", v) for v in values) + b"\0"


PIXELS = (np.arange(60) % 7).astype("<u2")
BS, L4 = bslz4(PIXELS), framed(PIXELS)
DIMS = (2, 6, 10)
GEOMETRY = (item("distance", [200.0], attributes=[(UNITS, "mm")]) + item("x_pixel_size", [75e-6]) + item("wavelength", [1.0])
            + item("beam_center_x", [5.0]) + item("sensor_material", text="Si") + item("omega", [1.0, 2.0])
            + item("translation", [0.2], attributes=[(VECTOR, (0, 0, 1)), (DEPENDS_ON, "two_theta"), (UNITS, "m")])
            + item("two_theta", [10.0], attributes=[(VECTOR, (0, 1, 0)), (TYPE, "rotation"), (DEPENDS_ON, ".")])
            + item("fast", [75e-6], attributes=[(VECTOR, (-1, 0, 0)), (DEPENDS_ON, "to_translation"), (OFFSET, (0.1, 0.1, 0))])
            + item("slow", [75e-6], attributes=[(VECTOR, (0, -1, 0)), (DEPENDS_ON, "to_translation"), (UNITS, "m")])
            + item("module", attributes=[(NX_CLASS, "module")]))
NUMBERS = integers("image_id", [4, 9]) + integers("saturation_value", [60000]) + bytes([ITEM["pixel_mask"], 2, 1, 6, 10, 0])
WHOLE_MAP = bytes([2, 6, 10, 1, 1]) + bytes([0, 0, 1] * 8) + bytes([0, 0, 1, 0])  # all of /here is all of the data
SEEDS = {
    "chunked": bytes([CHUNKED]) + data(CHUNKED, DIMS, PIXELS.tobytes()) + GEOMETRY,
    "bslz4": bytes([BSLZ4]) + data(BSLZ4, DIMS, BS) + NUMBERS,
    "left_out": bytes([BSLZ4]) + data(BSLZ4, DIMS, PIXELS.tobytes(), mask=1),
    "lz4": bytes([LZ4]) + data(LZ4, DIMS, L4) + GEOMETRY,
    "bslz4_odd": bytes([BSLZ4_ODD]) + data(BSLZ4_ODD, DIMS, bslz4(np.concatenate([PIXELS, PIXELS])), odd=(2, 6, 10)),
    "lz4_odd": bytes([LZ4_ODD]) + data(LZ4_ODD, DIMS, framed(np.concatenate([PIXELS, PIXELS])), odd=(2, 6, 10)),
    "contiguous": bytes([CONTIGUOUS]) + data(CONTIGUOUS, DIMS) + integers("frame_number", [7, 8]),
    "one_image": bytes([CONTIGUOUS]) + data(CONTIGUOUS, (6, 10)),
    "channels": bytes([CONTIGUOUS]) + data(CONTIGUOUS, (2, 3, 6, 10)) + item("threshold_energy", [4000.0]),
    "links": bytes([LINKS, BSLZ4]) + data(BSLZ4, DIMS, BS) + bytes([2, 1, 1, 0, 1, 2, 1, 1, 3, 2, 1]) + b"x" + integers("nimages", [9]),
    "virtual": bytes([VIRTUAL, 2, 6, 10, 1, 0]) + WHOLE_MAP + bytes([BSLZ4]) + data(BSLZ4, DIMS, BS),
}

os.makedirs(sys.argv[1], exist_ok=True)
for name, script in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "wb") as file:
        file.write(script)
