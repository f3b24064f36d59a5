"""Seeds for fuzz_lz4: make_seeds_lz4.py FOLDER. Good blocks: matches of every short offset, long ones, far ones, literals, bit planes;
and some that no compressor makes, which liblz4 takes: a short match that reaches into the last literals."""
import os
import struct
import sys

import lz4.block
import numpy as np


def planes(pixels):
    bits = np.unpackbits(pixels.view(np.uint8).reshape(-1, pixels.itemsize), axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


def contents(random):
    for size in (12, 13, 31, 64, 100, 1000, 8192):
        yield f"zero_{size}", bytes(size)
        yield f"random_{size}", random.bytes(size)
    for offset in list(range(1, 70)) + [127, 128, 500]:
        yield f"period_{offset}", (random.bytes(offset) * (600 // offset + 2)) + random.bytes(7)
        yield f"periods_{offset}", b"".join(random.bytes(offset) * 3 + random.bytes(3) for _ in range(8))
    for mean in (0.02, 0.5, 5):
        for dtype in ("u1", "<u2", "<u4"):
            yield f"planes_{mean}_{dtype[-2:]}", planes(random.poisson(mean, 1024).astype(dtype))
    yield "far", random.bytes(3000) * 2 + bytes(300) + random.bytes(16)


def short_cuts(random):
    for match in range(14, 19):
        n_last = 32 - 14 - match
        yield f"short_cut_{match}", bytes([0xe0 | match - 4]) + random.bytes(14) + struct.pack("<H", 9) + bytes([n_last << 4]) + random.bytes(n_last)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(1)
    for name, block in short_cuts(random):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(struct.pack("<H", 32) + block)
    for name, raw in contents(random):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(struct.pack("<H", len(raw)) + lz4.block.compress(raw, store_size=False))


if __name__ == "__main__":
    main(sys.argv[1])
