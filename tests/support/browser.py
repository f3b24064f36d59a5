"""A real browser for tests: Debian's chromium, driven by playwright-core through tests/browser/driver.mjs.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:8090", 1366, 768)
        page.wait("document.querySelector('#figure_received').textContent === '300'")
    browser.said                     # what the pages said on their consoles, and what went wrong in them
Ends the program as a named skip where chromium, node or playwright-core (which tests/run fetches) are not there.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from node import SOURCE

BUILD = os.environ.get("SLUICE_BUILD") or os.path.join(SOURCE, "build")
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
PICTURES = os.path.join(BUILD, "screenshots")


def packages():
    """The folder whose node_modules holds what tests/browser/package.json names; ends the program as a skip where there is none."""
    for folder in (os.path.join(BUILD, "browser"), os.path.join(SOURCE, "build", "browser")):
        if os.path.exists(os.path.join(folder, "node_modules", "playwright-core")):
            return folder
    skip("playwright-core is not there: tests/run fetches it with npm, for which it needs a network once")


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def need():
    """What a browser takes, or the end of the program as a skip: to be called before unittest runs, which would take that for a failure."""
    if not os.path.exists(CHROMIUM):
        skip(f"there is no {CHROMIUM} (Debian: chromium)")
    if not shutil.which("node"):
        skip("there is no node (Debian: nodejs)")
    return packages()


class Page:
    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def do(self, order, **details):
        return self.browser.do(order, page=self.number, **details)

    def eval(self, script):
        return self.do("eval", script=script)

    def wait(self, script):
        """Until the expression is true; returns its value."""
        return self.do("wait", script=script)

    def text(self, on):
        return self.eval(f"document.querySelector({json.dumps(on)}).innerText")

    def number_in(self, on):
        """The whole number that an element shows, with its thin spaces between thousands."""
        return int("".join(c for c in self.text(on) if c.isdigit()))

    def click(self, on):
        self.do("click", on=on)

    def hover(self, on):
        self.do("hover", on=on)

    def fill(self, on, text):
        self.do("fill", on=on, text=str(text))

    def press(self, *keys):
        for key in keys:
            self.do("press", key=key)

    def picture(self, name, of=None):
        """A screenshot, kept with the build."""
        os.makedirs(PICTURES, exist_ok=True)
        self.do("picture", file=os.path.join(PICTURES, name + ".png"), of=of)


class Browser:
    def __enter__(self):
        folder = need()
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["node", os.path.join(SOURCE, "tests", "browser", "driver.mjs"), folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.err, text=True)
        self.heard = []
        try:
            self.answer()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the browser ended: {os.pread(self.err.fileno(), 1 << 16, 0).decode(errors='replace')}")
        answer = json.loads(line)
        if not answer["ok"]:
            raise AssertionError(answer["error"])
        return answer["value"]

    def do(self, order, **details):
        self.process.stdin.write(json.dumps({"do": order, **details}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def open(self, url, width=1366, height=768, dark=False):
        return Page(self, self.do("open", url=url, width=width, height=height, dark=dark))

    @property
    def said(self):
        self.heard += self.do("said")
        return self.heard

    def complaints(self):
        """Errors and warnings of all pages so far, but for what chromium says of tests that look at a canvas."""
        return [m for m in self.said if m["kind"] in ("error", "warning", "exception", "failed") and "Multiple readback" not in m["text"]]

    def __exit__(self, kind, value, trace):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.err.close()
