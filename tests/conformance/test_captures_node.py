#!/usr/bin/python3
"""What detectors were recorded to send goes through the running node and comes out at the far end as it was: to the byte, in order, to the
exact sums of an independent decoder, and without a complaint of a strict client. The node's own numbers are those sums too.

Sender and receiver are the programs beside the recorded data; nothing here shares code with the node.
"""
import json
import os
import pathlib
import subprocess
import sys
import unittest

import strict_stream
from node import Node, cbor2, check_ledger, free_endpoints, np, recorded

STREAMS = pathlib.Path(recorded("streams"))
TOOLS = pathlib.Path(recorded("..", "tools"))
BETA = "v2_beta_dialect_must_be_refused"
CAPTURES = sorted(path.name for path in STREAMS.iterdir() if path.name != BETA)
SETTINGS = ("keep.misses=full", "run.quiet_after_end_ms=300", "run.quiet_ms=1500")
REPLAY, RECEIVE = [["/usr/bin/python3", str(TOOLS / name)] for name in ("replay_capture.py", "receive_stream.py")]
sys.path.insert(0, str(TOOLS))
import reference_codec  # noqa: E402
ELEM = {64: 1, 69: 2, 70: 4, "uint8": 1, "uint16": 2, "uint32": 4}


def replay(endpoint, capture):
    subprocess.run([*REPLAY, endpoint, str(STREAMS / capture)], check=True, timeout=120, stdout=subprocess.DEVNULL)


def receiver(endpoint, count):
    return subprocess.Popen([*RECEIVE, endpoint, "--count", str(count), "--timeout", "60"], stdout=subprocess.PIPE)


def received(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, f"receive_stream.py ended with {process.returncode}"
    return [json.loads(line) for line in out.splitlines()]


def is_v1(parts):
    return parts[0][:1] == b"{"


def kind(parts):
    name = json.loads(parts[0])["htype"] if is_v1(parts) else cbor2.loads(parts[0])["type"]
    return {"dheader-1.0": "start", "dimage-1.0": "image", "dseries_end-1.0": "end"}.get(name, name)


def capture_messages(capture):
    return [parts for _, parts in strict_stream.messages(STREAMS / capture)]


def payloads(parts):
    """(channel, height, width, elem, codec, bytes) of every channel of an image."""
    if is_v1(parts):
        d = json.loads(parts[1])
        codec = "bslz4" if d["encoding"].startswith("bs") else "lz4_raw" if "lz4" in d["encoding"] else "none"
        yield "default", d["shape"][1], d["shape"][0], ELEM[d["type"]], codec, parts[2]
        return
    for name, array in cbor2.loads(parts[0])["data"].items():
        (height, width), typed = array.value
        body, codec = typed.value, "none"
        if isinstance(body, cbor2.CBORTag):
            codec, _, body = body.value
        yield name, height, width, ELEM[typed.tag], codec, body


def announced_masks(start):
    """Masks by channel (v1: None stands for all) that the start message announces."""
    if start is None or (is_v1(start) and (len(start) < 6 or not start[5])):
        return {}
    if is_v1(start):
        width, height = json.loads(start[4])["shape"]
        return {None: np.frombuffer(start[5], "<u4").reshape(height, width)}
    masks = {}
    for name, array in (cbor2.loads(start[0]).get("pixel_mask") or {}).items():
        if isinstance(array, bytes):  # a third party's filler, no mask
            continue
        (height, width), typed = array.value
        body = typed.value
        if isinstance(body, cbor2.CBORTag):
            codec, elem, body = body.value
            body = reference_codec.bslz4(body, elem) if codec == "bslz4" else reference_codec.lz4hdf5(body)
        masks[name] = np.frombuffer(body, "<u4").reshape(height, width)
    return masks


def independent_totals(messages):
    """(frame, channel) -> totals over the pixels that neither an announced mask nor their value refuses, in the order of arrival."""
    start, totals = None, []
    for parts in messages:
        if kind(parts) == "start":
            start = parts
        if kind(parts) != "image":
            continue
        frame = json.loads(parts[0])["frame"] if is_v1(parts) else cbor2.loads(parts[0])["image_id"]
        masks = announced_masks(start)
        for name, height, width, elem, codec, body in payloads(parts):
            raw = {"none": lambda b: b, "bslz4": lambda b: reference_codec.bslz4(b, elem), "lz4": reference_codec.lz4hdf5,
                   "lz4_raw": lambda b: reference_codec.lz4raw(b, height * width * elem)}[codec](body)
            image = np.frombuffer(raw, f"<u{elem}").reshape(height, width)
            mask = masks.get(None, masks.get(name))
            allowed = np.ones(image.shape, bool) if mask is None else mask == 0
            valid = allowed & (image != np.iinfo(image.dtype).max)
            totals.append({
                "image_id": frame, "channel": name, "width": width, "height": height, "elem_bytes": elem, "payload_bytes": len(body),
                "n_valid": int(valid.sum()), "sum": int(image[valid].sum(dtype=np.uint64)), "max": int(image[valid].max()),
                "n_nodata": int((allowed & ~valid).sum()), "masked": mask is not None and bool(mask.any()),
            })
    return totals


def announced_frames(parts):
    if is_v1(parts):
        config = json.loads(parts[1])
        return config["nimages"] * config["ntrigger"]
    return cbor2.loads(parts[0])["number_of_images"]


def expected_ledgers(messages):
    """What each run's ledger must hold, from what was sent."""
    runs = []
    for parts in messages:
        if kind(parts) == "start" or not runs:
            runs.append({"start": parts if kind(parts) == "start" else None, "frames": []})
        if kind(parts) == "image":
            runs[-1]["frames"].append(json.loads(parts[0])["frame"] if is_v1(parts) else cbor2.loads(parts[0])["image_id"])
    for run in runs:
        frames = run["frames"]
        before = 0 if run["start"] else min(frames)
        top = max(frames) + 1
        total = max(announced_frames(run["start"]) if run["start"] else 0, top)
        yield {"messages": len(frames), "received": len(frames), "analysed": len(frames), "kept": len(frames), "sent": len(frames),
               "announced": total, "before_join": before, "missing": top - before - len(frames), "not_sent": total - top}


def plain(value):
    """Comparable form of decoded CBOR: typed arrays without their compression, numbers as they are."""
    if isinstance(value, cbor2.CBORTag):
        return [value.tag, plain(value.value)]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


class Captures(unittest.TestCase):
    maxDiff = 2000

    def test_every_byte_of_every_message_comes_out_in_order_and_a_strict_client_takes_it(self):
        for capture in CAPTURES:
            with self.subTest(capture=capture):
                sent = capture_messages(capture)
                with Node(*SETTINGS, frames=True) as node:
                    replay(node.inputs[0], capture)
                    node.wait_frames(len(sent) - (kind(sent[-1]) != "image"))
                    node.wait_ends(sum(kind(p) == "start" for p in sent) or 1)
                out = node.frames
                self.assertEqual([kind(p) for p in out], [kind(p) for p in sent])
                for theirs, ours in zip(sent, out):
                    self.assertEqual(strict_stream.complaints(ours), [])
                    if not strict_stream.complaints(theirs):
                        self.assertTrue(theirs == ours, f"{capture}: a {kind(theirs)} message was changed")
                        continue
                    self.assertEqual(kind(theirs), "start", "of the recorded messages only a start is sloppy")
                    self.same_start(cbor2.loads(theirs[0]), cbor2.loads(ours[0]))
                self.node_says_the_same(node, sent)

    def same_start(self, theirs, ours):
        """A sloppy start is said again properly: nothing that it announced of its channels is lost or changed, but for bytes without a type."""
        for key, value in theirs.items():
            if value is None or isinstance(value, bytes) or isinstance(value, dict) and any(isinstance(v, bytes) for v in value.values()):
                continue
            if key == "threshold_energy":
                value = {name: energy for name, energy in value.items() if name in theirs["channels"]}
            self.assertIn(key, ours)
            self.assertEqual(plain(ours[key]), plain(value), key)

    def node_says_the_same(self, node, sent):
        results, expected = node.of_type("result"), independent_totals(sent)
        self.assertEqual(len(results), len(expected))
        for result, totals in zip(results, expected):
            self.assertEqual((result["status"], result["reason"]), ("analysed", ""))
            for key in totals.keys() - {"masked"}:
                self.assertEqual(result[key], totals[key], f"frame {totals['image_id']}, {totals['channel']}: {key}")
        ends = node.of_type("end")
        ledgers = list(expected_ledgers(sent))
        self.assertEqual(len(ends), len(ledgers))
        for end, ledger in zip(ends, ledgers):
            self.assertTrue(end["balanced"])
            check_ledger(end["count"], frames_out=True, **ledger)

    def test_an_independent_receiver_behind_the_node_finds_the_sums_that_it_finds_before_it(self):
        for capture in CAPTURES:
            with self.subTest(capture=capture):
                count = len(capture_messages(capture))
                endpoint = free_endpoints(1)[0]
                before = receiver(endpoint, count)
                replay(endpoint, capture)
                with Node(*SETTINGS, "output.start_wait_ms=60000", frames="elsewhere") as node:
                    behind = receiver(node.frames_endpoint, count)
                    replay(node.inputs[0], capture)
                    there = received(behind)
                    results = node.wait_results(sum(len(image(line)) for line in there))
                here = received(before)
                for line in here + there:
                    line.pop("bytes", None)  # of a start that was sloppy
                self.assertEqual(there, here)
                sums = [pair for line in there for pair in image(line)]
                self.assertTrue(sums)
                masked = [t["masked"] for t in independent_totals(capture_messages(capture))]
                for result, (good, total), hidden in zip(results, sums, masked):
                    if not hidden:
                        self.assertEqual((result["n_valid"], result["sum"]), (good, total))

    def test_the_recorded_truth_is_met(self):
        """The figures that stand beside the recordings."""
        for capture, good, total in (("v1_eiger2_4m_mx_u16_bslz4_header_all", 4210130, 421390), ("v1_eiger1_4m_u16_bslz4_header_basic", 4234393, 4609824),
                                     ("v2_eiger2_16m_u16_bslz4_dark", 16840501, 13712)):
            with self.subTest(capture=capture):
                with Node(*SETTINGS) as node:
                    replay(node.inputs[0], capture)
                    node.wait_ends(1)
                self.assertEqual({(r["n_valid"], r["sum"]) for r in node.of_type("result")}, {(good, total)})

    def test_the_beta_dialect_is_refused_in_words_and_counted(self):
        with Node(*SETTINGS, frames=True) as node:
            replay(node.inputs[0], BETA)
            node.wait_log("unreadable message")
            replay(node.inputs[0], "v2_r500k_lz4_8bit_3ch_nostart")  # the next good frame is analysed
            node.wait_ends(1)
        self.assertRegex(node.log(), r"unreadable message \(.*(beta|pre-release).*\)")
        self.assertEqual({r["series_unique_id"] for r in node.of_type("result")}, {"01GRXX1646J0WP80EEC1RDBHFC"})
        self.assertEqual(len(node.of_type("result")), 3)
        self.assertEqual([kind(p) for p in node.frames], ["image", "end"])
        self.assertRegex(node.table(), r"beta_dialect +2 ")


def image(line):
    """(good, sum) of each channel of a line of receive_stream.py."""
    if "sum" in line:
        return [(line["good"], line["sum"])]
    return [(c["good"], c["sum"]) for c in line.get("channels", {}).values()]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main()
