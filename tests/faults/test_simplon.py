"""What the detector itself dropped, asked over its REST interface, stands in the ledger beside what is missing; an interface that does not answer,
or answers nonsense, is said in the log and costs nothing else."""
import http.server
import threading

from node import Node, check_ledger, free_endpoints
from simulated import SMALL, Detector


class SimplonNode(Node):
    def __init__(self, simplon, *sets, **kwargs):
        super().__init__(*sets, **kwargs)
        self.command += ["--set", f"input=[{{endpoint: '{self.inputs[0]}', simplon: '{simplon}'}}]"]


def free_port():
    return int(free_endpoints(1)[0].rsplit(":", 1)[1])


def the_detectors_own_losses_are_in_the_ledger():
    """The detector drops what nobody takes: the node is slow and lets it wait, its queue is short."""
    port = free_port()
    with SimplonNode(f"http://127.0.0.1:{port}", "engine.order=[reference]", "engine.threads=1", "overload.analysis=wait", "machine.slots=8",
                     "spots.algorithm=dispersion_extended") as node:
        with Detector(node, "--size", "1030x1065", "--pool", 4, "--hit-rate", 0, "--frames", 400, "--rate", 200, "--when-blocked", "drop",
                      "--queue", 1, "--simplon-port", port, "--idle", 30) as detector:
            end = node.wait_ends(1)[0]
            detector.process.terminate()
            detector.process.wait()
            truth = detector.truth_so_far()
        count, dropped = end["count"], truth.series[0].end["blocked"]
        assert dropped > 0, "the detector did not have to drop anything"
        check_ledger(count, received=400 - dropped, missing=count["missing"], not_sent=count["not_sent"], detector_dropped=dropped)
        assert count["missing"] + count["not_sent"] == dropped
        assert "dropped by the detector, as it says itself" in node.table()


def nobody_at_the_address_is_said_and_harms_nothing():
    with SimplonNode(f"http://127.0.0.1:{free_port()}") as node:
        with Detector(node, *SMALL, "--frames", 100, "--rate", 200):
            count = node.wait_ends(1)[0]["count"]
        check_ledger(count, received=100, analysed=100)
        node.wait_log("the detector's dropped counter is not known")


class Nonsense(http.server.BaseHTTPRequestHandler):
    answers = [b"", b"no json", b'{"value": -5}', b'{"value": "7"}', b'{"value": 7, "value": 8}', b"[]", b'{"value": 1e99}', b"x" * 100000]

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.answers.append(self.answers.pop(0))
        self.wfile.write(self.answers[0])

    def log_message(self, *_):
        pass


def nonsense_for_an_answer_is_not_counted():
    server = http.server.HTTPServer(("127.0.0.1", 0), Nonsense)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with SimplonNode(f"http://127.0.0.1:{server.server_port}") as node:
        with Detector(node, *SMALL, "--frames", 300, "--rate", 60):
            count = node.wait_ends(1)[0]["count"]
        check_ledger(count, received=300, analysed=300)
        node.wait_log("the detector's dropped counter is not known")
    server.shutdown()


if __name__ == "__main__":
    for test in (the_detectors_own_losses_are_in_the_ledger, nobody_at_the_address_is_said_and_harms_nothing,
                 nonsense_for_an_answer_is_not_counted):
        print(test.__name__, flush=True)
        test()
