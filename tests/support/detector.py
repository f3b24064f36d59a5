"""Runs sluice-detector for tests: takes its messages with a PULL socket, decodes them with independent libraries, and reads its truth.

    run = detector.run("--frames", 10, "--drop", "frames:3")       # Run: messages, truth, status, out, err
    for message in run.messages: message.kind, message.image_id, message.pixels["threshold_1"]
Messages that do not decode have kind "unreadable"; payloads that do not decode leave pixels None and say why in `wrong`.
Shares no code with the project.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import time

import cbor2
import lz4.block
import numpy as np
import zmq

BINARY = os.path.join(os.environ.get("SLUICE_BUILD", "build"), "sluice-detector")
PIXEL_TAGS = {64: "u1", 69: "<u2", 70: "<u4", 85: "<f4"}
TYPES = {"uint8": "u1", "uint16": "<u2", "uint32": "<u4", "float32": "<f4"}


def lz4_raw(payload, total):
    return lz4.block.decompress(payload, uncompressed_size=total)


def lz4_framed(payload, total):
    size, block = int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:12], "big")
    if size != total:
        raise ValueError(f"{size} bytes announced for {total}")
    at, out = 12, []
    while size > 0:
        length, full = int.from_bytes(payload[at:at + 4], "big"), min(block, size)
        body = payload[at + 4:at + 4 + length]
        if len(body) != length:
            raise ValueError("cut short")
        out.append(body if length == full else lz4_raw(body, full))
        at, size = at + 4 + length, size - full
    if at != len(payload):
        raise ValueError("bytes after the last block")
    return b"".join(out)


def unshuffle(block, elem):
    n = len(block) // elem
    bits = np.unpackbits(np.frombuffer(block, np.uint8).reshape(8 * elem, n // 8), axis=1, bitorder="little")
    return np.packbits(bits.T.reshape(n, elem, 8), axis=2, bitorder="little").tobytes()


def bslz4(payload, total, elem):
    size, block = int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:12], "big")
    if size != total:
        raise ValueError(f"{size} bytes announced for {total}")
    tail = total % (8 * elem)
    at, left, out = 12, total - tail, []
    while left > 0:
        length, full = int.from_bytes(payload[at:at + 4], "big"), min(block, left)
        body = payload[at + 4:at + 4 + length]
        if len(body) != length:
            raise ValueError("cut short")
        plain = lz4_raw(body, full)
        if len(plain) != full:
            raise ValueError("a short block")
        out.append(unshuffle(plain, elem))
        at, left = at + 4 + length, left - full
    if len(payload) - at != tail:
        raise ValueError("wrong tail")
    return b"".join(out) + payload[at:]


class Message:
    def __init__(self, parts):
        self.parts, self.wrong = parts, None
        self.kind, self.series_id, self.unique_id, self.image_id = "unreadable", None, "", None
        self.pixels, self.fields, self.user_data = {}, {}, None
        try:
            self.read_v1() if parts[0][:1] == b"{" else self.read_v2()
        except Exception as error:  # whatever an independent library says of hostile bytes
            self.kind, self.wrong = "unreadable", f"{type(error).__name__}: {error}"

    def read_v1(self):
        head = json.loads(self.parts[0])
        self.series_id = head["series"]
        kind = {"dheader-1.0": "start", "dimage-1.0": "image", "dseries_end-1.0": "end"}[head["htype"]]
        if kind == "start":
            self.fields = {**head, **(json.loads(self.parts[1]) if head["header_detail"] != "none" else {})}
        if kind == "image":
            form = json.loads(self.parts[1])
            if form["size"] != len(self.parts[2]):
                raise ValueError("size does not hold")
            self.image_id = head["frame"]
            self.fields = {**form, **json.loads(self.parts[3])}
            self.user_data = self.parts[4] if len(self.parts) > 4 else None
            width, height = form["shape"]
            self.encoding, dtype = form["encoding"], np.dtype(TYPES[form["type"]])
            self.store("default", height, width, dtype, lambda total: self.unpack_v1(form["encoding"], self.parts[2], total))
        self.kind = kind

    @staticmethod
    def unpack_v1(encoding, payload, total):
        if encoding == "<":
            return payload
        return lz4_raw(payload, total) if encoding == "lz4<" else bslz4(payload, total, int(encoding[2:encoding.index("-")]) // 8)

    def read_v2(self):
        if len(self.parts) != 1 or self.parts[0][:3] != b"\xd9\xd9\xf7":
            raise ValueError("no Stream v2")
        with_magic = cbor2.loads(self.parts[0])
        fields = with_magic.value if isinstance(with_magic, cbor2.CBORTag) else with_magic
        kind = fields["type"]
        self.series_id, self.unique_id, self.fields = fields["series_id"], fields["series_unique_id"], fields
        self.user_data = fields.get("user_data")
        if kind == "image":
            self.image_id = fields["image_id"]
            for name, item in fields["data"].items():
                self.store_array(name, item)
        self.kind = kind

    def store_array(self, name, item):
        (height, width), typed = item.value
        dtype = np.dtype(PIXEL_TAGS[typed.tag])

        def unpack(total):
            if isinstance(typed.value, bytes):
                return typed.value
            algorithm, elem, payload = typed.value.value
            return bslz4(payload, total, elem) if algorithm == "bslz4" else lz4_framed(payload, total)

        self.store(name, height, width, dtype, unpack)

    def store(self, name, height, width, dtype, unpack):
        try:
            raw = unpack(height * width * dtype.itemsize)
            self.pixels[name] = np.frombuffer(raw, dtype).reshape(height, width)
        except Exception as error:
            self.pixels[name], self.wrong = None, f"{type(error).__name__}: {error}"

    def table(self, key, name="threshold_1"):
        """A table of a Stream v2 start message."""
        holder = Message.__new__(Message)
        holder.pixels, holder.wrong = {}, None
        holder.store_array(name, self.fields[key][name])
        return holder.pixels[name]


class Run:
    def __init__(self, messages, truth, status, out, err):
        self.messages, self.truth, self.status, self.out, self.err = messages, truth, status, out, err

    def images(self):
        return [m for m in self.messages if m.kind == "image"]

    def lines(self, kind, series=None):
        return [t for t in self.truth if t["kind"] == kind and (series is None or t["series"] == series)]

    def entry(self, frame):
        """The pool line that a frame line refers to."""
        start = self.lines("start", frame["series"])[0]
        return next(p for p in self.lines("pool") if p["settings"] == start["settings"] and p["entry"] == frame["entry"])


def start(*options, truth=None, **popen):
    command = [BINARY, *map(str, options)] + (["--truth", truth] if truth else [])
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)


def fails(*options):
    """Runs it to its end: (status, what it said on standard error)."""
    done = subprocess.run([BINARY, *map(str, options)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def run(*options, n_endpoints=1, decode=True, timeout_s=120):
    """Runs it with a client on every endpoint until it ends."""
    with tempfile.TemporaryDirectory(prefix="detector") as folder:
        endpoints = [f"ipc://{folder}/{i}" for i in range(n_endpoints)]
        truth = os.path.join(folder, "truth.jsonl")
        context = zmq.Context()
        sockets = []
        for endpoint in endpoints:
            socket = context.socket(zmq.PULL)
            # No limit: a full client stops reading, and libzmq forgets what is still in an ipc socket when the other side closes it.
            socket.set_hwm(0)
            socket.connect(endpoint)
            sockets.append(socket)
        binds = [x for e in endpoints for x in ("--bind", e)]
        process = start(*binds, *options, truth=truth)
        messages = drain(process, sockets, timeout_s)
        out, err = process.communicate(timeout=30)
        context.destroy(linger=0)
        path = pathlib.Path(truth)
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return Run([Message(m) if decode else m for m in messages], lines, process.returncode, out, err)


def drain(process, sockets, timeout_s):
    """Everything that comes until the process has ended and nothing more comes."""
    poller = zmq.Poller()
    for socket in sockets:
        poller.register(socket, zmq.POLLIN)
    messages, deadline = [], time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        ready = poller.poll(200)
        for socket, _ in ready:
            messages.append(socket.recv_multipart())
        if not ready and process.poll() is not None:
            return messages
    process.kill()
    raise AssertionError(f"sluice-detector did not end in {timeout_s} s")
