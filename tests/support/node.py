"""A running node for tests: `sluice run` on ports of its own, with a subscriber to its results and a consumer of its frames.

    with Node("keep.misses=full", frames=True) as node:
        push = node.detector()            # what the node pulls from: a bound PUSH socket
        push.send_multipart(parts) ...
        node.wait_ends(1)                 # until one run has ended
    node.results, node.frames             # what came out; node.log() and node.table() what it said
Leaving the block stops the node as Ctrl-C does, asks for exit code 0, and leaves no process, thread or socket behind, whatever happened.
Results are dicts with typed arrays as numpy arrays; frames are lists of message parts.
"""
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

try:
    import cbor2
    import numpy as np
    import zmq
    from zmq.utils.monitor import recv_monitor_message
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

SOURCE = os.environ.get("SLUICE_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLUICE = os.path.join(os.environ.get("SLUICE_BUILD") or os.path.join(SOURCE, "build"), "sluice")
DATA = os.environ.get("SLUICE_DATA") or os.path.join(SOURCE, "..", "shared", "data")
PATIENCE_S = 60  # until a test gives up; never what a test measures
FORMS = {69: "<u2", 70: "<u4", 71: "<u8", 85: "<f4", 86: "<f8"}


def recorded(*path):
    """The path of recorded data; ends the program as a named skip where there is none."""
    found = os.path.join(DATA, *path)
    if not os.path.exists(found):
        print(f"skipped: no recorded data at {found} (SLUICE_DATA)")
        sys.exit(77)
    return found


def free_endpoints(n):
    """n tcp endpoints that nobody listens at, below the ports that the system gives to outgoing connections."""
    held = []
    while len(held) < n:
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", random.SystemRandom().randrange(15000, 32000)))
            held.append(s)
        except OSError:
            s.close()
    endpoints = ["tcp://127.0.0.1:%d" % s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return endpoints


def decode_result(message):
    return cbor2.loads(message, tag_hook=lambda _, tag: np.frombuffer(tag.value, FORMS[tag.tag]))


def until(what, condition, patience_s=PATIENCE_S, check=lambda: None, progress=lambda: None):
    """Waits until condition() is true and returns it; raises with `what` in words when that takes too long, counted from the last change of
    progress()."""
    end, so_far = time.monotonic() + patience_s, progress()
    while True:
        value = condition()
        if value:
            return value
        check()
        now = progress()
        if now != so_far:
            end, so_far = time.monotonic() + patience_s, now
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s in vain: {what}")
        time.sleep(0.01)


class Collector(threading.Thread):
    """Takes every message of a SUB or PULL socket into `messages` until it is closed."""

    def __init__(self, context, kind, endpoint):
        super().__init__(daemon=True)
        self.messages, self.closing, self.ready = [], threading.Event(), threading.Event()
        self.socket = context.socket(kind)
        self.socket.set_hwm(0)
        self.monitor = self.socket.get_monitor_socket()
        if kind == zmq.SUB:
            self.socket.subscribe(b"")
        self.socket.connect(endpoint)
        self.start()

    def run(self):
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(20))
            if self.monitor in ready and recv_monitor_message(self.monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.ready.set()
            if self.socket in ready:
                self.messages.append(self.socket.recv_multipart())
            elif self.closing.is_set():
                break
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)

    def close(self):
        """Takes what is still there, then ends."""
        self.closing.set()
        self.join()


class Node:
    def __init__(self, *sets, inputs=1, groups=None, frames=False, results=True, arguments=(), code=0):
        """sets: --set assignments. inputs: how many endpoints, in `groups` (a list of names) where given. frames: let kept frames out,
        and take them; "elsewhere": let them out at frames_endpoint for another to take. results: let results out, and take them. code: the exit code that stopping must give."""
        endpoints = free_endpoints(inputs + 2)
        self.inputs, self.results_endpoint, self.frames_endpoint = endpoints[2:], endpoints[0], endpoints[1]
        self.code, self.process, self.said, self.sockets, self.collectors = code, None, None, [], []
        self.context, self.decoded = zmq.Context(), []
        entries = ", ".join("{endpoint: '%s'%s}" % (e, f", group: '{groups[i]}'" if groups and groups[i] else "")
                            for i, e in enumerate(self.inputs))
        values = ["http.listen=none", f"input=[{entries}]", f"output.results={self.results_endpoint if results else 'none'}"]
        if frames:
            values.append(f"output.frames={self.frames_endpoint}")
        self.command = [SLUICE, "run", "--quiet", *arguments]
        for value in values + list(sets):
            self.command += ["--set", value]
        self.wants_results, self.wants_frames = results, frames is True
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()

    # --- life ---

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.clean_up()
            raise
        return self

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.out, stderr=self.err)
        until("the node says that it waits for the detector", lambda: "waiting for the detector" in self.log(), check=self.check_alive)
        if self.wants_results:
            self.results_in = self.collect(zmq.SUB, self.results_endpoint)
        if self.wants_frames:
            self.frames_in = self.collect(zmq.PULL, self.frames_endpoint)
        time.sleep(0.1)  # a subscription is on its way when the handshake is done; nothing tells when it has arrived

    def collect(self, kind, endpoint):
        """One more consumer of results (zmq.SUB) or frames (zmq.PULL), connected; its messages are in .messages."""
        collector = Collector(self.context, kind, endpoint)
        self.collectors.append(collector)
        until(f"a connection to {endpoint}", collector.ready.is_set, check=self.check_alive)
        return collector

    def check_alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the node ended with {self.process.returncode}:\n{self.log()}{self.table()}")

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            else:
                print(f"--- what the node said ---\n{self.log()}{self.table()}---", file=sys.stderr)
        finally:
            self.clean_up()

    def stop(self):
        """Ends the node as Ctrl-C does; what it let out is then all there."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            until("the node's end", lambda: self.process.poll() is not None, progress=self.let_out)
        except AssertionError as late:
            raise AssertionError(f"{late}:\n{self.log()}{self.table()}") from None
        code = self.process.returncode
        if code != self.code or "Sanitizer" in self.log():
            raise AssertionError(f"the node ended with {code}, not {self.code}:\n{self.log()}{self.table()}")

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def clean_up(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for collector in self.collectors:
            collector.close()
        for s in self.sockets:
            s.close(linger=0)
        self.context.term()
        self.said = self.table(), self.log()
        self.out.close()
        self.err.close()

    # --- in ---

    def detector(self, number=0):
        """A PUSH socket bound where the node's input `number` pulls from. It may be closed and asked for anew."""
        push = self.context.socket(zmq.PUSH)
        push.set_hwm(1000)
        push.setsockopt(zmq.SNDTIMEO, PATIENCE_S * 1000)
        until("the endpoint is free", lambda: self.binds(push, self.inputs[number]))
        self.sockets.append(push)
        return push

    @staticmethod
    def binds(push, endpoint):
        try:
            push.bind(endpoint)
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE:
                raise
            return False
        return True

    # --- out ---

    @property
    def results(self):
        """Every message of the results stream so far, in order."""
        messages = self.results_in.messages
        while len(self.decoded) < len(messages):  # each once: tests ask again and again while they wait
            self.decoded.append(decode_result(messages[len(self.decoded)][0]))
        return list(self.decoded)

    def of_type(self, kind):
        return [m for m in self.results if m["type"] == kind]

    @property
    def frames(self):
        """Every message of the frames stream so far, as its parts, in order."""
        return list(self.frames_in.messages)

    def let_out(self):
        """How many messages have come out so far."""
        return sum(len(c.messages) for c in self.collectors)

    def wait_for(self, n, what, list_now):
        """Until it has n messages; gives up when nothing at all has come out of the node for a while: a busy machine may take long."""
        def enough():
            messages = list_now()
            return messages if len(messages) >= n else None
        return until(f"{n} {what}", enough, check=self.check_alive, progress=self.let_out)

    def wait_ends(self, n):
        """Waits until n runs have ended; returns their end messages."""
        return self.wait_for(n, "ends of runs", lambda: self.of_type("end"))

    def wait_results(self, n):
        """Waits until there are n results of frames; returns them."""
        return self.wait_for(n, "results of frames", lambda: self.of_type("result"))

    def wait_frames(self, n):
        """Waits until n messages of frames have come out; returns them."""
        return self.wait_for(n, "messages of frames", lambda: self.frames)

    def text(self, file, number):
        return self.said[number] if self.said else os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")

    def log(self):
        """What the node said on standard error."""
        return self.text(self.err, 1)

    def table(self):
        """What the node printed on standard output."""
        return self.text(self.out, 0)

    def wait_log(self, words):
        """Waits until the log holds the words."""
        return until(f"'{words}' in the log", lambda: words in self.log(), check=self.check_alive)


def check_ledger(count, frames_out=False, files_out=False, **expected):
    """The design's equations hold for the counts of an end message, reasons add up to their terms, and each term named is as expected; every
    other fate of a frame (and reason, given as reasons={"late.closed": 1}) is 0."""
    reasons = expected.pop("reasons", {})
    lost = "elsewhere" if "elsewhere" in count else "missing"

    def equal(left, *right):
        assert count[left] == sum(count[r] for r in right), f"{left} {count[left]} is not {[(r, count[r]) for r in right]}"
    equal("messages", "received", "duplicate", "late", "unreadable")
    equal("announced", "before_join", "received", lost, "not_sent")
    equal("received", "analysed", "unanalysed", "invalid")
    equal("received", "kept", "released")
    if files_out:
        equal("kept", "written", "failed")
    if frames_out:
        equal("kept", "sent", "unsent")
    for term in {name.split(".")[0] for name in count if "." in name}:
        equal(term, *(name for name in count if name.startswith(term + ".")))
    for name, value in {**expected, **reasons}.items():
        assert count[name] == value, f"{name} is {count[name]}, not {value}: {count}"
    for name in ("duplicate", "late", "unreadable", "before_join", lost, "not_sent", "unanalysed", "invalid", "failed", "unsent",
                 "results_unwritten", "consumer_left", "engine_fallback", "detector_dropped"):
        assert name in expected or not count[name], f"{name} is {count[name]}, nothing of the kind was expected: {count}"
