"""What may not stand in the tree: notes of unfinished work, places of one machine, package hosts, talk about how the work is organised,
recorded data, and binary or huge files."""
import os
import re

import house

# Joined from pieces, so that this file does not speak of them itself.
FORBIDDEN = [
    (r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", "unfinished work"),
    (r"not imple" r"mented yet", "unfinished work"),
    (r"(?<![\w.$}/-])/(?:wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers|mnt|me" r"dia)/\w", "a place on one machine"),
    (r"https?://[\w.-]*(?:deb" r"ian\.org|npm" r"js|pypi\.|github" r"usercontent|crates\.io|docker\.io|registry)", "a package host"),
    (r"\bsub-?ag" r"ents?\b|\b(?:this|the|a) ses" r"sion\b|\bAI (?:ass" r"istant|ag" r"ent)|\blanguage mo" r"del\b", "how the work is organised"),
    (r"assert_?(?:true)?\((?:1|tr" r"ue)\)", "a check that cannot fail"),
]
RECORDED = (".h5", ".hdf5", ".nxs", ".cbor", ".bslz4", ".cbf", ".enc", ".edf", ".tif", ".tiff", ".npy")
PICTURES = (".png", ".jpg", ".woff2", ".ico")
LARGE_BYTES = 600_000


def of_text(name, text):
    for pattern, what in FORBIDDEN:
        for m in re.finditer(pattern, text, re.I if what != "unfinished work" else 0):
            yield f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {what}: {m[0]!r}"


def of_file(name):
    if name.lower().endswith(RECORDED):
        yield f"{name}: recorded data is not shipped"
        return
    size = os.path.getsize(os.path.join(house.SOURCE, name))
    if size > LARGE_BYTES:
        yield f"{name}: {size} bytes, more than {LARGE_BYTES}"
    if name.lower().endswith(PICTURES):
        return
    try:
        yield from of_text(name, house.read(name))
    except UnicodeDecodeError:
        yield f"{name}: neither text nor a picture"


def main():
    names = house.files()
    house.conclude("nothing that must not be there", len(names), [finding for name in names for finding in of_file(name)])


if __name__ == "__main__":
    main()
