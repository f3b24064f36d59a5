"""For the tests of the house's own rules (tests/house): the project's files, and one way to say what is wrong and where."""
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("SLUICE_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_OURS = re.compile(r"^(build[^/]*|node_modules|\.git|__pycache__)$")


def listed_by_git():
    command = ["git", "-c", "safe.directory=*", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def listed_by_walking():
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = [name for name in folders if not NOT_OURS.match(name)]
        yield from (os.path.relpath(os.path.join(folder, name), SOURCE) for name in names if not name.endswith(".pyc"))


def files(*suffixes):
    """Paths of the project's files from its top folder, sorted; those that end in one of the suffixes, where any is given."""
    names = listed_by_git()
    names = sorted(set(listed_by_walking() if names is None else names))
    names = [name for name in names if os.path.isfile(os.path.join(SOURCE, name))]
    assert names, "the project has no files at " + SOURCE
    return [name for name in names if not suffixes or name.endswith(suffixes)]


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def is_script(name):
    """Run by its first line: a shell or Python program without a suffix."""
    with open(os.path.join(SOURCE, name), "rb") as f:
        return f.read(2) == b"#!"


def conclude(rule, seen, findings):
    """Prints what was found against the rule, or how much was looked at, and ends the program. Having seen nothing is a failure."""
    for finding in findings:
        print(finding)
    print(f"{rule}: {len(findings)} of {seen} looked at are against it" if findings else f"{rule}: holds for all {seen}")
    sys.exit(1 if findings or not seen else 0)
