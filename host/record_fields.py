#!/usr/bin/python3
"""Prints the tables of host/RECORD.md: every field of the results stream with its form and meaning, from the comments of record.h and stream.h.

usage: record_fields.py            the text between the markers <!-- record fields --> and <!-- end of record fields -->
       record_fields.py --write    puts it there
As a module: sections() is what the tables say, as {section: [(key, form, meaning), ...]}.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "RECORD.md"
FROM, TO = "<!-- record fields -->\n", "<!-- end of record fields -->\n"

HEAD = [("type", "text", '"{}"'), ("format", "integer", "1; raised when a field changes its meaning or goes")]
FORMS = {"uint64_t": "integer", "uint32_t": "integer", "uint8_t": "integer", "int": "integer", "size_t": "integer", "double": "float",
         "bool": "boolean", "char": "text", "enum record_status": "text", "enum stream_dialect": 'text: "v1", "v2", "file"'}
COLUMNS = {"double": "float64[]", "float": "float32[]", "uint64_t": "uint64[]", "uint32_t": "uint32[]"}
SPECIAL = {"spots": "map", "radial": "map", "series": "map or null", "count": "map of integers", "translation_m": "3 floats",
           "axis": "list of maps {name, start, increment}", "channel[STREAM_CHANNELS_MAX]": "list of maps {name, threshold_energy_ev}"}
NOT_SENT = {"n_counts"}
# Of the announcement only what describes the series: its ids are the message's own, its tables as large as images.
SERIES_NOT_SENT = {"series_id", "series_unique_id", "n_axes", "n_channels"}
SERIES_STOPS_AT = "countrate_table"


def members(header, name):
    """(C type, declarator, comment) of every member of a struct, in order."""
    text = (HERE / header).read_text()
    body = re.search(r"struct %s \{(.*?)\n\};" % name, text, re.S)[1]
    for declaration, comment in re.findall(r"^\t([^;/]+);[ \t]*(?:/\*(.*?)\*/)?", body, re.M | re.S):
        words = re.match(r"(?:const )?((?:struct|enum) \w+|\w+)\s+(.*)", declaration, re.S)
        for declarator in words[2].split(", "):
            yield words[1], declarator, " ".join(comment.split())


def fields(header, name, not_sent=frozenset(NOT_SENT), stops_at=None):
    found = []
    for c_type, declarator, comment in members(header, name):
        key = re.match(r"\**(\w+)", declarator)[1]
        if key == stops_at:
            break
        if key in not_sent:
            continue
        if not comment:
            raise SystemExit(f"{header}: {name}.{key} has no comment")
        pointer = declarator.startswith("*")
        form = SPECIAL.get(declarator, SPECIAL.get(key) if "[STREAM_NAME_MAX]" not in declarator else None)
        if form is None:
            form = COLUMNS[c_type] if pointer and c_type != "char" else FORMS[c_type]
        found.append((key, form, comment))
    return found


def typed(kind, found):
    return [(key, form, words.format(kind)) for key, form, words in HEAD] + found


def sections():
    return {
        "start": typed("start", fields("record.h", "record_start")),
        "start: series": fields("stream.h", "stream_start", SERIES_NOT_SENT, SERIES_STOPS_AT),
        "result": typed("result", fields("record.h", "record")),
        "result: spots": fields("record.h", "record_spots"),
        "result: radial": fields("record.h", "record_radial"),
        "end": typed("end", fields("record.h", "record_end")),
    }


def tables():
    out = []
    for section, found in sections().items():
        out += [f"\n### {section}\n", "| key | form | meaning |", "|---|---|---|"]
        out += [f"| `{key}` | {form} | {meaning.replace('|', chr(92) + '|')} |" for key, form, meaning in found]
    return "\n".join(out) + "\n\n"


def main(arguments):
    if arguments != ["--write"]:
        print(tables(), end="")
        return
    page = PAGE.read_text()
    before, rest = page.split(FROM)
    PAGE.write_text(before + FROM + tables() + TO + rest.split(TO)[1])


if __name__ == "__main__":
    main(sys.argv[1:])
