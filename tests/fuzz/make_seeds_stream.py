#!/usr/bin/python3
"""Seeds for fuzz_stream: make_seeds_stream.py FOLDER writes messages of every form that the decoders take, one file each.

Recorded messages come first where there are any (SLUICE_DATA, else ../shared/data beside the sources): as they were sent, and where they
are large with shortened payloads, for only the head of a compressed payload is looked at. The others are made here.
"""
import json
import os
import pathlib
import struct
import sys

import cbor2

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(os.environ.get("SLUICE_DATA", HERE.parent.parent.parent / "shared" / "data")) / "streams"
AS_SENT_BYTES = 20000
PAYLOAD_BYTES = 64

WIDTH, HEIGHT = 5, 4
DTYPES = {1: "uint8", 2: "uint16", 4: "uint32"}
MASK, FLATFIELD = struct.pack("<20I", *range(20)), struct.pack("<20f", *range(20))


def packed(parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


# --- recorded -------------------------------------------------------------------------------------------------------------------

def shortened_v1(parts):
    if len(parts) < 3 or b"dimage_d" not in parts[1] or b"lz4" not in parts[1]:
        return parts
    payload = parts[2][:PAYLOAD_BYTES]
    head = parts[1].replace(b'"size":%d' % len(parts[2]), b'"size":%d' % len(payload))
    return [parts[0], head, payload, *parts[3:]]


def shortened_v2(value):
    if isinstance(value, cbor2.CBORTag):
        short = value.tag == 56500
        return cbor2.CBORTag(value.tag, [*value.value[:2], value.value[2][:PAYLOAD_BYTES]] if short else shortened_v2(value.value))
    if isinstance(value, dict):
        return {k: shortened_v2(v) for k, v in value.items()}
    return [shortened_v2(v) for v in value] if isinstance(value, list) else value


def recorded():
    for folder in sorted(DATA.iterdir()) if DATA.is_dir() else []:
        if "must_be_refused" in folder.name:
            continue
        messages = {}
        for path in sorted(folder.iterdir(), key=lambda p: tuple(map(int, p.name.split(".")))):
            messages.setdefault(path.name.split(".")[0], []).append(path.read_bytes())
        for name, parts in list(messages.items())[:6] + list(messages.items())[-1:]:
            if parts[0][:1] == b"{":
                parts = parts if sum(map(len, parts)) <= AS_SENT_BYTES else shortened_v1(parts)
            elif len(parts[0]) > AS_SENT_BYTES:
                parts = [b"\xd9\xd9\xf7" + cbor2.dumps(shortened_v2(cbor2.loads(parts[0])))]
            yield f"{folder.name}_{name}", parts


# --- Stream v1 ------------------------------------------------------------------------------------------------------------------

def text(value, **options):
    return json.dumps(value, **{"separators": (",", ":"), "sort_keys": True, **options}).encode()


def v1_header(detail, config=None, tables=(), appendix=()):
    parts = [text({"header_detail": detail, "htype": "dheader-1.0", "series": 71})]
    if config is not None:
        parts.append(text(config))
    for htype, shape, dtype, body in tables:
        parts += [text({"htype": htype, "shape": shape, "type": dtype}), body]
    return parts + list(appendix)


FULL_TABLES = [("dflatfield-1.0", [WIDTH, HEIGHT], "float32", FLATFIELD), ("dpixelmask-1.0", [WIDTH, HEIGHT], "uint32", MASK),
               ("dcountrate_table-1.0", [2, 2], "float32", struct.pack("<4f", 0, 0, 10, 9))]
EMPTY_TABLES = [(htype, [], "undefined", b"") for htype, _, _, _ in FULL_TABLES]
CONFIG = {
    "auto_summation": True, "beam_center_x": 2.5, "beam_center_y": 2, "bit_depth_image": 16, "bit_depth_readout": 16,
    "chi_increment": 0.0, "chi_start": 0.0, "count_time": 0.01, "countrate_correction_applied": True,
    "countrate_correction_count_cutoff": 20000, "data_collection_date": "2022-01-20T20:23:53.779+01:00", "description": "a detector",
    "detector_distance": 0.1, "detector_number": "E-1", "detector_translation": [0.0, 0.0, -0.1], "eiger_fw_version": "release-2022.1.2",
    "flatfield_correction_applied": True, "frame_time": 0.011, "nimages": 10, "ntrigger": 2, "omega_increment": 0.1, "omega_start": 5.0,
    "photon_energy": 12000.0, "pixel_mask_applied": True, "sensor_material": "Si", "sensor_thickness": 0.00045,
    "software_version": "1.8.0", "threshold_energy": 6000.0, "trigger_mode": "exts", "two_theta_increment": 0.0, "two_theta_start": 0.0,
    "virtual_pixel_correction_applied": False, "wavelength": 1.0332, "x_pixel_size": 7.5e-05, "x_pixels_in_detector": WIDTH,
    "y_pixel_size": 7.5e-05, "y_pixels_in_detector": HEIGHT,
}


def v1_image(encoding, elem, payload, shape=(WIDTH, HEIGHT), times=True, appendix=(), **options):
    clock = {"real_time": 1, "start_time": 2, "stop_time": 3} if times else {}
    return [text({"frame": 3, "hash": "0" * 32, "htype": "dimage-1.0", "series": 71}, **options),
            text({"encoding": encoding, "htype": "dimage_d-1.0", "shape": list(shape), "size": len(payload), "type": DTYPES[elem]}, **options),
            payload, text({"htype": "dconfig-1.0", **clock}, **options), *appendix]


def made_v1():
    old = {k: int(v) if isinstance(v, (bool, float)) else v for k, v in CONFIG.items() if k != "bit_depth_image"}
    yield "v1_none", v1_header("none")
    yield "v1_none_appendix", v1_header("none", appendix=[b"\xff\x00"])
    yield "v1_basic", v1_header("basic", CONFIG)
    yield "v1_basic_appendix", v1_header("basic", CONFIG, appendix=[b'{"a": 1}'])
    yield "v1_basic_integers", v1_header("basic", old)
    yield "v1_basic_nulls", v1_header("basic", {k: None for k in CONFIG})
    yield "v1_basic_empty", v1_header("basic", {})
    for mode in ("ints", "inte", "exte", "extg", "eies"):
        yield f"v1_{mode}", v1_header("basic", {"nimages": 4, "ntrigger": 5, "trigger_mode": mode})
    yield "v1_all", v1_header("all", CONFIG, FULL_TABLES)
    yield "v1_all_appendix", v1_header("all", CONFIG, FULL_TABLES, [b"appendix"])
    yield "v1_all_empty", v1_header("all", CONFIG, EMPTY_TABLES)
    yield "v1_end", [text({"htype": "dseries_end-1.0", "series": 71})]
    for elem in (1, 2, 4):
        size = WIDTH * HEIGHT * elem
        head = struct.pack(">QI", size, 8192)
        yield f"v1_raw_u{8 * elem}", v1_image("<", elem, bytes(range(size)))
        yield f"v1_lz4_u{8 * elem}", v1_image("lz4<", elem, b"\x1f\x00")
        yield f"v1_bslz4_u{8 * elem}", v1_image(f"bs{8 * elem}-lz4<", elem, head + b"\0\0\0\1x")
    yield "v1_bslz4_other_shuffle", v1_image("bs32-lz4<", 2, struct.pack(">QI", 40, 0))
    yield "v1_three_dimensions", v1_image("<", 1, bytes(20), shape=(5, 4, 1))
    yield "v1_image_appendix", v1_image("<", 1, bytes(20), appendix=[b"appendix"])
    yield "v1_no_times", v1_image("<", 1, bytes(20), times=False)
    yield "v1_spaces", v1_image("<", 1, bytes(20), separators=(" , ", " : "), sort_keys=False, indent=1)


# --- Stream v2 ------------------------------------------------------------------------------------------------------------------

class Raw(bytes):
    """Bytes that are CBOR already."""


def head(major, value):
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << (8 * width):
            return bytes([major << 5 | info]) + value.to_bytes(width, "big")
    raise ValueError(value)


def cbor(value, indefinite=False):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        body = b"".join(cbor(k) + cbor(v, indefinite) for k, v in value.items())
        return b"\xbf" + body + b"\xff" if indefinite else head(5, len(value)) + body
    if isinstance(value, list):
        body = b"".join(cbor(v, indefinite) for v in value)
        return b"\x9f" + body + b"\xff" if indefinite else head(4, len(value)) + body
    if isinstance(value, tuple):  # (tag, value)
        return head(6, value[0]) + cbor(value[1], indefinite)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    return cbor2.dumps(value)


def array(tag, body, dims=(HEIGHT, WIDTH)):
    return (40, [list(dims), (tag, body)])


def compressed(algorithm, modifier, total):
    return (56500, [algorithm, modifier, struct.pack(">QI", total, 8192) + b"\0\0\0\1x"])


DATE = (0, "2023-02-10T15:49:05.281+01:00")
END = {"type": "end", "series_id": 1, "series_unique_id": "01GRXWT80JSDY2FNW8SGCCDZD9"}
IMAGE = {
    "type": "image", "series_id": 1, "series_unique_id": "01GRXWT80JSDY2FNW8SGCCDZD9", "image_id": 7, "real_time": [999995, 50000000],
    "series_date": DATE, "start_time": [0, 50000000], "stop_time": [999995, 50000000], "user_data": [1, "text", None, {"a": 1.5}],
    "data": {"threshold_1": array(69, compressed("bslz4", 2, 40)), "difference": array(69, bytes(40))},
}
START = {
    "type": "start", "series_id": 1, "series_unique_id": "01GRXWT80JSDY2FNW8SGCCDZD9", "arm_date": DATE, "beam_center_x": 2.5,
    "beam_center_y": 2.0, "channels": ["threshold_1", "difference"], "count_time": 0.01, "countrate_correction_enabled": True,
    "countrate_correction_lookup_table": (70, struct.pack("<4I", 0, 1, 2, 2)), "detector_description": "a detector",
    "detector_serial_number": "E-1", "detector_translation": [0.0, 0.0, -0.1],
    "flatfield": {"threshold_1": array(85, FLATFIELD), "difference": array(85, compressed("bslz4", 4, 80))}, "flatfield_enabled": False,
    "frame_time": 0.011, "goniometer": {"omega": {"increment": 0.1, "start": 5.0}, "chi": {"increment": 0.0, "start": 0.0}},
    "image_dtype": "uint16", "image_size_x": WIDTH, "image_size_y": HEIGHT, "incident_energy": 12000.0, "incident_wavelength": 1.0332,
    "number_of_images": 1 << 48, "pixel_mask": {"threshold_1": array(70, MASK), "difference": array(70, compressed("lz4", 0, 80))},
    "pixel_mask_enabled": True, "pixel_size_x": 7.5e-05, "pixel_size_y": 7.5e-05, "saturation_value": 65534, "sensor_material": "Si",
    "sensor_thickness": 0.00045, "threshold_energy": {"threshold_1": 6000.0, "threshold_2": 9000.0}, "user_data": "anything",
    "virtual_pixel_interpolation_enabled": True,
}


def v2(message, magic=True, indefinite=False):
    return [(b"\xd9\xd9\xf7" if magic else b"") + cbor(message, indefinite)]


def made_v2():
    for name, message in (("start", START), ("image", IMAGE), ("end", END)):
        yield f"v2_{name}", v2(message)
        yield f"v2_{name}_no_magic", v2(message, magic=False)
        yield f"v2_{name}_indefinite", v2(message, indefinite=True)
        yield f"v2_{name}_backwards", v2(dict(reversed(message.items())))
    few = ("type", "series_id", "channels")
    yield "v2_start_basic", v2({k: v for k, v in START.items() if k not in ("flatfield", "pixel_mask", "countrate_correction_lookup_table")})
    yield "v2_start_least", v2({k: v for k, v in START.items() if k in few})
    yield "v2_start_nulls", v2({k: v if k in few else None for k, v in START.items()})
    yield "v2_start_integers", v2({k: int(v) if isinstance(v, float) else v for k, v in START.items()})
    yield "v2_start_bare_tables", v2({**START, "pixel_mask": {"threshold_1": b"\0\0\0\0"}, "countrate_correction_lookup_table": b"\0\0\0\0"})
    yield "v2_start_singles", v2({**START, "beam_center_x": Raw(b"\xfa\x40\x20\0\0"), "beam_center_y": Raw(b"\xf9\x40\0")})
    for elem, tag in ((1, 64), (1, 68), (2, 69), (4, 70)):
        size = WIDTH * HEIGHT * elem
        for name, body in (("raw", bytes(size)), ("bslz4", compressed("bslz4", elem, size)), ("lz4", compressed("lz4", 0, size))):
            yield f"v2_image_{name}_{tag}", v2({**IMAGE, "data": {"threshold_1": array(tag, body)}})
    yield "v2_image_other_shuffle", v2({**IMAGE, "data": {"a": array(69, compressed("bslz4", 4, 40))}})
    yield "v2_image_eight_channels", v2({**IMAGE, "data": {f"threshold_{i}": array(64, bytes(20)) for i in range(8)}})
    yield "v2_image_numbered_channel", v2({**IMAGE, "data": {1: array(64, bytes(20))}})
    yield "v2_image_least", v2({k: IMAGE[k] for k in ("type", "series_id", "image_id", "data")})
    yield "v2_image_plain_date", v2({**IMAGE, "series_date": DATE[1], "real_time": (30, [1, 2]), "start_time": [1.0, 2.0], "stop_time": None})
    yield "v2_image_text_in_pieces", v2({**IMAGE, "series_unique_id": Raw(b"\x7f\x62ab\x61c\xff")})
    yield "v2_image_unknown_keys", v2({"type": "image", 5: 6, "k" * 100: [[[]]], Raw(b"\x7f\x61a\xff"): {}, **IMAGE})


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in [*recorded(), *made_v1(), *made_v2()]:
        (folder / name).write_bytes(packed(parts))


if __name__ == "__main__":
    main(sys.argv[1])
