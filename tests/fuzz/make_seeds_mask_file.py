"""Seeds for fuzz_mask_file: make_seeds_mask_file.py FOLDER. Small masks of every kind, written from the formats' definitions."""
import io
import os
import struct
import sys
import zlib

import numpy as np

W, H = 19, 7
MASK = np.random.default_rng(1).integers(0, 3, (H, W)) == 0


def npy(dtype, order="C", version=(1, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(MASK.astype(dtype), order=order), version=version)
    return out.getvalue()


def png(colour, depth, channels):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    if depth < 8:
        padded = np.zeros((H, -(-W * depth // 8) * 8 // depth), np.uint8)
        padded[:, :W] = MASK
        bits = np.unpackbits(padded[:, :, None], axis=2)[:, :, 8 - depth:]
        rows = np.packbits(bits.reshape(H, -1), axis=1)
    else:
        rows = np.repeat(MASK[:, :, None], channels, axis=2).astype(">u2" if depth == 16 else "u1")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(3) + b"\1" * (3 * ((1 << depth) - 1))) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def tiff(dtype, order="<", codec=1, kind=1):
    pixels = MASK.astype(np.dtype(dtype).newbyteorder(order)).tobytes()
    data = zlib.compress(pixels) if codec == 8 else pixels
    bits = np.dtype(dtype).itemsize * 8
    tags = [(256, 4, W), (257, 4, H), (258, 3, bits), (259, 3, codec), (262, 3, 1), (273, 4, 0), (277, 3, 1), (278, 4, H), (279, 4, len(data)),
            (339, 3, kind)]
    start = 8 + 2 + 12 * len(tags) + 4
    out = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8) + struct.pack(order + "H", len(tags))
    for tag, form, value in tags:
        value = start if tag == 273 else value
        out += struct.pack(order + ("HHIHxx" if form == 3 else "HHII"), tag, form, 1, value)
    return out + struct.pack(order + "I", 0) + data


def main():
    seeds = [MASK.astype(np.uint8).tobytes()]
    seeds += [npy(dtype) for dtype in ("?", "u1", "<u2", ">i4", "<f4", ">f8", "<f2", "i8")]
    seeds += [npy("u1", "F"), npy("<u4", "F", (2, 0)), npy("u1", "C", (3, 0))]
    seeds += [png(0, 1, 1), png(0, 4, 1), png(0, 8, 1), png(0, 16, 1), png(2, 8, 3), png(4, 8, 2), png(6, 16, 4), png(3, 2, 1), png(3, 8, 1)]
    seeds += [tiff("u1"), tiff("u2", ">"), tiff("u4", "<", 8), tiff("f4", ">", 8, 3), tiff("i8", "<", 1, 2)]
    for number, seed in enumerate(seeds):
        with open(os.path.join(sys.argv[1], f"mask_{number:02}"), "wb") as file:
            file.write(bytes([W, H]) + seed)


main()
