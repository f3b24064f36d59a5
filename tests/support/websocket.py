"""A WebSocket client for tests, on a plain socket: text and binary messages, nothing else.

    with WebSocket(web) as screen:
        screen.say({"type": "view", "image": "latest"})
        message = screen.hear()      # a dict, or bytes
"""
import base64
import json
import os
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    pass


def request(path="/api/live", **headers):
    """The handshake; headers replace the usual ones, None leaves one out."""
    lines = {"Host": "localhost", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": "sluice"}
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    return f"GET {path} HTTP/1.1\r\n".encode() + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items() if v is not None) + b"\r\n"


class WebSocket:
    def __init__(self, web, **headers):
        self.socket = web.connect()
        self.socket.sendall(request(**headers))
        self.stream = self.socket.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            head += line
            if not line:
                break
        if not head.startswith(b"HTTP/1.1 101"):
            self.close()
            raise Closed(head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, kind, payload, final=True):
        mask = os.urandom(4)
        n = len(payload)
        size = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
        self.socket.sendall(bytes([(0x80 if final else 0) | kind]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def say(self, message):
        self.send(TEXT, json.dumps(message).encode())

    def read(self, n):
        got = self.stream.read(n)
        if len(got) < n:
            raise Closed("the node has closed the connection")
        return got

    def frame(self):
        first, second = self.read(2)
        n = second & 0x7f
        if n >= 126:
            n = int.from_bytes(self.read(2 if n == 126 else 8), "big")
        return first & 0xf, bool(first & 0x80), self.read(n)

    def hear(self):
        """The next message: text as what its JSON says, binary as bytes."""
        kind, whole = None, b""
        while True:
            k, final, payload = self.frame()
            if k == CLOSE:
                raise Closed(payload)
            if k == PING:
                self.send(PONG, payload)
            if k in (PING, PONG):
                continue
            kind, whole = k or kind, whole + payload
            if final:
                return json.loads(whole) if kind == TEXT else whole

    def hear_until(self, condition):
        """The first message for which condition(message) is true."""
        while True:
            message = self.hear()
            if condition(message):
                return message


class Tile:
    """A tile as host/api.yaml describes it."""

    def __init__(self, message):
        assert message[:4] == b"SLT1", message[:4]
        head, self.type, self.flags, self.id = struct.unpack_from("<HBBQ", message, 4)
        self.x, self.y, self.bin, self.width, self.height, self.low, self.high, self.max = struct.unpack_from("<8I", message, 16)
        self.pixels = message[head:]
        assert len(self.pixels) == self.width * self.height << self.type, (len(self.pixels), self.width, self.height, self.type)

    def array(self):
        import numpy as np
        return np.frombuffer(self.pixels, ("<u1", "<u2", "<u4")[self.type]).reshape(self.height, self.width)
