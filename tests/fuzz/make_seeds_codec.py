"""Seeds for fuzz_codec: make_seeds_codec.py FOLDER. Good payloads of every codec and type, small enough to mutate fast.

Made with numpy and python3-lz4 by the layouts' definition, not with the codec under test.
"""
import os
import struct
import sys

import lz4.block
import numpy as np

NONE, BSLZ4, LZ4, LZ4_RAW = range(4)


def compressed(raw):
    return lz4.block.compress(raw, store_size=False)


def shuffled(raw, elem):
    bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(-1, elem), axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


def payload(codec, raw, elem, block):
    if codec == NONE:
        return raw
    if codec == LZ4_RAW:
        return compressed(raw)
    out = struct.pack(">QI", len(raw), block)
    end = len(raw) // (8 * elem) * 8 * elem if codec == BSLZ4 else len(raw)
    for at in range(0, end, block or 8192):
        piece = raw[at:min(at + (block or 8192), end)]
        body = compressed(shuffled(piece, elem) if codec == BSLZ4 else piece)
        if codec == LZ4 and len(body) >= len(piece):
            body = piece
        out += struct.pack(">I", len(body)) + body
    return out + raw[end:]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(1)
    for codec in (NONE, BSLZ4, LZ4, LZ4_RAW):
        for type_, dtype in enumerate(("u1", "<u2", "<u4")):
            for width, height in ((1, 1), (7, 5), (16, 16), (61, 33), (256, 40)):
                for block in (0, 64, 1024) if codec in (BSLZ4, LZ4) else (1,):
                    if codec == LZ4 and block == 0:
                        block = 8192
                    pixels = random.poisson(0.5, (height, width)).astype(dtype)
                    pixels[random.random(pixels.shape) < 0.02] = np.iinfo(pixels.dtype).max
                    elem = pixels.dtype.itemsize
                    head = struct.pack("<BBBHH", type_, codec, elem, width, height)
                    with open(os.path.join(folder, f"codec{codec}_u{8 * elem}_{width}x{height}_{block}"), "wb") as f:
                        f.write(head + payload(codec, pixels.tobytes(), elem, block))


if __name__ == "__main__":
    main(sys.argv[1])
