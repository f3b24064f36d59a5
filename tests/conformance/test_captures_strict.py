#!/usr/bin/python3
"""The judge of strictness is no stricter than real detectors: it takes every message that they were recorded to send.

The two exceptions are no detector's own: a start message that a third party encoded, and the pre-release dialect.
"""
import os
import pathlib
import sys

import strict_stream

DATA = pathlib.Path(os.environ.get("SLUICE_DATA", os.path.join(os.environ["SLUICE_SOURCE"], "..", "shared", "data"))) / "streams"


def main():
    if not DATA.is_dir():
        print(f"no recorded streams in {DATA}")
        return 77
    judged = failed = 0
    for folder in sorted(DATA.iterdir()):
        for number, parts in strict_stream.messages(folder):
            judged += 1
            words = strict_stream.complaints(parts)
            sloppy = folder.name == "v2_beta_dialect_must_be_refused" or (folder.name, number) == ("v2_eiger2_16m_u16_bslz4_dark", 0)
            if bool(words) != sloppy:
                failed += 1
                print(f"{folder.name} message {number}: {'; '.join(words) or 'no complaint'}")
    print(f"{judged} recorded messages judged, {failed} wrongly")
    return 1 if failed or judged < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
