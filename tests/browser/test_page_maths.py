"""The page's arithmetic holds without a browser: scales, zoom, resolution, updates put together, grids, tiles (tests/browser/maths.mjs)."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from node import SOURCE


def main():
    if not shutil.which("node"):
        print("skipped: there is no node (Debian: nodejs)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for path in glob.glob(os.path.join(SOURCE, "host", "page", "*.js")):
            shutil.copy(path, folder)
        with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
            file.write('{"type": "module"}')
        return subprocess.run(["node", os.path.join(SOURCE, "tests", "browser", "maths.mjs"), folder]).returncode


if __name__ == "__main__":
    sys.exit(main())
