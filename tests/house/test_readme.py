"""The README's reader of results is the one in host/RECORD.md, which is tested against a running node; its commands and keys exist."""
import os
import re
import subprocess
import sys

import house

BUILD = os.environ["SLUICE_BUILD"]
README = open(f"{house.SOURCE}/README.md", encoding="utf-8").read()
RECORD = open(f"{house.SOURCE}/host/RECORD.md", encoding="utf-8").read()


def code(text):
    return re.search(r"```python\n(.*?)```", text, re.S).group(1)


def main():
    wrong = []
    if code(README) != code(RECORD):
        wrong.append("README.md: its reader differs from that of host/RECORD.md")
    config = subprocess.run([f"{BUILD}/sluice", "config"], capture_output=True, text=True, check=True).stdout
    help_text = subprocess.run([f"{BUILD}/sluice", "--help"], capture_output=True, text=True, check=True).stdout
    for command in sorted(set(re.findall(r"`sluice ([a-z]+)", README))):
        if f"sluice {command}" not in help_text:
            wrong.append(f"README.md: there is no command sluice {command}")
    for section, key in sorted(set(re.findall(r"`(input|output|http|overload|engine)\.([a-z_]+)", README))):
        if not re.search(rf"^{section}:.*?^\s+(?:- )?{key}:", config, re.S | re.M):
            wrong.append(f"README.md: there is no key {section}.{key}")
    print("\n".join(wrong))
    print(f"README speaks of what there is: {'holds' if not wrong else f'{len(wrong)} things are against it'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
