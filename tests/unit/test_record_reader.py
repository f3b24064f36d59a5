#!/usr/bin/python3
"""The results stream as host/RECORD.md tells it: its reader of ten lines runs, its tables are those of the headers, and every message has
exactly the keys that they name, in the forms that they state.
"""
import contextlib
import io
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import cbor2
    import numpy as np
    import zmq
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

SOURCE = pathlib.Path(os.environ["SLUICE_SOURCE"])
WRITER = os.path.join(os.environ["SLUICE_BUILD"], "tests", "unit_test_record")
sys.path.insert(0, str(SOURCE / "host"))
import record_fields  # noqa: E402

PAGE = record_fields.PAGE.read_text()
TAGS = {"uint32[]": 70, "uint64[]": 71, "float32[]": 85, "float64[]": 86}
READER = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]


def fits(form, value):
    if form in TAGS:
        return isinstance(value, cbor2.CBORTag) and value.tag == TAGS[form]
    if form == "map or null":
        return value is None or isinstance(value, dict)
    kinds = {"integer": int, "float": float, "boolean": bool, "text": str, "map": dict, "list": list, "3": list}
    kind = kinds[form.split()[0].rstrip(":")]
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([WRITER, "--write", folder], check=True)
            cls.bytes = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
        cls.raw = {name: cbor2.loads(data) for name, data in cls.bytes.items()}
        cls.sections = record_fields.sections()

    def check(self, section, message):
        fields = self.sections[section]
        self.assertEqual(sorted(message), sorted(key for key, _, _ in fields))
        for key, form, _ in fields:
            self.assertTrue(fits(form, message[key]), f"{section}.{key} is {message[key]!r}, not {form}")

    def test_the_page_is_made_from_the_headers(self):
        self.assertIn(record_fields.FROM + record_fields.tables() + record_fields.TO, PAGE)
        for section in self.sections.values():
            for key, _, meaning in section:
                self.assertGreater(len(meaning), 0, key)

    def test_every_message_has_the_documented_keys_and_forms(self):
        for name in ("result", "unanalysed"):
            self.check("result", self.raw[name])
            self.check("result: spots", self.raw[name]["spots"])
            self.check("result: radial", self.raw[name]["radial"])
        for name in ("start", "late"):
            self.check("start", self.raw[name])
        self.check("start: series", self.raw["start"]["series"])
        self.assertIsNone(self.raw["late"]["series"])
        self.check("end", self.raw["end"])

    def test_type_and_format_come_first(self):
        for message in self.raw.values():
            self.assertEqual(list(message)[:2], ["type", "format"])
            self.assertEqual(message["format"], 1)

    def test_values_arrive_as_they_were_said(self):
        forms = re.search(r"FORMS = .*", READER)[0]
        names = {}
        exec(forms, names)  # the page's own table of tags
        m = cbor2.loads(self.bytes["result"], tag_hook=lambda _, tag: np.frombuffer(tag.value, names["FORMS"][tag.tag]))
        self.assertEqual((m["number"], m["image_id"], m["channel"], m["status"]), (7, 42, "threshold_1", "analysed"))
        self.assertEqual((m["sum"], m["received_unix_ns"]), (1 << 50, 1700000000123456789))
        self.assertTrue(math.isnan(m["real_time_s"]) and math.isnan(m["total_signal"]))
        self.assertEqual((m["d_min"], m["ice"], m["hit"], m["kept"]), (1.75, -0.5, True, False))
        i = np.arange(1000)
        np.testing.assert_array_equal(m["spots"]["x"], i + 0.5)
        np.testing.assert_array_equal(m["spots"]["y"], 2.0 * i + 0.25)
        np.testing.assert_array_equal(m["spots"]["sum"], (1 << 40) + i)
        np.testing.assert_array_equal(m["spots"]["n_px"], 3 + i)
        np.testing.assert_array_equal(m["spots"]["max"], 2**32 - 1 - i)
        np.testing.assert_array_equal(m["spots"]["d"][1:], (np.float32(50) / i[1:].astype("f4")))
        self.assertTrue(np.isnan(m["spots"]["d"][0]))
        np.testing.assert_array_equal(m["radial"]["bin_sum"], (1 << 33) + np.arange(500))
        np.testing.assert_array_equal(m["radial"]["bin_count"], np.arange(500))
        np.testing.assert_array_equal(m["radial"]["intensity"][1:], np.arange(1, 500) / 2)
        self.assertEqual(set(m["radial"]["sigma"]), {0.125})

    def test_start_and_end(self):
        start, end = self.raw["start"], self.raw["end"]
        self.assertEqual(start["series"]["channel"][0], {"name": "threshold_1", "threshold_energy_ev": 4000.5})
        self.assertEqual(start["series"]["axis"], [{"name": "omega", "start": -90.0, "increment": 0.1}])
        self.assertEqual((start["series"]["dialect"], start["series"]["mask_applied"]), ("v2", -1))
        self.assertEqual(start["config"], "radial: {unit: q}\n")
        self.assertEqual(end["count"], {"received": 1000, "missing": 0, "kept.released": 2**64 - 1})
        self.assertTrue(end["balanced"])

    def test_the_reader_on_the_page_runs(self):
        self.assertLessEqual(len([line for line in READER.splitlines() if line.strip()]), 10)
        context = zmq.Context()
        publisher = context.socket(zmq.XPUB)  # tells when the reader has subscribed
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        code = READER.replace("31010", str(port)).replace("while True:", "for _ in range(5):")
        self.assertIn(str(port), code)
        reader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.assertTrue(publisher.poll(30000), "the reader did not subscribe")
        publisher.recv()
        for name in ("start", "result", "unanalysed", "end", "late"):
            publisher.send(self.bytes[name])
        out, _ = reader.communicate(timeout=30)
        context.destroy(linger=0)
        self.assertEqual(reader.returncode, 0)
        self.assertEqual(out.splitlines()[0], "42 threshold_1 True 1000.0 1.75 [0.5 1.5 2.5]")
        self.assertEqual(len(out.splitlines()), 2)

    def test_writing_the_page_again_changes_nothing(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            record_fields.main([])
        self.assertIn(out.getvalue(), PAGE)


if __name__ == "__main__":
    unittest.main()
