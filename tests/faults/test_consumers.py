"""Consumers that are missing, slow, killed, or never read: they cost their own messages, which are counted with the reason, and nobody else's.
The detector is held up by them only where the configuration says so."""
import signal
import socket
import subprocess
import sys
import time

import zmq
from detector import Message
from node import PATIENCE_S, Node, check_ledger, decode_result, until
from simulated import SMALL, Detector

ALL = ("keep.misses=full", "overload.analysis=wait")
# A megabyte a frame: what sockets and TCP hold by themselves is soon full.
LARGE = ("--size", "1030x514", "--codec", "none", "--hit-rate", 0, "--pool", 8, "--threads", 2, "--rate", "max")


class Consumer:
    """Takes kept frames when told to."""

    def __init__(self, node):
        self.socket = node.context.socket(zmq.PULL)
        self.socket.set_hwm(1)
        self.socket.setsockopt(zmq.RCVTIMEO, PATIENCE_S * 1000)
        self.socket.connect(node.frames_endpoint)
        node.sockets.append(self.socket)
        self.messages = []

    def take(self, n):
        for _ in range(n):
            self.messages.append(Message(self.socket.recv_multipart()))

    def take_to_end(self):
        while not self.messages or self.messages[-1].kind != "end":
            self.take(1)

    def numbers(self):
        return [m.image_id for m in self.messages if m.kind == "image"]


def kinds_in_order(messages):
    """Start first, then frames, the end last and once."""
    kinds = [m.kind for m in messages]
    assert kinds == ["start"] + ["image"] * (len(kinds) - 2) + ["end"], kinds



class FramesNode(Node):
    """A node that lets frames out without anybody taking them."""

    def __init__(self, *sets, **kwargs):
        super().__init__(*sets, **kwargs)
        self.command += ["--set", f"output.frames={self.frames_endpoint}"]


def one_that_takes_everything_gets_everything_in_order():
    for protocol in ("v2", "v1"):
        with Node(*ALL, frames=True) as node:
            with Detector(node, *SMALL, "--protocol", protocol, "--frames", 300, "--rate", "max", "--reorder", "5%", "--drop", "3%") as detector:
                end = node.wait_ends(1)[0]
                truth = detector.truth().series[0]
            node.stop()
            sent = [m for _, m in sorted((f["sent"][0], f["image_id"]) for f in truth.received())]
            messages = [Message(parts) for parts in node.frames]
            kinds_in_order(messages)
            assert [m.image_id for m in messages if m.kind == "image"] == sent
            check_ledger(end["count"], frames_out=True, missing=end["count"]["missing"], not_sent=end["count"]["not_sent"],
                         sent=len(sent), kept=len(sent))


def a_missing_consumer_costs_its_frames_only():
    with FramesNode(*ALL, "output.start_wait_ms=300", "output.frames_queue_mib=1") as node:
        with Detector(node, *SMALL, "--frames", 400, "--rate", 400) as detector:
            detector.wait()
            end = node.wait_ends(1)[0]
        count = end["count"]
        check_ledger(count, frames_out=True, received=400, analysed=400, kept=400, sent=0, unsent=400)
        assert count["unsent.no_consumer"] > 0 and count["unsent.no_consumer"] + count["unsent.queue_full"] == 400
        assert len(node.of_type("result")) == 400
        assert "nobody takes kept frames" in node.log()


def a_start_waits_for_the_first_consumer():
    with FramesNode(*ALL, "output.start_wait_ms=60000") as node:
        with Detector(node, *SMALL, "--frames", 200, "--rate", "max") as detector:
            node.wait_results(200) # results do not wait for it
            detector.wait()
            assert not node.of_type("end") # the run is not over while its frames wait
            consumer = Consumer(node)
            consumer.take_to_end()
        kinds_in_order(consumer.messages)
        assert consumer.numbers() == list(range(200))
        check_ledger(node.wait_ends(1)[0]["count"], frames_out=True, received=200, sent=200, unsent=0)


def who_comes_after_the_wait_gets_the_next_run_from_its_start():
    with FramesNode(*ALL, "output.start_wait_ms=100") as node:
        with Detector(node, *SMALL, "--frames", 50, "--rate", "max"):
            node.wait_ends(1)
        consumer = Consumer(node)
        with Detector(node, *SMALL, "--frames", 50, "--rate", 200):
            consumer.take_to_end()
        ends = node.wait_ends(2)
        kinds_in_order(consumer.messages)
        assert consumer.numbers() == list(range(50))
        check_ledger(ends[0]["count"], frames_out=True, sent=0, unsent=50)
        check_ledger(ends[1]["count"], frames_out=True, sent=50, unsent=0)


def a_slow_consumer_does_not_hold_up_the_detector():
    with FramesNode(*ALL, "output.frames_queue_mib=4") as node:
        consumer = Consumer(node)
        with Detector(node, *LARGE, "--frames", 200) as detector:
            consumer.take(3) # it lives, and then does not look for a while
            detector.wait()
            node.wait_results(200)
            consumer.take_to_end()
        count = node.wait_ends(1)[0]["count"]
        kinds_in_order(consumer.messages)
        check_ledger(count, frames_out=True, received=200, kept=200, sent=len(consumer.numbers()), unsent=200 - len(consumer.numbers()))
        assert count["unsent.queue_full"] > 50 and count["unsent.queue_full"] == count["unsent"]
        assert consumer.numbers() == sorted(set(consumer.numbers()))
        assert "the consumer is too slow" in node.log()


def one_that_stops_taking_is_given_up_for_the_run():
    with FramesNode(*ALL, "output.frames_queue_mib=512") as node:
        consumer = Consumer(node)
        with Detector(node, *LARGE, "--frames", 60) as detector:
            consumer.take(3)
            detector.wait()
            count = node.wait_ends(1)[0]["count"] # though it never takes another one
        check_ledger(count, frames_out=True, received=60, kept=60, sent=count["sent"], unsent=60 - count["sent"])
        assert count["unsent.stalled"] > 0


def wait_holds_up_the_detector_and_loses_nothing():
    # Analysis may be shed for slow engines (the default), but not because a consumer holds everything up.
    with FramesNode("keep.misses=full", "output.when_blocked=wait", "output.frames_queue_mib=4", "machine.budget_mib=16",
                    "limits.max_message_mib=16", "limits.receive_queue_mib=16") as node:
        consumer = Consumer(node)
        # The plan is made during the silence, and then the rate is one the engine keeps up with: else it would be what is too slow.
        with Detector(node, *LARGE, "--rate", 40, "--frames", 200, "--queue", 2, "--silence", "2@1") as detector:
            consumer.take(5)
            seen = -1
            while len(node.of_type("result")) != seen: # until nothing moves any more
                seen = len(node.of_type("result"))
                time.sleep(0.5)
            assert seen < 150 and not detector.done(), f"{seen} results: the detector was not held up"
            consumer.take_to_end()
            detector.wait()
        kinds_in_order(consumer.messages)
        assert consumer.numbers() == list(range(200))
        check_ledger(node.wait_ends(1)[0]["count"], frames_out=True, received=200, analysed=200, sent=200, unsent=0)


KILLED = """
import sys, zmq
s = zmq.Context().socket(zmq.PULL)
s.set_hwm(1)
s.connect(sys.argv[1])
while True:
    s.recv_multipart()
    print(flush=True)
"""


def a_killed_consumer_costs_what_was_on_its_way_to_it():
    with FramesNode(*ALL, "output.start_wait_ms=200") as node:
        victim = subprocess.Popen([sys.executable, "-c", KILLED, node.frames_endpoint], stdout=subprocess.PIPE)
        try:
            with Detector(node, *SMALL, "--frames", 900, "--rate", 300) as detector:
                for _ in range(100):
                    victim.stdout.readline()
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                until("frames that nobody takes", lambda: "nobody takes kept frames" in node.log(), check=node.check_alive)
                consumer = Consumer(node) # another one takes over
                consumer.take_to_end()
                detector.wait()
        finally:
            victim.kill()
            victim.wait()
        count = node.wait_ends(1)[0]["count"]
        check_ledger(count, frames_out=True, received=900, analysed=900, kept=900, sent=count["sent"], unsent=900 - count["sent"],
                     consumer_left=1, reasons={"unsent.no_consumer": count["unsent"]})
        assert 0 < count["unsent"] < 900
        assert len(node.of_type("result")) == 900
        numbers = consumer.numbers()
        assert numbers and numbers[-1] == 899 and numbers == list(range(numbers[0], 900)) # what it took over it got whole
        assert "a consumer of frames left" in node.log()


def a_subscriber_that_never_reads_harms_nobody():
    with Node(*ALL, "output.results_queue=5", "radial.bins=4096", frames=True) as node:
        deaf = node.context.socket(zmq.SUB)
        deaf.set_hwm(1)
        deaf.setsockopt(zmq.RCVBUF, 4096)
        deaf.subscribe(b"")
        seen = deaf.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        node.sockets += [deaf, seen]
        deaf.connect(node.results_endpoint)
        assert seen.poll(PATIENCE_S * 1000)
        with Detector(node, *SMALL, "--frames", 400, "--rate", 400) as detector:
            detector.wait()
            node.wait_frames(402)
            deaf_numbers = []
            while deaf.poll(500): # now it looks: it got some, and the running numbers show that others are gone
                deaf_numbers.append(decode_result(deaf.recv())["number"])
        node.stop()
        ends = node.of_type("end")
        heard = [m["number"] for m in node.results]
        assert heard == sorted(heard)
        assert len(deaf_numbers) < 402 and deaf_numbers == sorted(deaf_numbers)
        assert "balanced: every frame is accounted for" in node.table()
        if ends: # this subscriber reads, but five messages are a short queue for it too
            check_ledger(ends[0]["count"], frames_out=True, received=400, analysed=400, sent=400, unsent=0)


def callers_without_number_do_not_wear_out_the_sockets():
    """Each connection is an event that libzmq hands to the node; unread events would in the end stop the socket."""
    with Node(*ALL, frames=True) as node:
        for endpoint in (node.results_endpoint, node.frames_endpoint):
            host, port = endpoint[len("tcp://"):].split(":")
            for _ in range(1500):
                socket.create_connection((host, int(port))).close()
        late = node.collect(zmq.SUB, node.results_endpoint) # libzmq still answers
        time.sleep(0.2)
        with Detector(node, *SMALL, "--frames", 50, "--rate", 200):
            node.wait_ends(1)
        until("the late subscriber's end message", lambda: any(decode_result(m[0])["type"] == "end" for m in list(late.messages)))
        check_ledger(node.wait_ends(1)[0]["count"], frames_out=True, received=50, sent=50, unsent=0)


if __name__ == "__main__":
    for test in (one_that_takes_everything_gets_everything_in_order, a_missing_consumer_costs_its_frames_only,
                 a_start_waits_for_the_first_consumer, who_comes_after_the_wait_gets_the_next_run_from_its_start,
                 a_slow_consumer_does_not_hold_up_the_detector, one_that_stops_taking_is_given_up_for_the_run,
                 wait_holds_up_the_detector_and_loses_nothing, a_killed_consumer_costs_what_was_on_its_way_to_it,
                 a_subscriber_that_never_reads_harms_nobody, callers_without_number_do_not_wear_out_the_sockets):
        print(test.__name__, flush=True)
        test()
