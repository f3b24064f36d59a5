"""Every source says in its first lines what it is for, and every script parses and can be run.

C, C++ and SystemVerilog: a comment that begins with the file's own name; Python: a docstring; shell, CMake and YAML: a comment.
"""
import ast
import os
import subprocess

import house


def of_c(name, text, opening="/*"):
    start = f"{opening} {os.path.basename(name)} - "
    if not text.startswith(start):
        yield f"{name}:1: begins with {text.splitlines()[0][:60]!r}, not with {start!r}"


def of_python(name, text):
    try:
        if not ast.get_docstring(ast.parse(text)):
            yield f"{name}:1: no docstring says what it is for"
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: {error.msg}"


def of_hash(name, text):
    lines = text.splitlines()
    first = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else lines[0] if lines else ""
    if not first.startswith("# "):
        yield f"{name}: no comment in the first lines says what it is for"


def of_shell(name, text):
    yield from of_hash(name, text)
    done = subprocess.run(["bash", "-n", os.path.join(house.SOURCE, name)], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        yield f"{name} does not parse: {done.stderr.strip()}"


def of_script(name):
    if not os.access(os.path.join(house.SOURCE, name), os.X_OK):
        yield f"{name}: has a #! line but may not be executed"


def look(name):
    """(looked at, findings)"""
    if name.endswith((".c", ".h", ".cpp")):
        return True, list(of_c(name, house.read(name)))
    if name.endswith((".sv", ".svh")):
        return True, list(of_c(name, house.read(name), "//"))
    script = house.is_script(name)
    findings = list(of_script(name)) if script else []
    if name.endswith(".py"):
        return True, findings + list(of_python(name, house.read(name)))
    if name.endswith(".sh") or (script and "sh" in house.read(name).split("\n")[0]):
        return True, findings + list(of_shell(name, house.read(name)))
    if name.endswith((".yaml", ".yml", "CMakeLists.txt")):
        return True, list(of_hash(name, house.read(name)))
    return script, findings


def main():
    looked = [look(name) for name in house.files()]
    house.conclude("first lines say what a file is for", sum(seen for seen, _ in looked), [finding for _, found in looked for finding in found])


if __name__ == "__main__":
    main()
