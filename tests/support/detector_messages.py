"""Detector messages for tests, made by cbor2, json, numpy and lz4 alone: no code of the node's emitters is in them.

    series = SeriesV2(shape=(h, w), dtype="u2", channels=["threshold_1"])      or SeriesV1(...)
    push.send_multipart(series.start(n_images=3)); push.send_multipart(series.image(0)); push.send_multipart(series.end())
Pixels of frame i are those of pixels(i, channel), reproducible and different for every frame; totals() says what an analysis must find.
"""
import hashlib
import json
import struct

import cbor2
import lz4.block
import numpy as np

TAGS = {1: 64, 2: 69, 4: 70}
NAMES = {1: "uint8", 2: "uint16", 4: "uint32"}
PIXEL_M, DISTANCE_M, WAVELENGTH = 75e-6, 0.1, 1.0


def shuffled(block, elem):
    """Bit planes of a block whose elements are a multiple of 8."""
    bits = np.unpackbits(np.frombuffer(block, np.uint8).reshape(-1, elem), axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


def packed(data):
    return lz4.block.compress(data, store_size=False)


def bslz4(data, elem, block_bytes=8192):
    count, per = len(data) // elem, block_bytes // elem
    sizes = [per] * (count // per) + ([count % per // 8 * 8] if count % per // 8 else [])
    out, at = [struct.pack(">QI", len(data), block_bytes)], 0
    for size in sizes:
        body = packed(shuffled(data[at:at + size * elem], elem))
        out += [struct.pack(">I", len(body)), body]
        at += size * elem
    return b"".join(out) + data[at:]


def framed_lz4(data, block_bytes=8192):
    out = [struct.pack(">QI", len(data), block_bytes)]
    for at in range(0, len(data), block_bytes):
        raw = data[at:at + block_bytes]
        body = packed(raw)
        body = body if len(body) < len(raw) else raw
        out += [struct.pack(">I", len(body)), body]
    return b"".join(out)


class Series:
    def __init__(self, shape=(64, 70), dtype="u2", channels=None, codec="bslz4", series_id=1, masks=None, seed=1, block_bytes=8192):
        """masks: {channel: array, non-zero where not to be used}, announced by the start message."""
        self.shape, self.dtype, self.codec, self.series_id, self.seed = shape, np.dtype("<" + dtype), codec, series_id, seed
        self.channels = channels or ["threshold_1"]
        self.masks, self.block_bytes = masks or {}, block_bytes

    def pixels(self, image_id, channel=None):
        """A quiet background, some pixels of every size, a bright spot, and a row without data."""
        number = self.channels.index(channel) if channel else 0
        random = np.random.default_rng((self.seed, image_id, number))
        image = random.poisson(2, self.shape).astype(self.dtype)
        top = int(np.iinfo(self.dtype).max)
        image[::9, ::7] = random.integers(0, top, image[::9, ::7].shape, endpoint=False)
        if self.shape[0] > 2:
            image[self.shape[0] // 2, :] = top
        return image

    def totals(self, image_id, channel=None):
        image = self.pixels(image_id, channel)
        mask = self.masks.get(channel or self.channels[0])
        allowed = np.ones(self.shape, bool) if mask is None else np.asarray(mask) == 0
        valid = allowed & (image != np.iinfo(self.dtype).max)
        return {"n_valid": int(valid.sum()), "n_nodata": int((allowed & ~valid).sum()), "sum": int(image[valid].sum(dtype=np.uint64)),
                "max": int(image[valid].max()), "height": self.shape[0], "width": self.shape[1], "elem_bytes": self.dtype.itemsize}


class SeriesV2(Series):
    def __init__(self, *arguments, unique=None, **named):
        super().__init__(*arguments, **named)
        self.unique = unique or "unique-%d-%d" % (self.series_id, self.seed)

    def identity(self, kind):
        return {"type": kind, "series_id": self.series_id, "series_unique_id": self.unique}

    @staticmethod
    def message(map):
        return [cbor2.dumps(cbor2.CBORTag(55799, map))]

    def array(self, pixels, compress=True):
        raw, elem = pixels.tobytes(), pixels.dtype.itemsize
        body = raw
        if compress and self.codec == "bslz4":
            body = cbor2.CBORTag(56500, ["bslz4", elem, bslz4(raw, elem, self.block_bytes)])
        elif compress and self.codec == "lz4":
            body = cbor2.CBORTag(56500, ["lz4", 0, framed_lz4(raw, self.block_bytes)])
        return cbor2.CBORTag(40, [list(pixels.shape), cbor2.CBORTag(TAGS[elem], body)])

    def start(self, n_images, **changes):
        height, width = self.shape
        start = self.identity("start")
        start.update({
            "arm_date": cbor2.CBORTag(0, "2023-02-10T15:49:05.281+01:00"), "beam_center_x": width / 2, "beam_center_y": height / 2,
            "channels": self.channels, "count_time": 0.01, "countrate_correction_enabled": True, "detector_description": "Dectris EIGER2 Si",
            "detector_serial_number": "E-00-0000", "detector_translation": [0.0, 0.0, -DISTANCE_M], "flatfield_enabled": True, "frame_time": 0.01,
            "goniometer": {"omega": {"increment": 0.1, "start": 0.0}}, "image_dtype": NAMES[self.dtype.itemsize], "image_size_x": width,
            "image_size_y": height, "incident_energy": 12398.4198, "incident_wavelength": WAVELENGTH, "number_of_images": n_images,
            "pixel_mask_enabled": True, "pixel_size_x": PIXEL_M, "pixel_size_y": PIXEL_M,
            "saturation_value": int(np.iinfo(self.dtype).max) - 1, "sensor_material": "Si", "sensor_thickness": 0.00045,
            "threshold_energy": {name: 4000.0 for name in self.channels if name.startswith("threshold")}, "virtual_pixel_interpolation_enabled": True,
        })
        if self.masks:
            start["pixel_mask"] = {name: self.array(np.asarray(mask, "<u4"), compress=False) for name, mask in self.masks.items()}
        start.update(changes)
        return self.message(start)

    def image(self, image_id, pixels=None):
        image = self.identity("image")
        image.update({
            "image_id": image_id, "real_time": [499995, 50000000], "series_date": cbor2.CBORTag(0, "2023-02-10T15:49:05.281+01:00"),
            "start_time": [image_id * 500000, 50000000], "stop_time": [image_id * 500000 + 499995, 50000000],
            "data": {name: self.array(self.pixels(image_id, name) if pixels is None else pixels) for name in self.channels},
        })
        return self.message(image)

    def end(self):
        return self.message(self.identity("end"))


class SeriesV1(Series):
    channel_name = "default"

    @staticmethod
    def part(**fields):
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def start(self, n_images, detail="basic", **changes):
        height, width = self.shape
        config = {
            "beam_center_x": width / 2, "beam_center_y": height / 2, "bit_depth_image": 8 * self.dtype.itemsize, "count_time": 0.01,
            "countrate_correction_count_cutoff": int(np.iinfo(self.dtype).max) - 1, "description": "Dectris EIGER2 Si", "detector_distance": DISTANCE_M,
            "frame_time": 0.01, "nimages": n_images, "ntrigger": 1, "photon_energy": 12398.4198, "pixel_mask_applied": True, "sensor_material": "Si",
            "sensor_thickness": 0.00045, "trigger_mode": "ints", "wavelength": WAVELENGTH, "x_pixel_size": PIXEL_M, "x_pixels_in_detector": width,
            "y_pixel_size": PIXEL_M, "y_pixels_in_detector": height, **changes,
        }
        parts = [self.part(header_detail=detail, htype="dheader-1.0", series=self.series_id)]
        if detail != "none":
            parts.append(self.part(**config))
        if detail == "all":
            mask = self.masks.get(self.channels[0])
            parts += [self.part(htype="dflatfield-1.0", shape=[], type="undefined"), b""]
            parts += [self.part(htype="dpixelmask-1.0", shape=[], type="undefined"), b""] if mask is None else \
                [self.part(htype="dpixelmask-1.0", shape=[width, height], type="uint32"), np.asarray(mask, "<u4").tobytes()]
            parts += [self.part(htype="dcountrate_table-1.0", shape=[], type="undefined"), b""]
        return parts

    def image(self, image_id, pixels=None):
        pixels = self.pixels(image_id) if pixels is None else pixels
        raw, elem = pixels.tobytes(), pixels.dtype.itemsize
        encoding, body = {"bslz4": (f"bs{8 * elem}-lz4<", lambda: bslz4(raw, elem, self.block_bytes)), "lz4": ("lz4<", lambda: packed(raw)),
                          "none": ("<", lambda: raw)}[self.codec]
        body = body()
        head = self.part(encoding=encoding, htype="dimage_d-1.0", shape=list(pixels.shape[::-1]), size=len(body), type=NAMES[elem])
        return [
            self.part(frame=image_id, hash=hashlib.md5(head).hexdigest(), htype="dimage-1.0", series=self.series_id), head, body,
            self.part(htype="dconfig-1.0", real_time=9999900, start_time=image_id * 10000000, stop_time=image_id * 10000000 + 9999900),
        ]

    def end(self):
        return [self.part(htype="dseries_end-1.0", series=self.series_id)]
