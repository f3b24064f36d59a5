"""No file has grown past 600 lines and no function past 80. The lists of exceptions are empty, and stay so.

C functions are found by their braces: one that opens in the first column behind a line with a parameter list. Python's are found by its parser.
"""
import ast
import re

import house

FILE_LINES = 600
FUNCTION_LINES = 80
FUNCTION_AIM = 60
SOURCES = (".c", ".h", ".py", ".sh", ".js", ".cl", ".cu", ".cpp", ".sv", ".svh", ".css", ".html", "/run", "/demo", "CMakeLists.txt")
NAME = re.compile(r"(\w+)\s*\([^;{}]*$")


def without_words(text):
    """The same lines without comments and the insides of literals, whose braces do not count."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: '""' if m[0][0] in "\"'" else "\n" * m[0].count("\n"), text)


def c_functions(text):
    """(name, first line, number of lines) of every function, in the project's layout or with the brace at the end of the line."""
    lines, head, at = without_words(text).split("\n"), "", 0
    while at < len(lines):
        line = lines[at]
        opens = line.startswith("{") or (line and not line[0].isspace() and line.rstrip().endswith("{"))
        named = NAME.search((head + " " + line).split("{")[0].rstrip())
        if opens and named and "=" not in head + line.split("{")[0]:
            end = next((i for i in range(at, len(lines)) if lines[i].startswith("}")), len(lines) - 1)
            yield named[1], at + 1, end - at + 1
            at, head = end, ""
        elif not line.strip() or line.rstrip().endswith((";", "}", ">")) or line.startswith("#"):
            head = ""
        else:
            head += " " + line
        at += 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def functions(name):
    if name.endswith((".c", ".h", ".cl", ".cu", ".cpp")):
        return c_functions(house.read(name))
    return python_functions(house.read(name)) if name.endswith(".py") else ()


def main():
    findings, seen, names = [], 0, house.files(*SOURCES)
    for name in names:
        lines = house.read(name).count("\n")
        if lines > FILE_LINES:
            findings.append(f"{name}: {lines} lines, more than {FILE_LINES}: probably two files")
        for function, line, length in functions(name):
            seen += 1
            if length > FUNCTION_LINES:
                findings.append(f"{name}:{line}: {function} has {length} lines, more than {FUNCTION_LINES}")
            elif length > FUNCTION_AIM:
                print(f"{name}:{line}: {function} has {length} lines (aim: {FUNCTION_AIM})")
    house.conclude(f"files and functions of a size to be read ({len(names)} files; functions)", seen, findings)


if __name__ == "__main__":
    main()
