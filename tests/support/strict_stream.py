"""Judges detector messages as the strictest known client would: complaints in words, none for what such a client takes.

usage: strict_stream.py [--canonical] FOLDER...      one file per message part, named MESSAGE.PART
       (exit 1 if anything was complained of, 2 if there was nothing to judge)
As a module: complaints(parts, canonical=False) takes the list of parts (bytes) of one ZeroMQ message.
canonical asks of Stream v1 also what detectors do though clients need not rely on it: sorted keys, no spaces, floats written as floats.
Shares no code with the project: the CBOR is read here, byte by byte, because lengths and widths matter.
"""
import hashlib
import json
import pathlib
import re
import struct
import sys

ELEM = {"uint8": 1, "uint16": 2, "uint32": 4}
PIXEL_TAGS = {64: 1, 69: 2, 70: 4}


class Malformed(Exception):
    pass


# --- CBOR ---------------------------------------------------------------------------------------------------------------------

class Item:
    """kind: uint, nint, bytes, text, array, map, tag, float, bool, null; children of arrays, (key, value) pairs of maps."""

    def __init__(self, kind, value, definite=True):
        self.kind, self.value, self.definite = kind, value, definite

    def get(self, key):
        return next((v for k, v in self.value if k.value == key), None)


def parse(data, at=0, depth=0):
    """The item at `at` and where it ends."""
    if at >= len(data):
        raise Malformed("cut short")
    if depth > 64:
        raise Malformed("nested too deep")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info in (24, 25, 26, 27):
        width = 1 << (info - 24)
        if at + width > len(data):
            raise Malformed("cut short")
        number, raw = int.from_bytes(data[at:at + width], "big"), data[at:at + width]
        at += width
    elif info < 24:
        number, raw = info, b""
    elif info == 31 and major in (2, 3, 4, 5):
        return parse_indefinite(data, at, major, depth)
    else:
        raise Malformed("reserved head")
    return parse_definite(data, at, major, info, number, raw, depth)


def parse_definite(data, at, major, info, number, raw, depth):
    if major in (0, 1):
        return Item("uint" if major == 0 else "nint", number if major == 0 else -1 - number), at
    if major in (2, 3):
        if number > len(data) - at:
            raise Malformed("a string longer than the message")
        body = data[at:at + number]
        return Item("bytes", body) if major == 2 else Item("text", body.decode("utf-8")), at + number
    if major == 4:
        children = []
        for _ in range(number):
            child, at = parse(data, at, depth + 1)
            children.append(child)
        return Item("array", children), at
    if major == 5:
        pairs = []
        for _ in range(number):
            key, at = parse(data, at, depth + 1)
            value, at = parse(data, at, depth + 1)
            pairs.append((key, value))
        return Item("map", pairs), at
    if major == 6:
        child, at = parse(data, at, depth + 1)
        return Item("tag", (number, child)), at
    if info in (25, 26, 27):
        return Item("float", struct.unpack({25: ">e", 26: ">f", 27: ">d"}[info], raw)[0]), at
    if number in (20, 21):
        return Item("bool", number == 21), at
    return Item("null", None), at


def parse_indefinite(data, at, major, depth):
    children = []
    while data[at:at + 1] != b"\xff":
        child, at = parse(data, at, depth + 1)
        children.append(child)
    if major == 5:
        children = list(zip(children[::2], children[1::2]))
    return Item({2: "bytes", 3: "text", 4: "array", 5: "map"}[major], children, definite=False), at + 1


# --- Stream v2 ------------------------------------------------------------------------------------------------------------------

TEXT, UINT, FLOAT, BOOL, DATE, TIME, ANY = "text", "uint", "float", "bool", "date", "time", "any"
FIELDS = {
    "start": {
        "type": TEXT, "series_id": UINT, "series_unique_id": TEXT, "arm_date": DATE, "beam_center_x": FLOAT, "beam_center_y": FLOAT,
        "channels": "texts", "count_time": FLOAT, "countrate_correction_enabled": BOOL, "countrate_correction_lookup_table": "lut",
        "detector_description": TEXT, "detector_serial_number": TEXT, "detector_translation": "floats", "flatfield": "flatfields",
        "flatfield_enabled": BOOL, "frame_time": FLOAT, "goniometer": "goniometer", "image_dtype": TEXT, "image_size_x": UINT,
        "image_size_y": UINT, "incident_energy": FLOAT, "incident_wavelength": FLOAT, "number_of_images": UINT, "pixel_mask": "masks",
        "pixel_mask_enabled": BOOL, "pixel_size_x": FLOAT, "pixel_size_y": FLOAT, "saturation_value": UINT, "sensor_material": TEXT,
        "sensor_thickness": FLOAT, "threshold_energy": "energies", "user_data": ANY, "virtual_pixel_interpolation_enabled": BOOL,
    },
    "image": {
        "type": TEXT, "series_id": UINT, "series_unique_id": TEXT, "image_id": UINT, "real_time": TIME, "series_date": DATE,
        "start_time": TIME, "stop_time": TIME, "user_data": ANY, "data": "data",
    },
    "end": {"type": TEXT, "series_id": UINT, "series_unique_id": TEXT},
}
REQUIRED = {
    "start": ["series_id", "series_unique_id", "channels", "beam_center_x", "count_time", "pixel_size_x", "incident_wavelength"],
    "image": ["series_id", "series_unique_id", "image_id", "data"],
    "end": ["series_id", "series_unique_id"],
}


def all_definite(item):
    if not item.definite:
        return False
    if item.kind == "array":
        return all(all_definite(c) for c in item.value)
    if item.kind == "map":
        return all(all_definite(k) and all_definite(v) for k, v in item.value)
    return all_definite(item.value[1]) if item.kind == "tag" else True


def tagged(item, tag):
    """What the tag holds, or None."""
    return item.value[1] if item is not None and item.kind == "tag" and item.value[0] == tag else None


def payload(body, elem, total):
    """Complaints about a byte string, perhaps compressed, that must hold total bytes."""
    packed = tagged(body, 56500)
    if packed is None:
        if body.kind != "bytes":
            return ["no byte string"]
        return [] if len(body.value) == total else [f"{len(body.value)} bytes for {total}"]
    if packed.kind != "array" or [c.kind for c in packed.value] != ["text", "uint", "bytes"]:
        return ["compression is not [text, integer, bytes]"]
    algorithm, modifier, data = (c.value for c in packed.value)
    if algorithm not in ("bslz4", "lz4") or (algorithm == "bslz4" and modifier not in (1, 2, 4)):
        return [f"unknown compression {algorithm} {modifier}"]
    if len(data) < 12 or struct.unpack(">Q", data[:8])[0] != total:
        return ["the compressed size does not match the dimensions"]
    return []


def array(item, tags):
    """Complaints about a tag 40 array, and its dimensions."""
    inner = tagged(item, 40)
    if inner is None or inner.kind != "array" or len(inner.value) != 2:
        return ["no multi-dimensional array"], None
    dims, typed = inner.value
    if dims.kind != "array" or [d.kind for d in dims.value] != ["uint", "uint"]:
        return ["dimensions are not [height, width]"], None
    height, width = (d.value for d in dims.value)
    if typed.kind != "tag" or typed.value[0] not in tags:
        return ["wrong typed-array tag"], None
    elem = tags[typed.value[0]]
    return payload(typed.value[1], elem, height * width * elem), (height, width)


def arrays(item, tags, size):
    if item.kind != "map" or not item.value:
        return ["not a map of arrays"]
    found = []
    for key, value in item.value:
        words, dims = array(value, tags)
        if dims and size and dims != size:
            words.append(f"dimensions {dims} for an image of {size}")
        if key.kind != "text" or len(key.value.encode()) >= 64:
            words.append("a key that is no short text")
        found += [f"{key.value}: {w}" for w in words]
    return found


def lookup_table(item):
    body = tagged(item, 70)
    return [] if body is not None and body.kind == "bytes" and len(body.value) % 4 == 0 else ["not a 32-bit typed array"]


def each(item, kind, wanted):
    ok = item.kind == kind and all((v if kind == "array" else v[1]).kind == wanted for v in item.value)
    return [] if ok else [f"not all {wanted}"]


def goniometer(item):
    ok = item.kind == "map" and all(v.kind == "map" and {k.value for k, _ in v.value} == {"start", "increment"}
                                    and all(x.kind == "float" for _, x in v.value) for _, v in item.value)
    return [] if ok else ["not {axis: {increment, start}} in floats"]


def time(item):
    ok = item.kind == "array" and [c.kind for c in item.value] == ["uint", "uint"] and item.value[1].value > 0
    return [] if ok else ["not a rational of two integers"]


def date(item):
    inner = tagged(item, 0)
    ok = inner is not None and inner.kind == "text" and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner.value)
    return [] if ok else ["not a tagged date"]


def field(form, item, size):
    if form == ANY:
        return []
    if not all_definite(item):
        return ["indefinite length"]
    special = {DATE: date, TIME: time, "lut": lookup_table, "goniometer": goniometer,
               "texts": lambda i: each(i, "array", "text"),
               "floats": lambda i: each(i, "array", "float") + ([] if len(i.value) == 3 else ["not three"]),
               "energies": lambda i: each(i, "map", "float"),
               "masks": lambda i: arrays(i, {70: 4}, size), "flatfields": lambda i: arrays(i, {85: 4}, size),
               "data": lambda i: arrays(i, PIXEL_TAGS, None)}
    if form in special:
        return special[form](item)
    return [] if item.kind == form else [f"{item.kind} instead of {form}"]


def v2(message):
    if message[:3] != b"\xd9\xd9\xf7":
        return ["no magic tag"]
    try:
        top, end = parse(message, 3)
    except (Malformed, UnicodeDecodeError) as error:
        return [f"malformed: {error}"]
    if end != len(message):
        return [f"{len(message) - end} bytes after the message"]
    if top.kind != "map" or not top.definite:
        return ["not a map of definite length"]
    if not top.value or top.value[0][0].value != "type":
        return ["type is not the first key"]
    kind = top.value[0][1].value
    if kind not in FIELDS:
        return [f"unknown type {kind}"]
    keys = [k.value for k, _ in top.value]
    found = [f"{k}: twice" for k in set(keys) if keys.count(k) > 1]
    found += [f"{k}: missing" for k in REQUIRED[kind] if k not in keys]
    width, height = top.get("image_size_x"), top.get("image_size_y")
    size = (height.value, width.value) if width and height else None
    for key, value in top.value:
        if key.value in FIELDS[kind]:
            found += [f"{key.value}: {w}" for w in field(FIELDS[kind][key.value], value, size)]
    return found


# --- Stream v1 ------------------------------------------------------------------------------------------------------------------

FLOATS = {"beam_center_x", "beam_center_y", "count_time", "detector_distance", "frame_time", "photon_energy", "sensor_thickness",
          "threshold_energy", "wavelength", "x_pixel_size", "y_pixel_size"}


def canonical_form(part):
    text = part.decode()
    again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    same_keys = re.findall(r'"([a-z_]+)":', text) == re.findall(r'"([a-z_]+)":', again)
    return [] if same_keys and not re.search(r'[,:{] |\n', text) else ["keys not sorted, or spaces"]


def is_json(part, htype):
    try:
        return json.loads(part).get("htype") == htype
    except (ValueError, AttributeError):
        return False


def v1_tables(parts):
    found = []
    for i, (htype, dtype) in enumerate((("dflatfield-1.0", "float32"), ("dpixelmask-1.0", "uint32"), ("dcountrate_table-1.0", "float32"))):
        head, body = parts[2 + 2 * i], parts[3 + 2 * i]
        if not is_json(head, htype):
            found.append(f"part {3 + 2 * i} is not {htype}")
            continue
        table = json.loads(head)
        shape = table["shape"]
        if body and (table["type"] != dtype or len(body) != 4 * shape[0] * shape[1]):
            found.append(f"{htype}: {len(body)} bytes for {shape} {table['type']}")
    return found


def v1_header(parts, canonical):
    head = json.loads(parts[0])
    detail = head.get("header_detail")
    count = {"none": 1, "basic": 2, "all": 8}.get(detail)
    if count is None or len(parts) not in (count, count + 1):
        return [f"{len(parts)} parts for header_detail {detail}"]
    found = [] if isinstance(head.get("series"), int) else ["no series"]
    if count >= 2:
        config = json.loads(parts[1])
        if "htype" in config:
            found.append("the configuration has an htype")
        if canonical:
            found += [f"{k}: not written as a float" for k in FLOATS & config.keys() if not isinstance(config[k], float)]
    return found + (v1_tables(parts) if count == 8 else [])


def v1_payload(image, body):
    width, height = image["shape"]
    elem = ELEM.get(image["type"])
    encoding = re.fullmatch(r"(bs(8|16|32)-)?(lz4)?<", image["encoding"])
    if elem is None or encoding is None or (encoding[1] and not encoding[3]):
        return [f"type {image['type']}, encoding {image['encoding']}"]
    total = width * height * elem
    if image["size"] != len(body):
        return [f"size {image['size']} for {len(body)} bytes"]
    if not encoding[3]:
        return [] if len(body) == total else [f"{len(body)} bytes for {total}"]
    if encoding[1] and (len(body) < 12 or struct.unpack(">Q", body[:8])[0] != total):
        return ["the compressed size does not match the shape"]
    return []


def v1_image(parts):
    if len(parts) not in (4, 5):
        return [f"an image of {len(parts)} parts"]
    if not is_json(parts[1], "dimage_d-1.0") or not is_json(parts[3], "dconfig-1.0"):
        return ["parts 2 and 4 are not dimage_d-1.0 and dconfig-1.0"]
    head, times = json.loads(parts[0]), json.loads(parts[3])
    found = v1_payload(json.loads(parts[1]), parts[2])
    if head.get("hash") != hashlib.md5(parts[1]).hexdigest():
        found.append("hash is not the md5 of part 2")
    if not isinstance(head.get("frame"), int) or not isinstance(head.get("series"), int):
        found.append("no frame or series")
    if not all(isinstance(times.get(k), int) for k in ("real_time", "start_time", "stop_time")):
        found.append("times are not integers")
    return found


def v1(parts, canonical):
    head = json.loads(parts[0])
    if head.get("htype") == "dheader-1.0":
        found = v1_header(parts, canonical)
    elif head.get("htype") == "dimage-1.0":
        found = v1_image(parts)
    elif head.get("htype") == "dseries_end-1.0":
        found = [] if len(parts) == 1 and isinstance(head.get("series"), int) else ["an end with parts or without series"]
    else:
        return [f"unknown htype {head.get('htype')}"]
    if canonical:
        for i, part in enumerate(parts[:4]):
            if part[:1] == b"{":
                found += [f"part {i + 1}: {w}" for w in canonical_form(part)]
    return found


def complaints(parts, canonical=False):
    """What a strict client would refuse in this message: [] if nothing."""
    if parts[0][:1] != b"{":
        return v2(parts[0]) if len(parts) == 1 else [f"a Stream v2 message of {len(parts)} parts"]
    try:
        return v1(parts, canonical)
    except (ValueError, KeyError, TypeError) as error:
        return [f"{type(error).__name__}: {error}"]


def messages(folder):
    """(number, parts) of every message in a folder of MESSAGE.PART files."""
    found = {}
    for path in sorted(folder.iterdir(), key=lambda p: tuple(map(int, p.name.split(".")))):
        found.setdefault(int(path.name.split(".")[0]), []).append(path.read_bytes())
    return sorted(found.items())


def main(arguments):
    canonical = "--canonical" in arguments
    judged = bad = 0
    for folder in (pathlib.Path(a) for a in arguments if a != "--canonical"):
        for number, parts in messages(folder):
            judged += 1
            for words in complaints(parts, canonical):
                bad += 1
                print(f"{folder.name} message {number}: {words}")
    print(f"{judged} messages judged, {bad} complaints")
    return 2 if not judged else 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
