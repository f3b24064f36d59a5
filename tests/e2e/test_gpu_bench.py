"""sluice-gpu-bench finds the devices there are, passes their self-tests and compares their results with the reference.

Nothing is timed. Where there is no device at all it says why, and fails, which is a skip here."""
import os
import subprocess
import sys

BENCH = os.path.join(os.environ["SLUICE_BUILD"], "sluice-gpu-bench")


def main():
    done = subprocess.run([BENCH, "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500)
    print(done.stdout)
    if "\n0 devices run, 0 failures" in done.stdout and done.returncode == 1:
        print("skipped: no engine finds a device")
        return 77
    assert done.returncode == 0, done.returncode
    assert "arina-typical-u16: equal" in done.stdout
    assert "DIFFERENT" not in done.stdout and "FAILED" not in done.stdout
    for arguments in (["--engine", "none"], ["--queues", "0"], ["--frobnicate"], ["--case", "none"]):
        wrong = subprocess.run([BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        assert wrong.returncode == 2, (arguments, wrong.returncode, wrong.stdout)
        assert "sluice-gpu-bench: " in wrong.stdout, wrong.stdout
    return 0


sys.exit(main())
