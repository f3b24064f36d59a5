"""Clients that send rubbish, too much, too little or nothing, or never read, dozens at once, harm nobody: the run loses no frame, a proper
client is answered all the while, and the node is rid of them in the end."""
import os
import random
import socket
import struct
import threading
import time
import unittest

from node import Node, check_ledger, until
from simulated import SMALL, Detector
from web import LISTEN, Web, parse_metrics, read_all
from websocket import BINARY, CLOSE, PING, TEXT, Closed, WebSocket, request

PLACES = 64  # of host/http.c
GET = b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
SEED = int(os.environ.get("SLUICE_SEED", time.time()))
print(f"seed: SLUICE_SEED={SEED}", flush=True)
rng = random.Random(SEED)


def too_large():
    yield b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET /?" + b"a=b&" * 25_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000 + b"\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(50_000)) + b"\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"Accept: text/html\r\n" * 50_000 + b"\r\n"
    yield b"G" * 1_000_000
    yield b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n" + b"x" * 1_000_000


def odd():
    upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %s\r\n%s\r\n"
    for what in (b"websocket", b"h2c", b"tls/1.0", b"x" * 500, b"websocket, h2c"):
        yield upgrade % (what, b"")
        yield upgrade % (what, b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")
        yield upgrade % (what, b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        yield upgrade % (what, b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: http\r\n")
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)
    yield b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET  HTTP/1.1\r\n\r\n"
    yield b"GET /\r\n\r\n"
    yield b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET / GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET /%00%ff%zz%2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    yield b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    yield b"HEAD / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789"
    yield b"GET / HTTP/1.0\r\n\r\n"
    yield b"\r\n\r\n\r\n\r\n"
    yield b"\0" * 10_000
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2


def posts():
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n"
    for path in (b"/api/config", b"/api/trial", b"/api/config/validate", b"/api/status", b"/"):
        for length in (b"65537", b"-1", b"99999999999999999999", b"0x10", b"1e3", b" 5", b"", b"5, 5", b"4294967296", b"5\r\nContent-Length: 6"):
            yield head % (path, length) + b"x" * 100_000
        for body in (b"", b"{}", b"null", b"[" * 60_000, b'{"set": [' + b'"spots.kernel=4",' * 3000 + b'"spots.kernel=4"]}', b'{"set": ["' + b"a" * 60_000 + b'"]}',
                     b'{"set": ["input.99999999999.endpoint=tcp://a:1", "spots.kernel={{{{"]}', b'{"set": ["\\u0000"], "frame": -1, "channel": 1e300}', bytes(65536)):
            yield head % (path, str(len(body)).encode()) + body
    for kind in (b"text/plain", b"application/json; charset=" + b"x" * 500, b"application/jsonp"):
        yield b"POST /api/config HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: 2\r\n\r\n{}" % kind


def queries():
    for query in (b"region=" + b"9" * 300, b"region=-1,-1,-1,-1", b"bin=" + b"1" * 400, b"%" * 300, b"a&" * 200, b"channel=%00", b"region=%2c%2c%2c", b"low=1&high=" + b"9" * 30, b"=&=&="):
        for path in (b"/api/frames/latest/image.raw", b"/api/frames/hit/image.png", b"/api/map.f32"):
            yield b"GET %s?%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % (path, query)


def views():
    """What a screen may say that is wrong."""
    yield from (b"", b"{", b"null", b"[]", b'"view"', b"{}", b'{"type": 3}', b'{"type": "view", "type": "view"}', b"\xff\xfe", b"[" * 4000, b"1" * 4000)
    for member in ('"image": null', '"image": 1e300', '"image": -1', '"image": "' + "x" * 3000 + '"', '"image": [1]', '"region": [1]', '"region": [-1, -1, -1, -1]',
                   '"region": [1e9, 1e9, 1e9, 1e9]', '"region": ["a", 1, 1, 1]', '"bin": 1e9', '"bin": -5', '"channel": 1e9', '"rate": -1', '"rate": 1e99', '"rate": "x"'):
        yield ('{"type": "view", "image": "latest", ' + member + "}").encode()


def rubbish(n):
    """Bytes at random, and proper requests with some of theirs changed."""
    for _ in range(n):
        yield rng.randbytes(rng.randrange(1, 3000))
        text = bytearray(rng.choice(list(odd()) + [GET]))
        for _ in range(rng.randrange(1, 6)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        yield bytes(text)


class Reader(threading.Thread):
    """A proper client, who asks again and again, each time anew."""

    def __init__(self, web):
        super().__init__(daemon=True)
        self.web, self.n, self.wrong, self.done = web, 0, None, threading.Event()
        self.start()

    def run(self):
        paths = ["/api/status", "/metrics", "/", "/api/config"]
        try:
            while not self.done.is_set():
                answer = self.web.get(paths[self.n % 4])
                if answer.status != 200:
                    raise AssertionError(f"{paths[self.n % 4]}: {answer.status}")
                if self.n % 4 == 1:
                    parse_metrics(answer.text)
                self.n += 1
                time.sleep(0.02)
        except Exception as wrong:
            self.wrong = wrong

    def close(self):
        self.done.set()
        self.join()
        if self.wrong:
            raise self.wrong


def sockets_of(node):
    """How many sockets the node has open."""
    folder = f"/proc/{node.process.pid}/fd"
    n = 0
    for fd in os.listdir(folder):
        try:
            n += os.readlink(f"{folder}/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass
    return n


def try_send(s, data):
    try:
        s.send(data)
        return True
    except OSError:
        return False


def farewell(s):
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has left already


class Hostile(unittest.TestCase):
    def under_attack(self, attack):
        """Runs attack(web, node) while a run goes on; nothing is lost, and everybody else is answered."""
        with Node(LISTEN, "overload.analysis=wait") as node:  # however busy the machine is, only a loss is a loss
            web = Web(node)
            web.status()
            before = sockets_of(node)
            with Detector(node, *SMALL, "--rate", 100, "--frames", 0, "--idle", 60) as detector:
                until("frames", lambda: web.totals()["received"] > 0)
                reader = Reader(web)
                attack(web, node)
                asked = reader.n
                until("an answer after all that", lambda: reader.n > asked + 4 or reader.wrong)
                reader.close()
                detector.process.send_signal(2)
                end = node.wait_ends(1)[0]["count"]
                check_ledger(end, analysed=end["announced"], missing=0)
                self.assertGreater(end["received"], 0)
                self.assertEqual(web.totals(), end)
                detector.process.kill()
                detector.process.wait()
            until("the detector is gone", lambda: web.status()["state"] == "disconnected")
            until("nobody is connected any more", lambda: sockets_of(node) <= before)

    def test_too_large(self):
        self.under_attack(lambda web, node: [web.raw(request) for request in too_large()])

    def test_odd(self):
        def attack(web, node):
            for request in odd():
                got = web.raw(request)
                self.assertNotRegex(got, rb"^HTTP/[\d.]+ 101|root:", request)
        self.under_attack(attack)

    def test_posts(self):
        def attack(web, node):
            for post in posts():
                got = web.raw(post)
                self.assertNotRegex(got, rb"^HTTP/[\d.]+ (?:5|101)", post[:200])
            self.assertLess(web.status()["settings_version"], 4)
        self.under_attack(attack)

    def test_a_post_that_never_comes_whole(self):
        def attack(web, node):
            held = [web.connect() for _ in range(40)]
            for s in held:
                s.sendall(b"POST /api/config HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
            for s in held:
                with s:
                    self.assertEqual(read_all(s), b"")  # each has been sent away
        self.under_attack(attack)

    def test_queries(self):
        def attack(web, node):
            for query in queries():
                # who asks with hundreds of parameters is sent away without a word
                self.assertRegex(web.raw(query), rb"^$|^HTTP/1.[01] (?:200|400|403|404|414|422)", query[:200])
        self.under_attack(attack)

    def test_pictures_that_are_never_read(self):
        def attack(web, node):
            until("a hit", lambda: web.get("/api/frames/hit").status == 200)
            greedy = [web.connect() for _ in range(40)]
            for s in greedy:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.sendall(b"GET /api/frames/latest/image.tif HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
            self.assertEqual(web.get("/api/frames/hit/image.tif").status, 200)
            for s in greedy:
                s.close()
        self.under_attack(attack)

    def test_screens_that_say_rubbish(self):
        def attack(web, node):
            with WebSocket(web) as polite:
                for view in views():
                    polite.send(TEXT, view)
                polite.say({"type": "view", "image": "latest"})
                polite.hear_until(lambda m: isinstance(m, bytes))
            for kind, payload, final in ((TEXT, b"x" * 5000, True), (BINARY, b"{}", True), (TEXT, b"x" * 100_000, True), (3, b"", True), (PING, b"x" * 200, True),
                                         (0, b"x", True), (TEXT, b"\xff" * 3, True), (CLOSE, b"x", True)):
                with WebSocket(web) as screen:
                    screen.send(kind, payload, final)
                    try:
                        for _ in range(30):
                            screen.hear()
                    except (Closed, OSError):
                        pass
            with WebSocket(web) as screen:
                with self.assertRaises((Closed, OSError)):
                    for _ in range(200_000):
                        screen.send(TEXT, b"x" * 100, False)
            for _ in range(60):
                s = web.connect()
                with s:
                    s.sendall(request() + rng.randbytes(rng.randrange(1, 2000)))
        self.under_attack(attack)

    def test_screens_that_never_read(self):
        """Dozens of them, each asking for pictures; one that does read gets everything, and ten updates a second hold up nobody."""
        def attack(web, node):
            until("a frame", lambda: web.get("/api/frames/latest").status == 200)
            greedy = [WebSocket(web) for _ in range(40)]
            for screen in greedy:
                screen.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                screen.say({"type": "view", "image": "latest", "bin": 1, "rate": 10})
            with WebSocket(web) as polite:
                polite.say({"type": "view", "image": "latest", "rate": 10})
                before = web.totals()["received"]
                seen = [polite.hear() for _ in range(60)]
                self.assertTrue(any(isinstance(m, bytes) for m in seen))
                last = polite.hear_until(lambda m: isinstance(m, dict) and m["type"] == "update" and m["status"]["ledger"]["received"][0] > before + 100)
                self.assertEqual(last["status"]["viewers"], 41)
            for screen in greedy:
                screen.close()
        self.under_attack(attack)

    def test_screens_that_come_and_go(self):
        def attack(web, node):
            for i in range(200):
                screen = WebSocket(web)
                if i % 2:
                    screen.say({"type": "view", "image": "hit" if i % 3 else "latest", "rate": 10})
                if i % 5 == 0:
                    screen.hear()
                screen.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                screen.close()
        self.under_attack(attack)

    def test_rubbish(self):
        def attack(web, node):
            for request in rubbish(150):
                with web.connect() as s:
                    if try_send(s, request) and rng.random() < 0.5:
                        farewell(s)
                        read_all(s)
        self.under_attack(attack)

    def test_dozens_who_are_silent_or_slow(self):
        def attack(web, node):
            slow = [web.connect() for _ in range(2 * PLACES)]
            for at in range(len(GET) - 4):
                for i, s in enumerate(slow):
                    if i % 2:
                        try_send(s, GET[at:at + 1])
                time.sleep(0.05)
            for s in slow:
                with s:
                    self.assertEqual(read_all(s), b"")  # each has been sent away
        self.under_attack(attack)

    def test_who_never_reads(self):
        def attack(web, node):
            greedy = [web.connect() for _ in range(40)]
            for s in greedy:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.setblocking(False)
            for _ in range(20):
                for s in greedy:
                    try_send(s, GET * 50)
                time.sleep(0.02)
            for s in greedy:
                s.close()
        self.under_attack(attack)

    def test_who_leaves_at_once(self):
        def attack(web, node):
            for i in range(300):
                s = web.connect()
                if i % 3:
                    try_send(s, GET[:i % len(GET)] if i % 2 else GET)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a farewell
                s.close()
        self.under_attack(attack)

    def test_the_longest_idle_one_goes_first(self):
        """Who asks now and then keeps the connection, however many are silent."""
        def attack(web, node):
            with web.connect() as regular:
                stream = regular.makefile("rb")
                silent = []
                for _ in range(3 * PLACES):
                    silent.append(web.connect())
                    if len(silent) % 16:
                        continue
                    regular.sendall(GET)
                    head = b"".join(iter(stream.readline, b"\r\n"))
                    self.assertTrue(head.startswith(b"HTTP/1.1 200 OK"), head)
                    stream.read(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
                for s in silent:
                    s.close()
        self.under_attack(attack)


if __name__ == "__main__":
    unittest.main()
