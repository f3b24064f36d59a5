"""What the page is made of: uPlot as published, one licence with it, modules that stand alone, and all together light."""
import os
import re
import subprocess
import tempfile
import unittest

from browser import BUILD, need, packages
from node import SOURCE

PAGE = os.path.join(SOURCE, "host", "page")
BYTES_MAX = 300_000


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Parts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = read(BUILD, "host", "page.html")
        cls.packages = packages()

    def test_uplot_is_the_one_published(self):
        """npm checked the package against the lock file; the copy here is the package's."""
        package = os.path.join(self.packages, "node_modules", "uplot")
        self.assertEqual(read(PAGE, "vendor", "LICENSE"), read(package, "LICENSE"))
        for name in ("uPlot.iife.min.js", "uPlot.min.css"):
            self.assertEqual(read(PAGE, "vendor", name), read(package, "dist", name), name)

    def test_the_licence_is_on_the_page(self):
        self.assertIn(read(PAGE, "vendor", "LICENSE").strip(), self.page)

    def test_it_is_light(self):
        self.assertLess(len(self.page.encode()), BYTES_MAX)

    def test_nothing_was_left_out(self):
        self.assertEqual(re.findall(r"@[A-Z_]+@", self.page), [])
        for name in os.listdir(PAGE):
            if name.endswith(".js"):
                self.assertIn(f"/* {name} - ", self.page)

    def check(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run(["node", "--check", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_modules_are_a_script(self):
        self.check("page.mjs", re.search(r'<script type="module">\n(.*)</script>', self.page, re.S)[1])

    def test_each_module_imports_what_there_is(self):
        """In the page a name that no module exports would be undefined, without a word."""
        exports = {}
        for name in sorted(n for n in os.listdir(PAGE) if n.endswith(".js")):
            exports[name] = set(re.findall(r"^export (?:async )?(?:function|const) (\w+)", read(PAGE, name), re.M))
        for name in exports:
            for names, source in re.findall(r'^import \{([^}]*)\} from "\./([\w.]+)";$', read(PAGE, name), re.M):
                wanted = {n.strip() for n in names.split(",")}
                self.assertLessEqual(wanted, exports[source], f"{name} from {source}")
                body = re.sub(r"^import .*$", "", read(PAGE, name), flags=re.M)
                for one in wanted:
                    self.assertRegex(body, rf"\b{one}\b", f"{name} imports {one} and does not use it")

    def test_what_a_module_calls_it_has(self):
        texts = {n: read(PAGE, n) for n in os.listdir(PAGE) if n.endswith(".js")}
        exported = {name for text in texts.values() for name in re.findall(r"^export (?:async )?(?:function|const) (\w+)", text, re.M)}
        for module, text in texts.items():
            own = {a or b for a, b in re.findall(r"\bfunction (\w+)|\b(\w+) = ", text)} | {n.strip() for m in re.findall(r"^import \{([^}]*)\}", text, re.M) for n in m.split(",")}
            own |= {n for m in re.findall(r"(?:const|let) [\[{]([\w, ]+)[\]}]", text) for n in re.findall(r"\w+", m)}
            bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            for name in exported - own:
                self.assertNotRegex(bare, rf"(?<![\w.\"'])(?:{name})\(", f"{module} calls {name} and does not import it")


if __name__ == "__main__":
    need()
    unittest.main()
