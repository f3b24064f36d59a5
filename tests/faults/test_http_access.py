"""Who may do what over HTTP: changes need a token, or a name and password over TLS, as soon as others can reach the address; pages of others can neither change nor
listen; secrets stay in files that their owner alone reads."""
import base64
import http.client
import os
import re
import ssl
import stat
import subprocess
import tempfile
import unittest

from node import SLUICE, Node, until
from web import LISTEN, Answer, Web
from websocket import Closed, WebSocket, request

JSON = {"Content-Type": "application/json"}
ANYWHERE = "http.listen=0.0.0.0:0"
CHANGE = b'{"set": ["spots.kernel=4"]}'


def change(web, **headers):
    return web.get("/api/config", method="POST", body=CHANGE, headers={**JSON, **headers})


def refused(*sets):
    """What a node says that does not start."""
    command = [SLUICE, "run", "--quiet", "--seconds", "1", "--set", "output.results=none"] + [x for s in sets for x in ("--set", s)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, (done.returncode, done.stderr)
    return done.stderr


class Tokens(unittest.TestCase):
    def test_are_not_needed_on_loopback(self):
        with Node(LISTEN, results=False) as node:
            self.assertEqual(change(Web(node)).status, 200)
            self.assertEqual(Web(node).status()["auth"], {"changes": "open"})
            self.assertNotIn("token", node.log())

    def test_are_needed_where_others_can_ask(self):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_RUNTIME_DIR"], before = folder, os.environ.get("XDG_RUNTIME_DIR")
            try:
                with Node(ANYWHERE, results=False) as node:
                    web = Web(node)
                    path = re.search(r"changes over http need the token in (\S+)", node.log())[1]
                    self.assertEqual(os.path.dirname(path), folder)
                    self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
                    with open(path, encoding="utf-8") as file:
                        token = file.read().strip()
                    self.assertGreaterEqual(len(token), 32)
                    self.assertNotIn(token, node.log())
                    self.assertEqual(web.status()["auth"], {"changes": "token"})
                    for wrong in (None, "Bearer", "Bearer ", f"Bearer {token}x", f"Bearer {token[:-1]}", f"Basic {token}", token, "Bearer " + "0" * len(token), "Bearer " + "x" * 600):
                        answer = change(web, **({"Authorization": wrong} if wrong else {}))
                        self.assertEqual((answer.status, answer.json["ok"]), (401, False), wrong)
                    self.assertEqual(web.status()["settings_version"], 1)
                    self.assertEqual(change(web, Authorization=f"Bearer {token}").json, {"ok": True, "version": 2})
                    for path_read in ("/api/config", "/api/status", "/metrics", "/api/options", "/api/versions"):
                        self.assertNotIn(token, web.get(path_read).text, path_read)
                self.assertFalse(os.path.exists(path))
            finally:
                os.environ.pop("XDG_RUNTIME_DIR")
                if before:
                    os.environ["XDG_RUNTIME_DIR"] = before

    def test_may_be_one_s_own(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "token")
            with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
                file.write("correct-horse\n")
            with Node(LISTEN, f"http.token_file={path}", results=False) as node:
                web = Web(node)
                self.assertEqual((change(web).status, change(web, Authorization="Bearer correct-horse").status), (401, 200))
            self.assertTrue(os.path.exists(path))
            os.chmod(path, 0o644)
            self.assertIn("can be read by others", refused(LISTEN, f"http.token_file={path}"))
            os.chmod(path, 0o600)
            with open(path, "w", encoding="utf-8") as file:
                file.write("short\n")
            self.assertIn("a token of 8 to", refused(LISTEN, f"http.token_file={path}"))
            self.assertIn("nothing-there", refused(LISTEN, f"http.token_file={folder}/nothing-there"))


class Pages(unittest.TestCase):
    def test_of_others_change_nothing(self):
        with Node(LISTEN, results=False) as node:
            web = Web(node)
            own = f"http://{web.host}:{web.port}"
            self.assertEqual(change(web, Origin=own).status, 200)
            for origin in ("http://evil.example", f"http://localhost:{web.port}", f"http://127.0.0.1:{web.port + 1}", f"https://127.0.0.1:{web.port}", "null", own + ".evil.example", own + "/"):
                self.assertEqual(change(web, Origin=origin).status, 403, origin)
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):  # what a page may send without asking
                self.assertEqual(web.get("/api/config", method="POST", body=CHANGE, headers={"Content-Type": kind}).status, 415, kind)
            self.assertEqual(web.get("/api/config", method="OPTIONS", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}).status, 403)
            self.assertEqual(web.status()["settings_version"], 2)

    def test_of_others_hear_nothing(self):
        with Node(LISTEN, results=False) as node:
            web = Web(node)
            with WebSocket(web, Origin="http://localhost") as screen:
                self.assertEqual(screen.hear()["type"], "hello")
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Host": "evil.example", "Origin": "http://evil.example"}, {"Origin": "null"},
                            {"Host": None}, {"Origin": "https://localhost"}, {"Sec_WebSocket_Protocol": "http"}, {"Sec_WebSocket_Protocol": None},
                            {"Sec_WebSocket_Protocol": "sluice, http"}, {"path": "/"}, {"path": "/api/status"}, {"Upgrade": "h2c"}):
                self.assertRaises(Closed, WebSocket, web, **headers)
                self.assertNotIn(b" 101 ", web.raw(request(**headers)), headers)


class Encrypted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.certificate, cls.key, cls.passwords = (os.path.join(cls.folder.name, n) for n in ("cert.pem", "key.pem", "passwords"))
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                               "-keyout", cls.key, "-out", cls.certificate], capture_output=True)
        if made.returncode:
            raise unittest.SkipTest("openssl cannot make a certificate")
        with open(cls.passwords, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write("anna:secret one\n\nno colon here\nbob:two\n")
        cls.tls = (f"http.certificate={cls.certificate}", f"http.key={cls.key}")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def ask(self, port, path, login=None, method="GET", body=None, headers=None, context=None):
        context = context or ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
        headers = dict(headers or {})
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        try:
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
            return Answer(reply, reply.read())
        finally:
            connection.close()

    def port(self, node):
        return int(until("the address", lambda: re.search(r"the screen is at https://[\w.]+:(\d+)", node.log()))[1])

    def test_everything_is_with_a_certificate(self):
        with Node(LISTEN, *self.tls, results=False) as node:
            port = self.port(node)
            self.assertEqual(self.ask(port, "/api/status").json["auth"], {"changes": "open"})
            self.assertGreater(len(self.ask(port, "/").body), 1000)
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_1
            self.assertRaises(OSError, self.ask, port, "/api/status", context=old)

    def test_names_and_passwords_are_asked_for(self):
        with Node(ANYWHERE, *self.tls, f"http.password_file={self.passwords}", results=False) as node:
            port = self.port(node)
            for wrong in (None, "anna:secret", "anna:", "anna", ":", "bob:secret one", "no colon here", "anna:secret one:", "bob:two\n", "x" * 500):
                answer = self.ask(port, "/api/status", wrong)
                self.assertEqual((answer.status, answer.headers["www-authenticate"][:5]), (401, "Basic"), wrong)
                self.assertEqual(self.ask(port, "/api/config", wrong, "POST", CHANGE, JSON).status, 401)
            for login in ("anna:secret one", "bob:two"):
                self.assertEqual(self.ask(port, "/api/status", login).json["auth"], {"changes": "basic"})
                self.assertEqual(self.ask(port, "/api/config", login, "POST", CHANGE, JSON).status, 200)
            top = [SLUICE, "top", f"https://127.0.0.1:{port}", "--insecure", "--seconds", "1"]
            self.assertEqual(subprocess.run(top, capture_output=True).returncode, 1)
            done = subprocess.run(top + ["--login", "bob:two"], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout.split()[0]), (0, "disconnected"))

    def test_half_of_it_is_a_mistake(self):
        self.assertIn("http.certificate", refused(LISTEN, self.tls[0]))
        self.assertIn("http.password_file", refused(ANYWHERE, f"http.password_file={self.passwords}"))
        self.assertIn("cannot be used", refused(LISTEN, f"http.certificate={self.key}", f"http.key={self.key}"))
        os.chmod(self.passwords, 0o640)
        self.assertIn("can be read by others", refused(LISTEN, *self.tls, f"http.password_file={self.passwords}"))
        os.chmod(self.passwords, 0o600)


class Terminal(unittest.TestCase):
    def test_top_says_what_the_node_says(self):
        with Node(LISTEN, results=False) as node:
            web = Web(node)
            done = subprocess.run([SLUICE, "top", f"127.0.0.1:{web.port}", "--seconds", "1"], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout.splitlines()[0].split()[:3]), (0, ["disconnected", "run", "0"]), done)
            self.assertNotIn("\033", done.stdout)
        done = subprocess.run([SLUICE, "top", f"127.0.0.1:{web.port}", "--seconds", "1"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(subprocess.run([SLUICE, "top", "--every", "x"], capture_output=True).returncode, 2)
        self.assertIn("usage", subprocess.run([SLUICE, "top", "--help"], capture_output=True, text=True).stdout)


if __name__ == "__main__":
    unittest.main()
