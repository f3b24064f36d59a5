"""The whole node under ThreadSanitizer: several connections, workers, files, frames, results, losses, runs one after the other, a slow engine.
Any report ends the node with an exit code of its own, which fails the test; what it said is printed."""
import os
import tempfile

from node import Node, check_ledger
from simulated import SMALL, Detector

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
    with Node("engine.threads=2", "keep.misses=full", frames=True) as node:
        with Detector(node, *SMALL, "--frames", 100000, "--rate", 200):
            node.wait_results(100)
            node.stop()


if __name__ == "__main__":
    # Set for programs under ThreadSanitizer when the test is called by hand: what libraries do is theirs.
    here = os.path.dirname(os.path.abspath(__file__))
    os.environ.setdefault("TSAN_OPTIONS", f"suppressions={here}/../support/tsan.supp exitcode=66")
    for test in (everything_at_once, under_overload_with_stream_v1, stopped_in_the_middle):
        print(test.__name__, flush=True)
        test()
