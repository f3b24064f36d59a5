"""What we emit, others read: a strict client's rules hold for every message, and cbor2, json, hashlib and lz4 find in it what was put in.

Pixel i of every sample image is i modulo 251 (tests/unit/test_stream_emit.c, which writes the messages).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import strict_stream

try:
    import cbor2
    import lz4.block
    import numpy as np
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

WIDTH, HEIGHT = 37, 21
EMITTER = os.path.join(os.environ["SLUICE_BUILD"], "tests", "unit_test_stream_emit")


def blocks(payload, shuffle):
    """The decompressed blocks of a payload with a head, and for a shuffled one (by `shuffle` bytes, else 0) the raw tail after them."""
    total, size = int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:12], "big")
    at, left = 12, total - (total % (8 * shuffle) if shuffle else 0)
    while left > 0:
        length = int.from_bytes(payload[at:at + 4], "big")
        body = payload[at + 4:at + 4 + length]
        full = min(size, left)
        yield body if not shuffle and length == full else lz4.block.decompress(body, uncompressed_size=full)
        left -= full
        at += 4 + length
    yield payload[at:]


def unshuffled(block, elem):
    planes = np.frombuffer(block, np.uint8).reshape(8 * elem, -1)
    bits = np.unpackbits(planes, axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


def decoded(codec, payload, elem):
    if codec == "none":
        raw = payload
    elif codec == "lz4 raw":
        raw = lz4.block.decompress(payload, uncompressed_size=WIDTH * HEIGHT * elem)
    elif codec == "lz4":
        raw = b"".join(blocks(payload, 0))
    else:
        *pieces, tail = blocks(payload, elem)
        raw = b"".join(unshuffled(p, elem) for p in pieces) + tail
    return np.frombuffer(raw, f"<u{elem}").reshape(HEIGHT, WIDTH)


EXPECTED = (np.arange(WIDTH * HEIGHT) % 251).reshape(HEIGHT, WIDTH)


class EmittedStreams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([EMITTER, "--write", cls.folder.name], check=True, stdout=subprocess.DEVNULL)
        root = pathlib.Path(cls.folder.name)
        cls.v1 = [parts for _, parts in strict_stream.messages(root / "v1")]
        cls.v2 = [parts for _, parts in strict_stream.messages(root / "v2")]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_strict_client_has_no_complaint(self):
        for parts in self.v1 + self.v2:
            self.assertEqual(strict_stream.complaints(parts, canonical=True), [])

    def test_cbor2_reads_the_start(self):
        start = cbor2.loads(self.v2[0][0])
        self.assertEqual(list(start)[:3], ["type", "series_id", "series_unique_id"])
        self.assertEqual(list(start)[3:], sorted(list(start)[3:]))
        self.assertEqual(start["channels"], ["threshold_1", "threshold_2", "difference"])
        self.assertEqual(start["number_of_images"], 1 << 20)
        self.assertEqual(start["threshold_energy"], {"threshold_1": 4000.5, "threshold_2": 8001.0})
        self.assertEqual(start["goniometer"], {"omega": {"increment": 0.1, "start": -90.0}})
        self.assertEqual(start["arm_date"].isoformat(timespec="milliseconds"), "2022-01-20T20:23:53.779+01:00")
        self.assertEqual(start["user_data"], [1, "\U0001f499"])
        (height, width), typed = start["pixel_mask"]["difference"].value
        mask = np.frombuffer(typed.value, "<u4").reshape(height, width)
        np.testing.assert_array_equal(mask.ravel(), np.arange(WIDTH * HEIGHT) % 7 == 0)
        self.assertEqual((width, height, typed.tag), (WIDTH, HEIGHT, 70))

    def test_every_v2_image_holds_its_pixels(self):
        seen = set()
        for parts in self.v2[1:-1]:
            image = cbor2.loads(parts[0])
            self.assertEqual(list(image["data"]), ["threshold_1", "difference"])
            for array in image["data"].values():
                dims, typed = array.value
                self.assertEqual(dims, [HEIGHT, WIDTH])
                elem, codec, body = {64: 1, 69: 2, 70: 4}[typed.tag], "none", typed.value
                if isinstance(body, cbor2.CBORTag):
                    self.assertEqual(body.tag, 56500)
                    codec, modifier, body = body.value
                    self.assertEqual(modifier, elem if codec == "bslz4" else 0)
                np.testing.assert_array_equal(decoded(codec, body, elem), EXPECTED)
                seen.add((codec, elem))
        self.assertEqual(len(seen), 9)

    def test_every_v1_image_holds_its_pixels(self):
        seen = set()
        for parts in self.v1:
            if json.loads(parts[0])["htype"] != "dimage-1.0":
                continue
            head = json.loads(parts[1])
            self.assertEqual(head["shape"], [WIDTH, HEIGHT])
            elem = int(head["type"][4:]) // 8
            codec = {"<": "none", "lz4<": "lz4 raw", f"bs{8 * elem}-lz4<": "bslz4"}[head["encoding"]]
            np.testing.assert_array_equal(decoded(codec, parts[2], elem), EXPECTED)
            seen.add((codec, elem))
        self.assertEqual(len(seen), 9)

    def test_the_end_is_the_last_message(self):
        self.assertEqual(cbor2.loads(self.v2[-1][0]), {"type": "end", "series_id": 71, "series_unique_id": "x"})
        self.assertEqual(self.v1[-1], [b'{"htype":"dseries_end-1.0","series":71}'])

    def test_the_judge_is_no_rubber_stamp(self):
        image = self.v2[1][0]
        for broken in (image[3:], image[:-1], image + b"\x00", image.replace(b"dtypeeimage", b"dtypfeimage"),
                       image.replace(b"\x82\x15\x18\x25", b"\x82\x16\x18\x25"), image.replace(b"\xd9\xd9\xf7\xa9", b"\xd9\xd9\xf7\xbf") + b"\xff"):
            self.assertNotEqual(broken, image)
            self.assertNotEqual(strict_stream.complaints([broken]), [])
        floats = bytes.fromhex("6a6672616d655f74696d65")  # "frame_time"
        start = self.v2[0][0]
        self.assertNotEqual(strict_stream.complaints([start.replace(floats + b"\xfb\x3f\xf0" + bytes(6), floats + b"\x01")]), [])
        parts = next(p for p in self.v1 if json.loads(p[0])["htype"] == "dimage-1.0")
        self.assertNotEqual(strict_stream.complaints([parts[0], parts[1].replace(b"[37,21]", b"[21,37]"), *parts[2:]]), [])
        self.assertNotEqual(strict_stream.complaints(parts[:3]), [])


if __name__ == "__main__":
    unittest.main()
