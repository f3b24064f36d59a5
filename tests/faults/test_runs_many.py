"""More runs than the node has places for, strays, overtaking and back-pressure: no frame of a real run is lost or counted as late.

The frames are of Stream v1 without compression, made here; what becomes of them is read from the ledgers that the node publishes.
"""
import json
import os
import sys
import threading
import time
import unittest

try:
    import numpy as np
    import zmq

    from node import Node, check_ledger, free_endpoints
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

SMALL, LARGE = (64, 48), (512, 512)
PIXELS = {shape: (np.arange(shape[0] * shape[1]) % 1000).astype("<u2").tobytes() for shape in (SMALL, LARGE)}
PLACES = 16  # runs that the node holds at a time


def text(**fields):
    return json.dumps(fields).encode()


def start(series):
    return [text(htype="dheader-1.0", series=series, header_detail="none")]


def image(series, number, shape=SMALL):
    return [text(htype="dimage-1.0", series=series, frame=number, hash=""),
            text(htype="dimage_d-1.0", shape=shape, type="uint16", encoding="<", size=len(PIXELS[shape])), PIXELS[shape],
            text(htype="dconfig-1.0", start_time=0, stop_time=1, real_time=1)]


def end(series):
    return [text(htype="dseries_end-1.0", series=series)]


def send(push, *messages):
    for parts in messages:
        push.send_multipart(parts)


def whole_run(series, frames):
    return [start(series), *(image(series, i) for i in range(frames)), end(series)]


class Many(unittest.TestCase):
    def test_short_runs_that_cannot_end_yet_keep_the_next_ones_waiting_not_out(self):
        """Nobody takes frames, so for a while no run ends; far more than the node has places for follow each other."""
        runs = 3 * PLACES
        with Node("output.frames=tcp://127.0.0.1:*", "output.start_wait_ms=1500", "keep.misses=full") as node:
            push = node.detector()
            for series in range(1, runs + 1):
                send(push, *whole_run(series, 2))
            ends = node.wait_ends(runs)
        self.assertEqual(sorted(e["series_id"] for e in ends), list(range(1, runs + 1)))
        for e in ends:
            check_ledger(e["count"], frames_out=True, messages=2, received=2, analysed=2, kept=2, unsent=2)

    def test_strays_of_many_series_do_not_keep_a_run_out(self):
        """They come by a connection of their own, without a start, and would stay open for hours."""
        with Node("run.quiet_ms=3600000", "run.quiet_after_end_ms=3600000", inputs=2) as node:
            strays, push = node.detector(0), node.detector(1)
            for series in range(1000, 1000 + 3 * PLACES):
                send(strays, image(series, 5) if series % 2 else end(series))
            displaced = node.wait_ends(2 * PLACES)
            self.assertEqual({e["closed_by"] for e in displaced}, {"displaced"})
            send(push, start(7), *(image(7, i) for i in range(20)))
            for series in range(2000, 2000 + 3 * PLACES):
                send(strays, image(series, 5))
            node.wait_ends(5 * PLACES + 1)
            send(push, *(image(7, i) for i in range(20, 40)), end(7), start(8))
            ends = node.wait_ends(5 * PLACES + 2)
        real = [e for e in ends if e["series_id"] == 7]
        self.assertEqual([e["closed_by"] for e in real], ["end"])
        check_ledger(real[0]["count"], messages=40, received=40, analysed=40)

    def test_a_consumer_that_pauses_longer_than_the_quiet_time_splits_no_run(self):
        """The node itself keeps the detector waiting: that is not the detector's silence."""
        frames, endpoint = 150, free_endpoints(1)[0]
        with Node("output.when_blocked=wait", "keep.misses=full", "run.quiet_ms=400", "overload.analysis=wait", "machine.slots=8", "output.frames_queue_mib=1",
                  "limits.receive_queue_mib=1", f"output.frames={endpoint}") as node:
            take = node.context.socket(zmq.PULL)
            node.sockets.append(take)
            take.set_hwm(1)
            take.setsockopt(zmq.RCVTIMEO, 60000)
            take.connect(endpoint)
            push = node.detector()
            send(push, start(3))
            push.setsockopt(zmq.SNDTIMEO, 0)
            push.set_hwm(2)
            sent, until = 0, time.monotonic() + 3
            while sent < frames and time.monotonic() < until:
                try:
                    send(push, image(3, sent, LARGE))
                    sent += 1
                except zmq.Again:
                    time.sleep(0.01)
            self.assertLess(sent, frames, "the consumer that does not take frames held nothing up")
            push.setsockopt(zmq.SNDTIMEO, 60000)
            kinds = [json.loads(take.recv_multipart()[0])["htype"]]
            rest = threading.Thread(target=lambda: send(push, *(image(3, i, LARGE) for i in range(sent, frames)), end(3)))
            rest.start()
            while kinds[-1] != "dseries_end-1.0":
                kinds.append(json.loads(take.recv_multipart()[0])["htype"])
            rest.join()
            e = node.wait_ends(1)[0]
        self.assertEqual(e["closed_by"], "end")
        self.assertEqual(kinds.count("dimage-1.0"), frames)
        check_ledger(e["count"], frames_out=True, messages=frames, received=frames, analysed=frames, kept=frames, sent=frames)

    def test_starts_that_use_up_all_slots_do_not_keep_the_node_deaf(self):
        """On several connections a start ends no other run, and each keeps its slot until its run is over."""
        with Node("run.quiet_ms=700", "run.quiet_after_end_ms=300", "overload.analysis=wait", "machine.slots=16", inputs=2, groups=["one", "one"]) as node:
            push = node.detector(0)
            send(push, *(start(series) for series in range(1, 13)), *whole_run(50, 3))
            ends = node.wait_ends(13)
        self.assertEqual({e["closed_by"] for e in ends if e["series_id"] < 50}, {"quiet"})
        check_ledger(next(e for e in ends if e["series_id"] == 50)["count"], messages=3, received=3, analysed=3)

    def test_frames_that_overtake_the_start_by_another_connection_belong_to_its_run(self):
        with Node("run.quiet_after_end_ms=500", inputs=2, groups=["one", "one"]) as node:
            a, b = node.detector(0), node.detector(1)
            send(a, *whole_run(1, 2))
            send(b, image(1, 2))  # both are connected by now
            node.wait_ends(1)
            send(b, *(image(2, i) for i in range(1, 10, 2)))
            time.sleep(0.05)
            send(a, start(2), *(image(2, i) for i in range(0, 10, 2)), end(2))
            ends = node.wait_ends(2)
        self.assertEqual([e["series_id"] for e in ends], [1, 2])
        check_ledger(ends[1]["count"], messages=10, received=10, analysed=10)
        self.assertNotIn("series 2: joined without its start", node.log())


class Unread(Node):
    """Its standard output is a pipe that is full and that nobody empties."""

    def __init__(self, *sets):
        super().__init__(*sets)
        self.command.remove("--quiet")
        self.out.close()
        self.reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while os.write(writer, bytes(4096)):
                pass
        except BlockingIOError:
            os.set_blocking(writer, True)
        self.out = os.fdopen(writer, "wb")

    def table(self):
        return ""

    def clean_up(self):
        super().clean_up()
        self.out.close()
        os.close(self.reader)


class Screen(unittest.TestCase):
    def test_a_screen_that_nobody_reads_holds_up_nothing(self):
        with Unread() as node:
            push = node.detector()
            for series in (1, 2):
                send(push, *whole_run(series, 5))
                check_ledger(node.wait_ends(series)[-1]["count"], messages=5, received=5, analysed=5)
            time.sleep(1.1)  # a line of the screen is due
            send(push, *whole_run(3, 5))
            node.wait_ends(3)
            node.wait_log("run 3: its table is not printed")


if __name__ == "__main__":
    unittest.main()
