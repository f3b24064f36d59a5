"""More than the node can do: frames pass unanalysed, counted and kept, or the detector waits, as the configuration says. So do frames whose
plan cannot be made."""
import os
import tempfile

from node import Node, check_ledger
from simulated import SMALL, Detector

# The reference engine is plain on purpose: these frames come faster than it takes them, on any machine.
SLOW = ("engine.order=[reference]", "engine.threads=1", "machine.slots=32", "spots.algorithm=dispersion_extended")
FAST = ("--size", "1030x1065", "--cell", "20,25,30,90,90,90", "--pool", 8, "--threads", 2, "--rate", "max", "--frames", 300)


def check_unanalysed(node, reason, count):
    results = [r for r in node.of_type("result") if r["status"] == "unanalysed"]
    assert len(results) == count
    for r in results:
        assert r["reason"] == reason and r["kept"] and not r["hit"] and r["n_strong"] == 0, r


def frames_that_come_too_fast_pass_unanalysed_and_are_kept():
    with Node(*SLOW, "overload.analysis=shed", "keep.sample_misses=0", frames=True) as node:
        with Detector(node, *FAST) as detector:
            detector.wait() # though the engine would need minutes for all
            count = node.wait_ends(1)[0]["count"]
            truth = detector.truth().series[0]
        node.stop()
        unanalysed = count["unanalysed"]
        check_ledger(count, frames_out=True, received=300, unanalysed=unanalysed, analysed=300 - unanalysed,
                     kept=unanalysed + count["hits"], sent=unanalysed + count["hits"], reasons={"unanalysed.overload": unanalysed})
        assert 0 < unanalysed < 300
        check_unanalysed(node, "overload", unanalysed)
        hits = {f["image_id"] for f in truth.frames if f["hit"]}
        for r in node.of_type("result"):
            assert r["hit"] == (r["status"] == "analysed" and r["image_id"] in hits)


def overload_wait_holds_up_the_detector_and_analyses_all():
    with Node(*SLOW, "overload.analysis=wait", "machine.budget_mib=16", "limits.max_message_mib=16", "limits.receive_queue_mib=16") as node:
        with Detector(node, *FAST, "--frames", 120, "--queue", 2) as detector:
            node.wait_results(10)
            assert not detector.done(), "the detector was not held up"
            count = node.wait_ends(1)[0]["count"]
            truth = detector.truth().series[0]
        check_ledger(count, received=120, analysed=120, unanalysed=0, hits=sum(f["hit"] for f in truth.frames))


def without_a_plan_frames_pass_unanalysed_and_are_kept():
    """A mask of another size: analysing without it would mislead."""
    with tempfile.TemporaryDirectory() as folder:
        mask = os.path.join(folder, "mask.raw")
        with open(mask, "wb") as f:
            f.write(bytes(1000))
        with Node(f"mask.file={mask}", "keep.sample_misses=0", frames=True) as node:
            with Detector(node, *SMALL, "--frames", 100, "--rate", 500) as detector:
                detector.wait()
                count = node.wait_ends(1)[0]["count"]
            check_ledger(count, frames_out=True, received=100, unanalysed=100, analysed=0, kept=100, sent=100,
                         reasons={"unanalysed.plan_failed": 100})
            check_unanalysed(node, "plan_failed", 100)
            assert "no plan, frames pass unanalysed" in node.log() and "mask.raw" in node.log()


def what_is_not_to_be_kept_unanalysed_is_released():
    with tempfile.TemporaryDirectory() as folder:
        mask = os.path.join(folder, "mask.raw")
        with open(mask, "wb") as f:
            f.write(bytes(1000))
        with Node(f"mask.file={mask}", "keep.unanalysed=none", frames=True) as node:
            with Detector(node, *SMALL, "--frames", 50, "--rate", 500):
                count = node.wait_ends(1)[0]["count"]
            check_ledger(count, frames_out=True, received=50, unanalysed=50, kept=0, released=50, sent=0)


def runs_that_end_before_their_plan_is_made_leave_nothing_to_the_next():
    """Starts alone, one after the other and of different sizes, and then a run with frames: its plan is its own."""
    options = []
    for width in (2000, 2100, 2200, 300):
        options += ["--next", "--size", f"{width}x{width}", "--frames", 5, "--drop", "100%" if width > 300 else 0]
    with Node("overload.analysis=wait", "run.quiet_after_end_ms=0") as node:
        with Detector(node, *SMALL[2:4], "--pool", 2, "--hit-rate", 0, "--rate", "max", *options[1:]) as detector:
            ends = node.wait_ends(4)
            detector.wait()
        for end in ends[:3]:
            check_ledger(end["count"], received=0, announced=5, not_sent=5)
        check_ledger(ends[3]["count"], received=5, analysed=5)
        assert {r["n_valid"] + r["n_nodata"] for r in node.of_type("result")} <= {300 * 300}


if __name__ == "__main__":
    for test in (frames_that_come_too_fast_pass_unanalysed_and_are_kept, overload_wait_holds_up_the_detector_and_analyses_all,
                 without_a_plan_frames_pass_unanalysed_and_are_kept, what_is_not_to_be_kept_unanalysed_is_released,
                 runs_that_end_before_their_plan_is_made_leave_nothing_to_the_next):
        print(test.__name__, flush=True)
        test()
