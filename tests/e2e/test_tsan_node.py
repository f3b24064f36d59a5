"""The whole node under ThreadSanitizer: several connections, workers, files, frames, results, losses, runs one after the other, a slow engine.
Any report ends the node with an exit code of its own, which fails the test; what it said is printed."""
import json
import os
import tempfile

from node import Node, check_ledger, until
from simulated import SMALL, Detector
from web import LISTEN, Web
from websocket import WebSocket

FAULTS = ("--drop", "3%", "--duplicate", "3%", "--reorder", "3%", "--damage", "3%", "--truncate", "2%", "--cut", "1%", "--garbage", "1%")


def everything_at_once():
    with tempfile.TemporaryDirectory() as folder:
        with Node(f"output.directory={folder}", "output.frames_per_file=50", "engine.threads=3", "keep.misses=full", "overload.analysis=wait",
                  "run.plan_timeout_ms=600000", inputs=2, groups=["all", "all"], frames=True) as node:
            with Detector(node, *SMALL, "--frames", 200, "--rate", 300, "--header", "all", "--channels", "threshold_1,threshold_2", *FAULTS,
                          "--next", "--size", "260x250", "--type", "u32", "--channels", "threshold_1") as detector:
                ends = node.wait_ends(2)
                detector.wait()
            node.stop()
        for end in ends:
            assert end["balanced"]
            assert end["count"]["written"] == end["count"]["kept"] - end["count"]["failed"] and end["count"]["failed"] <= end["count"]["invalid"]


def under_overload_with_stream_v1():
    with Node("engine.order=[reference]", "engine.threads=2", "machine.slots=16", "overload.analysis=shed", frames=True) as node:
        with Detector(node, "--protocol", "v1", "--size", "515x532", "--pool", 8, "--hit-rate", 0, "--frames", 150, "--rate", "max") as detector:
            count = node.wait_ends(1)[0]["count"]
            detector.wait()
        node.stop()
        check_ledger(count, frames_out=True, received=150, unanalysed=count["unanalysed"], sent=count["kept"])


def stopped_in_the_middle():
    with Node("engine.threads=2", "machine.slots=64", "keep.misses=full", frames=True) as node:
        with Detector(node, *SMALL, "--frames", 100000, "--rate", 200):
            node.wait_results(100)
            node.stop()


def with_screens_and_changes():
    with tempfile.TemporaryDirectory() as folder:
        with Node(LISTEN, f"output.directory={folder}", "engine.threads=2", "hit.when=n_spots >= 3", "overload.analysis=wait", "run.plan_timeout_ms=600000",
                  results=False) as node:
            web = Web(node)
            with Detector(node, *SMALL, "--frames", 100, "--rate", 60, "--channels", "threshold_1,threshold_2", "--next", "--frames", 20):
                until("a hit", lambda: web.get("/api/frames/hit").status == 200)
                screens = [WebSocket(web) for _ in range(4)]
                for screen, image in zip(screens, ("latest", "hit", web.get("/api/frames/hit").json["id"], "latest")):
                    screen.say({"type": "view", "image": image, "rate": 10})
                for i in range(8):
                    for screen in screens[:3]:
                        screen.hear()
                    for path, body in (("/api/trial", {"set": ["spots.min_pixels=1"]}), ("/api/config", {"set": [f"spots.threshold={i % 5}"]})):
                        web.get(path, method="POST", body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
                    for path in ("/metrics", "/api/history", "/api/frames/latest/image.png", "/api/series", "/monitor/api/1.8.0/images/monitor"):
                        web.get(path)
                for screen in screens[1:]:
                    screen.close()
                until("both runs are done", lambda: web.status()["runs_done"] == 2)
                totals = web.totals()
            node.stop()
        assert totals["received"] == 120 and totals["analysed"] == 120 and totals["written"] == totals["kept"], totals


if __name__ == "__main__":
    # Set for programs under ThreadSanitizer when the test is called by hand: what libraries do is theirs.
    here = os.path.dirname(os.path.abspath(__file__))
    os.environ.setdefault("TSAN_OPTIONS", f"suppressions={here}/../support/tsan.supp exitcode=66")
    for test in (everything_at_once, under_overload_with_stream_v1, stopped_in_the_middle, with_screens_and_changes):
        print(test.__name__, flush=True)
        test()
