"""The generator of the registers: what C and SystemVerilog get says the same, and a map that cannot be is refused with its line."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import house

SCRIPT = os.path.join(house.SOURCE, "fpga/registers.py")
MAP = os.path.join(house.SOURCE, "fpga/registers.map")
ARRAYS = "0x100 STAGE[3] 32 ro x\n0x1c0 EVENTS[1] 32 ro x\n"


def make(text):
    """(exit status, what it said, {name: text})"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "map")
        with open(path, "w") as f:
            f.write(text)
        done = subprocess.run(["/usr/bin/python3", "-B", SCRIPT, path, folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        made = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as f:
                made[name] = f.read()
        return done.returncode, done.stdout, made


class Registers(unittest.TestCase):
    def test_all_three_say_the_same(self):
        with open(MAP) as f:
            status, said, made = make(f.read())
        self.assertEqual((status, said), (0, ""))
        in_c = {name: int(at, 16) for name, at in re.findall(r"#define FPGA_REG_(\w+) (0x\w+)u", made["registers.h"])}
        in_sv = {name: int(at, 16) for name, at in re.findall(r"`define REG_(\w+) 'h(\w+)", made["registers.svh"])}
        listed = json.loads(made["registers.json"])
        in_json = {r["name"]: r["offset"] for r in listed["registers"]}
        self.assertEqual(in_c, in_sv)
        self.assertEqual(in_c, in_json)
        self.assertGreater(len(in_c), 30)
        for kind in ("STAGE", "EVENT", "ERROR"):
            names = re.findall(rf"FPGA_{kind}_(\w+) = (\d+)", made["registers.h"])
            self.assertGreater(len(names), 5)
            self.assertEqual(names, re.findall(rf"`define {kind}_(\w+) (\d+)", made["registers.svh"]))
            self.assertEqual([name.lower() for name, _ in names], listed[kind.lower() + "s"])
            self.assertEqual([int(number) for _, number in names], list(range(len(names))))
            self.assertEqual(re.findall(rf"#define FPGA_{kind}S (\d+)u", made["registers.h"]), [str(len(names))])
            self.assertEqual(re.findall(rf"`define {kind}S (\d+)", made["registers.svh"]), [str(len(names))])

    def refuse(self, text, *words):
        status, said, made = make(text)
        self.assertEqual(status, 1, said)
        self.assertEqual(len(said.splitlines()), 1, said)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(set(made), {"map"})

    def test_what_cannot_be_is_refused(self):
        self.refuse("0x000 A 32 rw x\n0x000 B 32 rw x\n" + ARRAYS, "line 2", "belongs to A")
        self.refuse("0x000 A 64 rw x\n0x004 B 32 rw x\n" + ARRAYS, "line 2", "belongs to A")
        self.refuse("0x004 A 64 rw x\n" + ARRAYS, "line 1", "no multiple of its 8 bytes")
        self.refuse("0x000 A 32 rw x\n0x004 A 32 rw x\n" + ARRAYS, "line 2", "there already")
        self.refuse("0xffc A[2] 32 rw x\n" + ARRAYS, "line 1", "behind")
        self.refuse("0x000 A 16 rw x\n" + ARRAYS, "line 1")
        self.refuse("0x000 A[0] 32 rw x\n" + ARRAYS, "line 1", "without entries")
        self.refuse("\nsomething else\n" + ARRAYS, "line 2")
        self.refuse("stage a\nstage a\n" + ARRAYS, "line 2", "there already")
        self.refuse("stage a\nstage b\n" + ARRAYS, "STAGE has room for 3")
        self.refuse("stage a\n", "STAGE has room for 0")
        self.refuse("error a\nerror a\n" + ARRAYS, "line 2", "there already")
        self.refuse("error a\nerror b\n0x1e0 ERRORS[1] 32 ro x\n" + ARRAYS, "ERRORS has room for 1 counts, the errors want 2")
        self.refuse("0x1dc ERRORS[8] 32 ro x\n0x1c0 EVENTS[8] 32 ro x\n", "line 2", "belongs to ERRORS")
        self.refuse("mistake a\n" + ARRAYS, "line 1", "'error NAME'")


if __name__ == "__main__":
    unittest.main(verbosity=2)
