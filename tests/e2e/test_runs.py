#!/usr/bin/python3
"""Runs as detectors really give them: joined late, ended early or never, twice, late, on several connections, with other sizes, with rubbish in
between. Each test says what was sent and asks that every term of the ledger says the same.

The messages are made in Python (detector_messages.py); nothing of the node's own code is in them.
"""
import itertools
import os
import re
import unittest

from node import Node, check_ledger, until
from detector_messages import SeriesV1, SeriesV2, np

import strict_stream

KEEP = "keep.misses=full"
QUIET = ("run.quiet_after_end_ms=300", "run.quiet_ms=1500")
GEOMETRY = ("geometry.distance_mm=100", "geometry.beam_px=[35, 32]", "geometry.pixel_um=75", "geometry.wavelength_angstrom=1.0")


def send(push, *messages):
    for parts in messages:
        push.send_multipart(parts)


def total_of(node, term):
    """A number of the table that the node prints for all runs."""
    table = node.table().split("all runs:")[-1]
    found = re.search(rf"\+ {term} (\d+)|= {term} (\d+)|^ +{re.escape(term)} +(\d+)", table, re.M)
    return int(next(g for g in found.groups() if g)) if found else 0


class Runs(unittest.TestCase):
    maxDiff = 2000

    def right(self, results, series, ids, channels=None):
        """The results are of these frames, in this order, each analysed and with the totals of its pixels."""
        wanted = [(i, c) for i in ids for c in (series.channels if isinstance(series, SeriesV2) else ["default"])]
        self.assertEqual([(r["image_id"], r["channel"]) for r in results], wanted)
        for r in results:
            self.assertEqual((r["status"], r["reason"]), ("analysed", ""))
            self.assertEqual(r["series_id"], series.series_id)
            expected = series.totals(r["image_id"], None if r["channel"] == "default" else r["channel"])
            self.assertEqual({k: r[k] for k in expected}, expected, f"frame {r['image_id']} {r['channel']}")

    def whole(self, end, n, **terms):
        """A run whose n frames were all received and analysed."""
        self.assertTrue(end["balanced"])
        check_ledger(end["count"], **{"messages": n, "received": n, "analysed": n, "announced": n, **terms})

    def all_connected(self, node):
        until("all inputs are connected", lambda: node.log().count(": connected") == len(node.inputs), check=node.check_alive)

    def of_run(self, node, run):
        return [r for r in node.of_type("result") if r["run"] == run]

    # --- joining and ending ---

    def test_a_run_joined_late_has_no_radial_profile_and_says_why(self):
        series = SeriesV2(series_id=7)
        with Node(*QUIET) as node:
            send(node.detector(), *map(series.image, (3, 4, 5)), series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, (3, 4, 5))
        start, = node.of_type("start")
        self.assertIsNone(start["series"])
        self.assertEqual((start["n_bins"], start["radial_unit"], len(start["radial_axis"])), (0, "", 0))
        self.assertIn("geometry.", start["radial_off"])
        self.assertIn("joined without its start message", node.log())
        self.assertTrue(all(r["n_bins"] == 0 and len(r["radial"]["bin_sum"]) == 0 for r in node.of_type("result")))
        self.assertEqual(end["closed_by"], "end")
        self.whole(end, 3, announced=6, before_join=3)

    def test_a_run_joined_late_takes_its_geometry_from_the_configuration(self):
        for series in (SeriesV2(series_id=7), SeriesV1(series_id=7)):
            with Node(*QUIET, *GEOMETRY, "radial.bins=50") as node:
                send(node.detector(), *map(series.image, (3, 4, 5)), series.end())
                end, = node.wait_ends(1)
            start, = node.of_type("start")
            self.assertEqual((start["n_bins"], start["radial_unit"], start["radial_off"], len(start["radial_axis"])), (50, "q", "", 50))
            for r in node.of_type("result"):
                self.assertEqual((r["radial"]["bin_sum"].sum(), r["radial"]["bin_count"].sum()), (r["sum"], r["n_valid"]))
            self.right(node.of_type("result"), series, (3, 4, 5))
            self.whole(end, 3, announced=6, before_join=3)

    def test_a_run_may_end_early(self):
        for series in (SeriesV1(), SeriesV2()):
            with Node(*QUIET) as node:
                send(node.detector(), series.start(10), *map(series.image, range(4)), series.end())
                end, = node.wait_ends(1)
            self.assertEqual(end["closed_by"], "end")
            self.right(node.of_type("result"), series, range(4))
            self.assertEqual(node.of_type("start")[0]["series"]["n_images"], 10)
            self.assertEqual(node.of_type("start")[0]["n_bins"], 1000)
            self.whole(end, 4, announced=10, not_sent=6)

    def test_a_run_may_never_end(self):
        series = SeriesV2()
        with Node(*QUIET) as node:
            send(node.detector(), series.start(10), *map(series.image, (0, 1, 3)))
            end, = node.wait_ends(1)
        self.assertEqual(end["closed_by"], "quiet")
        self.whole(end, 3, announced=10, missing=1, not_sent=6)

    def test_a_run_that_is_under_way_when_the_node_stops_is_closed_and_counted(self):
        series = SeriesV2()
        with Node() as node:
            send(node.detector(), series.start(5), *map(series.image, range(3)))
            node.wait_results(3)
        end, = node.of_type("end")
        self.assertEqual(end["closed_by"], "shutdown")
        self.whole(end, 3, announced=5, not_sent=2)

    def test_a_run_of_no_frames(self):
        for series in (SeriesV1(), SeriesV2()):
            with Node(*QUIET, frames=True) as node:
                send(node.detector(), series.start(5), series.end())
                end, = node.wait_ends(1)
            self.whole(end, 0, announced=5, not_sent=5)
            self.assertEqual(node.frames, [series.start(5), series.end()])

    def test_the_next_start_closes_a_run_without_an_end(self):
        first, second = SeriesV2(series_id=1), SeriesV2(series_id=2)
        with Node("run.quiet_after_end_ms=300", KEEP, frames=True) as node:
            sent = [first.start(3), *map(first.image, range(2)), second.start(2), *map(second.image, range(2)), second.end()]
            send(node.detector(), *sent)
            ends = node.wait_ends(2)
        self.assertEqual([e["closed_by"] for e in ends], ["next_start", "end"])
        self.whole(ends[0], 2, announced=3, not_sent=1, kept=2, sent=2)
        self.whole(ends[1], 2, kept=2, sent=2)
        self.assertEqual(node.frames, sent)

    def test_a_frame_after_the_end_counts_while_the_run_waits_and_is_late_when_it_is_closed(self):
        series = SeriesV2()
        with Node("run.quiet_after_end_ms=1500", "run.quiet_ms=10000", frames=True) as node:
            push = node.detector()
            send(push, series.start(4), *map(series.image, range(2)), series.end(), series.image(2))
            end, = node.wait_ends(1)
            self.whole(end, 3, announced=4, not_sent=1, kept=end["count"]["kept"], sent=end["count"]["kept"])
            send(push, series.image(3))
            node.wait_log("came too late")
            again = SeriesV2(series_id=2)
            send(push, again.start(1), again.image(0), again.end())
            node.wait_ends(2)
        self.right(self.of_run(node, 1), series, range(3))
        self.right(self.of_run(node, 2), again, range(1))
        self.assertEqual(total_of(node, "late"), 1)
        self.assertEqual([strict_stream.complaints(p) for p in node.frames], [[]] * len(node.frames))
        self.assertEqual(node.frames.count(series.end()), 1)

    def test_duplicates_are_counted_and_analysed_once(self):
        series = SeriesV2()
        with Node(*QUIET, KEEP, frames=True) as node:
            send(node.detector(), series.start(4), *map(series.image, (0, 1, 1, 3, 2, 0, 0)), series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, (0, 1, 3, 2))
        self.whole(end, 4, messages=7, duplicate=3, kept=4, sent=4)
        self.assertEqual(node.frames, [series.start(4), *map(series.image, (0, 1, 3, 2)), series.end()])

    def test_a_header_without_detail_and_appendices_of_every_kind(self):
        series = SeriesV1()
        sent = [[*series.start(0, detail="none"), b"a note"], *([*series.image(i), b'{"any":"thing"}'] for i in range(2)), series.end()]
        with Node(*QUIET, KEEP, *GEOMETRY, frames=True) as node:
            send(node.detector(), *sent)
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, range(2))
        self.assertEqual(node.of_type("start")[0]["n_bins"], 1000, "the configuration has the geometry")
        self.assertFalse(node.of_type("start")[0]["series"]["n_images_known"])
        self.whole(end, 2, kept=2, sent=2)
        self.assertEqual(node.frames, sent)

    def test_on_a_shared_socket_gaps_are_elsewhere(self):
        series = SeriesV2()
        with Node(*QUIET, "input.0.shared=on") as node:
            send(node.detector(), series.start(6), *map(series.image, (1, 4)), series.end())
            end, = node.wait_ends(1)
        self.assertNotIn("missing", end["count"])
        self.whole(end, 2, announced=6, elsewhere=3, not_sent=1)

    # --- one after the other ---

    def test_more_runs_than_places_cost_no_frame(self):
        """Without starts and ends a run is only over after silence; the one that was silent for longest makes room."""
        runs = [SeriesV2(series_id=i, unique=f"run {i}") for i in range(24)]
        with Node("run.quiet_ms=3000") as node:
            push = node.detector()
            send(push, *(s.image(i) for s in runs for i in range(2)))
            ends = sorted(node.wait_ends(24), key=lambda e: e["run"])
        self.assertEqual([e["closed_by"] for e in ends], ["displaced"] * 8 + ["quiet"] * 16)
        for end, series in zip(ends, runs):
            self.right(self.of_run(node, end["run"]), series, range(2))
            self.whole(end, 2)

    def test_the_next_run_may_have_another_size_and_pixel_type(self):
        for make in (SeriesV1, SeriesV2):
            runs = [make(shape=(64, 70), dtype="u2", series_id=1), make(shape=(33, 129), dtype="u4", series_id=2), make(shape=(70, 64), dtype="u1", series_id=3)]
            with Node(*QUIET) as node:
                push = node.detector()
                for series in runs:
                    send(push, series.start(3), *map(series.image, range(3)), series.end())
                ends = node.wait_ends(3)
            for end, series in zip(ends, runs):
                self.right(self.of_run(node, end["run"]), series, range(3))
                self.whole(end, 3)

    def test_the_same_series_id_again_is_another_run(self):
        for first, second in ((SeriesV1(seed=1), SeriesV1(seed=2)), (SeriesV2(unique="same", seed=1), SeriesV2(unique="same", seed=2))):
            with Node(*QUIET) as node:
                push = node.detector()
                send(push, first.start(3), *map(first.image, range(3)), first.end(), second.start(3), *map(second.image, range(3)), second.end())
                ends = node.wait_ends(2)
            for end, series in zip(ends, (first, second)):
                self.right(self.of_run(node, end["run"]), series, range(3))
                self.whole(end, 3)
            self.assertEqual([e["run"] for e in ends], [1, 2])

    def test_a_frame_of_another_size_within_a_run_is_invalid_and_the_next_is_analysed(self):
        series, other = SeriesV2(), SeriesV2(shape=(10, 16))
        with Node(*QUIET, frames=True) as node:
            send(node.detector(), series.start(4), series.image(0), other.image(1), series.image(2), series.image(3), series.end())
            end, = node.wait_ends(1)
        bad, = [r for r in node.of_type("result") if r["status"] != "analysed"]
        self.assertEqual((bad["image_id"], bad["status"], bad["reason"]), (1, "invalid", "shape_differs"))
        self.right([r for r in node.of_type("result") if r is not bad and r["status"] == "analysed"], series, (0, 2, 3))
        check_ledger(end["count"], frames_out=True, messages=4, received=4, analysed=3, invalid=1, announced=4, reasons={"invalid.shape_differs": 1})
        self.assertIn(other.image(1), node.frames, "damaged frames are kept")

    # --- several connections ---

    def test_entries_of_one_group_form_one_run(self):
        series = SeriesV2()
        with Node(*QUIET, inputs=2, groups=["eiger", "eiger"]) as node:
            a, b = node.detector(0), node.detector(1)
            self.all_connected(node)
            send(a, series.start(12))
            send(b, *map(series.image, range(1, 12, 2)))
            send(a, *map(series.image, range(0, 12, 2)))
            send(b, series.end())
            end, = node.wait_ends(1)
        self.assertEqual(len(node.of_type("start")), 1)
        self.assertIsNotNone(node.of_type("start")[0]["series"])
        self.right(sorted(node.of_type("result"), key=lambda r: r["image_id"]), series, range(12))
        self.whole(end, 12)

    def test_a_frame_that_overtakes_its_start_on_another_connection_waits_for_it(self):
        series = SeriesV2()
        with Node(*QUIET, inputs=2, groups=["eiger", "eiger"]) as node:
            a, b = node.detector(0), node.detector(1)
            self.all_connected(node)
            send(b, series.image(0))
            send(a, series.start(2), series.image(1), series.end())
            end, = node.wait_ends(1)
        self.assertIsNotNone(node.of_type("start")[0]["series"])
        self.assertEqual({r["n_bins"] for r in node.of_type("result")}, {1000})
        self.whole(end, 2)

    def test_copies_of_start_and_end_on_every_connection_of_a_group_make_one_run(self):
        series = SeriesV2()
        with Node(*QUIET, KEEP, inputs=2, groups=["eiger", "eiger"], frames=True) as node:
            a, b = node.detector(0), node.detector(1)
            self.all_connected(node)
            send(a, series.start(4), series.image(0), series.image(2), series.end())
            send(b, series.start(4), series.image(1), series.image(3), series.end())
            end, = node.wait_ends(1)
        self.right(sorted(node.of_type("result"), key=lambda r: r["image_id"]), series, range(4))
        self.whole(end, 4, kept=4, sent=4)
        self.assertEqual((len(node.frames), node.frames.count(series.start(4)), node.frames.count(series.end())), (6, 1, 1))
        self.assertEqual(node.frames[-1], series.end())

    def test_groups_are_runs_of_their_own_though_they_share_a_series_id(self):
        series = [SeriesV1(series_id=5, seed=n, shape=(40 + n, 50)) for n in range(3)]
        with Node(*QUIET, inputs=3, groups=["", "b", "c"]) as node:
            sockets = [node.detector(i) for i in range(3)]
            for push, s in zip(sockets, series):
                send(push, s.start(4), s.image(0))
            for i in range(1, 4):
                for push, s in zip(sockets, series):
                    send(push, s.image(i))
            for push, s in zip(sockets, series):
                send(push, s.end())
            ends = node.wait_ends(3)
        for s in series:
            results = [r for r in node.of_type("result") if r["height"] == s.shape[0]]
            self.right(results, s, range(4))
            self.assertEqual(len({r["run"] for r in results}), 1)
        for end in ends:
            self.whole(end, 4)

    def test_both_dialects_at_once(self):
        old, new = SeriesV1(series_id=3, codec="lz4", dtype="u4"), SeriesV2(series_id=3, channels=["threshold_1", "threshold_2"])
        with Node(*QUIET, KEEP, inputs=2, frames=True) as node:
            a, b = node.detector(0), node.detector(1)
            for push, s in ((a, old), (b, new)):
                send(push, s.start(5))
            for i in range(5):
                send(a, old.image(i))
                send(b, new.image(i))
            send(a, old.end())
            send(b, new.end())
            ends = node.wait_ends(2)
        self.right([r for r in node.of_type("result") if r["channel"] == "default"], old, range(5))
        self.right([r for r in node.of_type("result") if r["channel"] != "default"], new, range(5))
        for end in ends:
            self.whole(end, 5, kept=5, sent=5)
        for s in (old, new):
            messages = [s.start(5), *map(s.image, range(5)), s.end()]
            self.assertEqual([p for p in node.frames if p in messages], messages)

    # --- broken things ---

    def test_the_detector_may_go_away_and_come_back_within_a_run(self):
        series = SeriesV2()
        with Node("run.quiet_after_end_ms=300") as node:
            push = node.detector()
            send(push, series.start(8), *map(series.image, range(3)))
            node.wait_results(3)
            push.close(linger=0)
            node.wait_log("connection lost")
            push = node.detector()
            send(push, *map(series.image, range(4, 8)), series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, (0, 1, 2, 4, 5, 6, 7))
        self.whole(end, 7, announced=8, missing=1)

    def test_an_oversize_message_costs_itself_and_no_later_frame(self):
        series = SeriesV2()
        with Node(*QUIET[:1], "limits.max_message_mib=1") as node:
            push = node.detector()
            send(push, series.start(4), *map(series.image, range(2)))
            node.wait_results(2)
            for round in (1, 2):
                send(push, [os.urandom(3 << 20)])
                until("the node connects anew", lambda: node.log().count(": connected") == round + 1)
                send(push, series.image(round + 1))
                node.wait_results(2 + round)
            send(push, series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, range(4))
        self.assertIn("over the limit of 1 MiB", node.log())
        self.whole(end, 4)

    def test_rubbish_between_frames_is_counted_under_its_reason_and_the_next_frame_is_analysed(self):
        for series in (SeriesV1(), SeriesV2()):
            good = series.image(0)
            rubbish = [
                ([b""], "not_a_stream"), ([bytes(50)], None), ([b"{"], "bad_json"), ([b"{}"], None), ([b"\xd9\xd9\xf7\xbf"], None),
                ([b"\xd9\xd9\xf7\x9b" + b"\xff" * 8], None), ([good[0][:-3], *good[1:]], None), ([*good, b"x", b"y", b"z"], None),
                ([b'{"htype":"dimage-1.0","series":1,"frame":1}'], None), ([b"\xa1" * 5000], None), ([b"[" * 100000], None),
                (series.image(1)[:-1] + [b""] if len(good) == 1 else good[:1] + [good[1].replace(b"70", b"7000000000")] + good[2:], None),
            ]
            with Node(*QUIET, "log.level=debug") as node:
                push = node.detector()
                send(push, series.start(len(rubbish)))
                for i, (parts, _) in enumerate(rubbish):
                    send(push, parts, series.image(i))
                send(push, series.end())
                end, = node.wait_ends(1)
            self.right(node.of_type("result"), series, range(len(rubbish)))
            n = len(rubbish)
            self.whole(end, n, messages=2 * n, unreadable=n)
            for _, reason in rubbish:
                if reason:
                    self.assertGreaterEqual(end["count"]["unreadable." + reason], 1)
            self.assertIn("unreadable message", node.log())

    def test_damaged_pixels_are_invalid_and_kept_and_cost_no_other_frame(self):
        for make, codec in itertools.product((SeriesV1, SeriesV2), ("bslz4", "lz4")):
            series = make(codec=codec)
            with Node(*QUIET, frames=True) as node:
                parts = series.image(1)
                at = 2 if len(parts) == 4 else 0
                damaged = bytearray(parts[at])
                middle = len(damaged) // 2
                damaged[middle:middle + 400] = b"\xff" * 400
                parts[at] = bytes(damaged)
                send(node.detector(), series.start(3), series.image(0), parts, series.image(2), series.end())
                end, = node.wait_ends(1)
            bad = [r for r in node.of_type("result") if r["image_id"] == 1]
            self.assertEqual([r["status"] for r in bad], ["invalid"])
            self.right([r for r in node.of_type("result") if r["image_id"] != 1], series, (0, 2))
            self.assertTrue(np.isnan(bad[0]["n_spots"]))
            check_ledger(end["count"], frames_out=True, messages=3, received=3, analysed=2, invalid=1, announced=3)
            self.assertIn(parts, node.frames)

    # --- every form of frame ---

    def test_channels_have_masks_of_their_own(self):
        shape = (48, 61)
        masks = {"threshold_1": np.zeros(shape), "threshold_2": np.zeros(shape), "difference": np.zeros(shape)}
        masks["threshold_1"][10:20, :] = 1
        masks["threshold_2"][:, 5:9] = 8
        masks["difference"][(masks["threshold_1"] + masks["threshold_2"]) > 0] = 1
        series = SeriesV2(shape=shape, channels=list(masks), masks=masks)
        with Node(*QUIET) as node:
            send(node.detector(), series.start(3), *map(series.image, range(3)), series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, range(3))
        self.assertEqual(len({r["n_valid"] for r in node.of_type("result")}), 3, "the masks differ")
        self.whole(end, 3)

    def test_a_mask_of_stream_v1_is_used(self):
        mask = np.zeros((64, 70))
        mask[20:30, 10:60] = 2
        series = SeriesV1(masks={"threshold_1": mask})
        with Node(*QUIET) as node:
            send(node.detector(), series.start(2, detail="all"), *map(series.image, range(2)), series.end())
            end, = node.wait_ends(1)
        self.right(node.of_type("result"), series, range(2))
        self.whole(end, 2)

    def test_every_pixel_type_codec_block_size_and_odd_size(self):
        forms = list(itertools.product(("u1", "u2", "u4"), ("bslz4", "lz4", "none"), ((31, 37), (64, 128), (1, 9)), (8192, 256)))
        for make in (SeriesV1, SeriesV2):
            runs = [make(shape=shape, dtype=dtype, codec=codec, series_id=n, block_bytes=block) for n, (dtype, codec, shape, block) in enumerate(forms, 1)
                    if not (codec == "none" and block == 256)]
            with Node(*QUIET, KEEP, "radial.bins=20", frames=True) as node:
                push = node.detector()
                sent = []
                for s in runs:
                    sent += [s.start(2), s.image(0), s.image(1), s.end()]
                send(push, *sent)
                ends = sorted(node.wait_ends(len(runs)), key=lambda e: e["run"])
            for end, s in zip(ends, runs):
                self.right(self.of_run(node, end["run"]), s, range(2))
                self.whole(end, 2, kept=2, sent=2)
            self.assertTrue(node.frames == sent, "every byte came out in order")

    def test_a_burst_of_messages_of_very_different_sizes_arrives_whole(self):
        """libzmq's queue must never be left full with both sides waiting for each other."""
        small, large = SeriesV2(shape=(16, 16), series_id=1), SeriesV2(shape=(1500, 1400), codec="none", series_id=2)
        picture = large.pixels(0)
        for _ in range(3):
            with Node(*QUIET, "overload.analysis=wait") as node:
                push = node.detector()
                send(push, small.start(300), *map(small.image, range(300)), small.end())
                send(push, large.start(20), *(large.image(i, picture) for i in range(20)), large.end())
                again = SeriesV2(shape=(16, 16), series_id=3)
                send(push, again.start(300), *map(again.image, range(300)), again.end())
                ends = node.wait_ends(3)
            for end, n in zip(ends, (300, 20, 300)):
                self.whole(end, n)


if __name__ == "__main__":
    unittest.main()
