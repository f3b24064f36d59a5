"""Frames on the screen are the frames that came: pictures over HTTP and WebSocket, opened by independent programs, against the pixels that were sent;
spots and numbers against the results stream."""
import io
import struct
import unittest

from detector_messages import SeriesV1, SeriesV2, np
from node import Node, until
from web import LISTEN, Web
from websocket import Tile, WebSocket

try:
    from PIL import Image
except ImportError:
    Image = None
SHAPE = (300, 523)
SETTINGS = (LISTEN, "hit.when=sum > 0", "run.quiet_after_end_ms=300")


def binned(image, n):
    """The largest valid pixel of each n x n; the type's largest value where there is none."""
    top = np.iinfo(image.dtype).max
    height, width = -(-image.shape[0] // n) * n, -(-image.shape[1] // n) * n
    whole = np.full((height, width), -1, np.int64)
    whole[:image.shape[0], :image.shape[1]] = np.where(image == top, -1, image.astype(np.int64))
    most = whole.reshape(height // n, n, width // n, n).max(axis=(1, 3))
    return np.where(most < 0, top, most)


def values(tile, dtype):
    """A tile's pixels in the frame's own type: narrow ones are widened."""
    array = tile.array()
    if array.dtype == dtype:
        return array
    wide = array.astype(dtype)
    wide[array == np.iinfo(array.dtype).max] = np.iinfo(dtype).max
    return wide


class Sent:
    """A node with one open run of n frames, all hits."""

    def __init__(self, series, n=3, *sets):
        self.series, self.n, self.node = series, n, Node(*SETTINGS, *sets)

    def __enter__(self):
        self.node.__enter__()
        self.web, push = Web(self.node), self.node.detector()
        for parts in (self.series.start(self.n + 1), *map(self.series.image, range(self.n))):
            push.send_multipart(parts)
        self.results = self.node.wait_results(self.n * len(self.series.channels))
        until("all frames on the screen", lambda: len(self.list()["hits"]) == self.n)
        return self

    def __exit__(self, *error):
        self.node.__exit__(*error)

    def list(self):
        return self.web.get("/api/frames").json

    def get(self, path):
        answer = self.web.get(path)
        assert answer.status == 200, (path, answer.status, answer.text)
        return answer


class Pictures(unittest.TestCase):
    def series(self):
        return [SeriesV2(SHAPE, "u1"), SeriesV2(SHAPE, "u2"), SeriesV2(SHAPE, "u4"), SeriesV1(SHAPE, "u4", series_id=7), SeriesV2(SHAPE, "u2", codec="lz4"),
                SeriesV1(SHAPE, "u2", codec="lz4")]

    def test_are_the_pixels_that_were_sent(self):
        for series in self.series():
            with Sent(series) as sent:
                for head in sent.list()["hits"]:
                    image = series.pixels(head["image"])
                    for n in (1, 2, 7):
                        tile = Tile(sent.get(f"/api/frames/{head['id']}/image.raw?bin={n}").body)
                        self.assertEqual((tile.id, tile.bin, tile.x, tile.y, tile.flags), (head["id"], n, 0, 0, 1))
                        np.testing.assert_array_equal(values(tile, image.dtype), binned(image, n))
                        valid = binned(image, n)
                        valid = valid[valid != np.iinfo(image.dtype).max]
                        self.assertEqual(tile.max, valid.max())
                        self.assertTrue(valid.min() <= tile.low <= tile.high <= tile.max)

    def test_regions_are_cut_where_bins_begin(self):
        series = SeriesV2(SHAPE, "u2")
        with Sent(series, 1) as sent:
            image = series.pixels(0)
            for x, y, w, h, n in ((0, 0, 1, 1, 1), (10, 20, 30, 40, 1), (522, 299, 1, 1, 1), (11, 21, 30, 40, 4), (500, 290, 9999, 9999, 1), (5, 6, 100, 100, 3)):
                tile = Tile(sent.get(f"/api/frames/latest/image.raw?region={x},{y},{w},{h}&bin={n}").body)
                x0, y0, x1, y1 = x // n * n, y // n * n, min(x + w, SHAPE[1]), min(y + h, SHAPE[0])
                self.assertEqual((tile.x, tile.y), (x0, y0))
                np.testing.assert_array_equal(tile.array(), binned(image[y0:y1, x0:x1], n))

    def test_what_makes_no_sense_is_refused_in_words(self):
        with Sent(SeriesV2(SHAPE, "u2"), 1) as sent:
            for query in ("region=1,2,3", "region=523,0,1,1", "region=0,0,0,5", "region=a,b,c,d", "region=1,2,3,4,5", "bin=65", "bin=-1", "bin=x", "channel=9", "channel=x",
                          "region=99999999999,0,1,1", "scale=cubic", "low=x"):
                answer = sent.web.get(f"/api/frames/latest/image.png?{query}")
                self.assertEqual(answer.status, 400, query)
            self.assertEqual(sent.web.get("/api/frames/latest/image.png?channel=1").status, 404)
            for path in ("/api/frames/0", "/api/frames/999999", "/api/frames/latest/nothing", "/api/frames/-1", "/api/frames/" + "9" * 30, "/api/frames/latest/image.png/x"):
                self.assertEqual(sent.web.get(path).status, 404, path)

    @unittest.skipUnless(Image, "Pillow is not here (Debian: python3-pil)")
    def test_png_and_tiff_open_elsewhere(self):
        for series in self.series()[:4]:
            with Sent(series, 1) as sent:
                image = series.pixels(0)
                tiff = Image.open(io.BytesIO(sent.get("/api/frames/latest/image.tif").body))
                self.assertEqual((tiff.format, tiff.size), ("TIFF", SHAPE[::-1]))
                if image.itemsize < 4:  # Pillow reads 32 bits as signed
                    np.testing.assert_array_equal(np.asarray(tiff), image)
                else:
                    np.testing.assert_array_equal(np.asarray(tiff).astype(np.int64) & 0xffffffff, image)
                png = Image.open(io.BytesIO(sent.get("/api/frames/latest/image.png?bin=1&scale=linear&low=0&high=100").body))
                self.assertEqual((png.format, png.mode, png.size), ("PNG", "L", SHAPE[::-1]))
                top = np.iinfo(image.dtype).max
                wanted = np.where(image == top, 255, np.floor(250 - 250 * np.minimum(image.astype(float), 100) / 100 + 0.5))
                np.testing.assert_array_equal(np.asarray(png), wanted)

    def test_the_mask_is_the_one_of_the_analysis(self):
        mask = np.zeros(SHAPE, "u4")
        mask[40:60, 100:300] = 1
        with Sent(SeriesV2(SHAPE, "u2", masks={"threshold_1": mask}), 1, "mask.rectangles=[{x: 0, y: 0, width: 9, height: 5}]") as sent:
            tile = Tile(sent.get("/api/frames/latest/mask.raw?bin=1").body)
            use = mask == 0
            use[:5, :9] = False
            np.testing.assert_array_equal(tile.array() != 0, use)
            tile = Tile(sent.get("/api/frames/latest/mask.raw?bin=2&region=96,36,20,20").body)
            np.testing.assert_array_equal(tile.array() != 0, use[36:56, 96:116].reshape(10, 2, 10, 2).any(axis=(1, 3)))

    def test_channels_have_pictures_of_their_own(self):
        series = SeriesV2(SHAPE, "u2", channels=["threshold_1", "difference"])
        with Sent(series, 2) as sent:
            for number, name in enumerate(series.channels):
                tile = Tile(sent.get(f"/api/frames/latest/image.raw?bin=1&channel={number}").body)
                np.testing.assert_array_equal(tile.array(), series.pixels(1, name))

    def test_damaged_frames_say_so_and_harm_no_others(self):
        series = SeriesV2(SHAPE, "u2")
        with Node(*SETTINGS, "keep.invalid=full") as node:
            web, push = Web(node), node.detector()
            push.send_multipart(series.start(9))
            good = series.image(0)
            push.send_multipart(good)
            bad = bytearray(series.image(1)[0])
            bad[len(bad) // 2:len(bad) // 2 + 2000] = b"\xff" * 2000
            node.wait_results(1)
            until("the good one is on the screen", lambda: web.get("/api/frames/hit").status == 200)
            push.send(bytes(bad))
            node.wait_results(2)
            until("the damaged frame is the latest", lambda: (lambda a: a.status == 200 and a.json["status"] == "invalid")(web.get("/api/frames/latest")))
            self.assertEqual(web.get("/api/frames/latest/image.raw").status, 422)
            self.assertEqual(web.get("/api/frames/hit/image.raw").status, 200)
            self.assertEqual(web.get("/api/frames/latest/mask.raw").status, 404)


class Numbers(unittest.TestCase):
    def test_are_those_of_the_results_stream(self):
        series = SeriesV2(SHAPE, "u2", channels=["threshold_1", "difference"])
        with Sent(series, 3, "radial.bins=50", "spots.min_pixels=1") as sent:
            by_id = {(r["image_id"], r["channel"]): r for r in sent.results}
            for head in sent.list()["hits"]:
                frame = sent.get(f"/api/frames/{head['id']}").json
                self.assertEqual({k: frame[k] for k in head}, head)
                for channel in frame["channels"]:
                    result = by_id[head["image"], channel["name"]]
                    self.assertEqual((channel["height"], channel["width"], channel["plan_version"], channel["engine"]),
                                     (*SHAPE, result["plan_version"], result["engine"]))
                    for name, number in channel["numbers"].items():
                        if number is None:
                            self.assertTrue(np.isnan(result[name]), name)
                        else:
                            self.assertTrue(np.isclose(number, result[name], rtol=1e-5), (name, number, result[name]))
                    self.assertEqual(channel["n_listed_spots"], len(result["spots"]["x"]))
                    self.assertGreater(len(result["spots"]["x"]), 0)
                    for name, column in channel["spots"].items():
                        wanted = np.asarray(result["spots"][name], float)
                        np.testing.assert_allclose(np.array([np.nan if v is None else v for v in column], float), wanted, rtol=1e-5, atol=1e-3, err_msg=name)
                    self.check_radial(sent, head["id"], frame["channels"].index(channel), result)

    def check_radial(self, sent, frame, channel, result):
        columns = np.loadtxt(io.StringIO(sent.get(f"/api/frames/{frame}/radial.txt?channel={channel}").text))
        self.assertEqual(len(columns), 50)
        np.testing.assert_allclose(columns[:, 2], result["radial"]["intensity"], rtol=1e-5)
        np.testing.assert_array_equal(columns[:, 4], result["radial"]["bin_sum"])
        np.testing.assert_array_equal(columns[:, 5], result["radial"]["bin_count"])

    def test_rings_lie_where_their_resolution_is(self):
        with Sent(SeriesV2(SHAPE, "u2"), 1) as sent:
            geometry = sent.get("/api/frames/latest").json["channels"][0]["geometry"]
            self.assertEqual(geometry["beam_px"], [SHAPE[1] / 2, SHAPE[0] / 2])
            self.assertGreaterEqual(len(geometry["rings"]), 3)
            for ring in geometry["rings"]:
                two_theta = 2 * np.arcsin(geometry["wavelength_angstrom"] / (2 * ring["d"]))
                radius = geometry["distance_mm"] * np.tan(two_theta) / geometry["pixel_mm"][0]
                x, y = np.array(ring["x"]) - geometry["beam_px"][0], np.array(ring["y"]) - geometry["beam_px"][1]
                np.testing.assert_allclose(np.hypot(x, y), radius, rtol=1e-4)


class Sockets(unittest.TestCase):
    def test_a_screen_sees_what_it_asks_for(self):
        series = SeriesV2(SHAPE, "u2")
        with Sent(series, 3) as sent, WebSocket(sent.web) as screen:
            hello = screen.hear()
            self.assertEqual((hello["type"], hello["frames"], hello["auth"]), ("hello", sent.list(), {"changes": "open"}))
            for view, image_id in (({"image": "latest"}, 2), ({"image": "hit"}, 2), ({"image": sent.list()["hits"][2]["id"]}, 0),
                                   ({"image": "latest", "bin": 1, "region": [100, 50, 33, 44]}, 2)):
                screen.say({"type": "view", **view})
                shown = screen.hear_until(lambda m: isinstance(m, dict) and m["type"] == "shown")
                tile = Tile(screen.hear())
                self.assertEqual((shown["frame"]["image"], shown["frame"]["id"]), (image_id, tile.id))
                x, y, w, h = view.get("region", (0, 0, *SHAPE[::-1]))
                np.testing.assert_array_equal(tile.array(), binned(series.pixels(image_id)[y:y + h, x:x + w], tile.bin))
            screen.say({"type": "view", "image": 123456})
            screen.hear_until(lambda m: isinstance(m, dict) and m["type"] == "gone")
            self.assertEqual(sent.web.status()["viewers"], 1)

    def test_a_frozen_frame_stays_while_somebody_looks(self):
        series = SeriesV2(SHAPE, "u2")
        with Sent(series, 2) as sent:
            first = sent.list()["hits"][1]["id"]
            with WebSocket(sent.web) as screen:
                screen.say({"type": "view", "image": first})
                screen.hear_until(lambda m: isinstance(m, dict) and m["type"] == "shown")
                for i in range(2, 60):
                    sent.node.sockets[0].send_multipart(series.image(i))
                    sent.node.wait_results(i + 1)
                    until("the screen has it", lambda: sent.list()["hits"][0]["image"] == i)
                self.assertNotIn(first, [h["id"] for h in sent.list()["hits"]])
                self.assertEqual(len(sent.list()["hits"]), 50)
                np.testing.assert_array_equal(Tile(sent.get(f"/api/frames/{first}/image.raw?bin=1").body).array(), series.pixels(0))
            until("it is let go", lambda: sent.web.get(f"/api/frames/{first}").status == 404)

    def test_hits_are_held_under_a_budget_of_bytes(self):
        pixels = np.random.default_rng(1).integers(0, 60000, (1500, 1500)).astype("<u2")  # nothing of which can be compressed
        series = SeriesV2(pixels.shape, "u2", codec="none")
        with Node(*SETTINGS, "http.hold_mib=16", "spots.algorithm=none") as node:
            web, push = Web(node), node.detector()
            push.send_multipart(series.start(100))
            for i in range(12):
                push.send_multipart(series.image(i, pixels))
                node.wait_results(i + 1)
                until("the screen has it", lambda: (lambda a: a.status == 200 and a.json["image"] == i)(web.get("/api/frames/latest")))
            held = web.get("/api/frames").json["hits"]
            self.assertEqual([h["image"] for h in held], [11, 10, 9])  # 4.5 MB each


class Monitor(unittest.TestCase):
    def tiff(self, body):
        """A baseline TIFF's pixels, by its own tags."""
        self.assertEqual(body[:4], b"II*\0")
        at, = struct.unpack_from("<I", body, 4)
        tags = {}
        for i in range(struct.unpack_from("<H", body, at)[0]):
            tag, kind, _, value = struct.unpack_from("<HHII", body, at + 2 + 12 * i)
            tags[tag] = value & 0xffff if kind == 3 else value
        self.assertEqual((tags[259], tags[262], tags[277], tags[339]), (1, 1, 1, 1))
        raw = body[tags[273]:tags[273] + tags[279]]
        return np.frombuffer(raw, {8: "u1", 16: "<u2", 32: "<u4"}[tags[258]]).reshape(tags[257], tags[256])

    def test_gives_the_latest_frame_as_the_detector_does(self):
        with Node(*SETTINGS) as node:
            web, push = Web(node), node.detector()
            base = "/monitor/api/1.8.0"
            self.assertEqual(web.get(f"{base}/images/monitor").status, 408)
            self.assertEqual(web.get(f"{base}/images/next").status, 408)
            self.assertEqual(web.get(f"{base}/images").json, [])
            series = SeriesV2(SHAPE, "u4", series_id=17)
            push.send_multipart(series.start(9))
            for i in range(3):
                push.send_multipart(series.image(i))
                node.wait_results(i + 1)
                answer = web.get(f"{base}/images/next")
                self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/tiff"))
                np.testing.assert_array_equal(self.tiff(answer.body), series.pixels(i))
            self.assertEqual(web.get(f"{base}/images/next").status, 408)  # it was given out
            np.testing.assert_array_equal(self.tiff(web.get(f"{base}/images/monitor").body), series.pixels(2))
            self.assertEqual(web.get(f"{base}/images").json, [[17, [2]]])
            self.assertEqual(web.get(f"{base}/status/monitor_image_number").json, {"value": [17, 2]})
            self.assertEqual(web.get(f"{base}/status/nothing").status, 404)


if __name__ == "__main__":
    unittest.main()
