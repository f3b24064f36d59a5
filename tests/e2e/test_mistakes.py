"""What a user types wrongly is named in one line, with where help is, and ends every command with status 2 before anything is started."""
import os
import subprocess
import unittest

SLUICE = os.path.join(os.environ["SLUICE_BUILD"], "sluice")


def call(*words):
    return subprocess.run([SLUICE, *words], capture_output=True, text=True, timeout=60, check=False)


class Mistakes(unittest.TestCase):
    def check_refused(self, words, *named):
        done = call(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), (words, done.stderr))
        self.assertRegex(done.stderr, f"^sluice {words[0]}: .*\n$")
        for what in named:
            self.assertIn(what, done.stderr)

    def test_an_unknown_option_is_named(self):
        for command in ("run", "process", "top", "check", "config", "engines", "recover", "graph"):
            words = (command, "somewhere", "--tpyo") if command == "recover" else (command, "--tpyo")
            self.check_refused(words, f"(sluice {command} --help)", *([] if command == "recover" else ["'--tpyo'"]))
        self.check_refused(("run", "-qx"), "'-x'")
        self.check_refused(("engines", "--json", "--more"), "'--more'")
        self.check_refused(("engines", "--set", "engine.fpga_simulated=perhaps"), "engine.fpga_simulated")

    def test_a_missing_value_is_named(self):
        self.check_refused(("run", "--set"), "--set: its value is missing", "(sluice run --help)")
        self.check_refused(("process", "--out"), "--out: its value is missing", "(sluice process --help)")

    def test_a_key_nearly_right_is_guessed(self):
        self.check_refused(("run", "--set", "spots.sigma_stong=4"), "did you mean 'spots.sigma_strong'?")

    def test_what_is_not_there_is_named(self):
        for words in (("run", "nowhere.yaml"), ("check", "nowhere.yaml"), ("process", "nowhere.h5"), ("recover", "nowhere")):
            self.check_refused(words, words[1], "No such file or directory")

    def test_a_command_that_is_none_gets_the_list(self):
        done = call("rnu")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("'rnu' is not a command; run, process, top,", done.stderr)

    def test_help_is_no_mistake(self):
        for command in ("run", "process", "top", "check", "config", "engines", "recover", "graph"):
            done = call(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            self.assertTrue(done.stdout.startswith(f"usage: sluice {command}"), done.stdout)


if __name__ == "__main__":
    unittest.main()
