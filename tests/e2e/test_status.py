"""What the node says over HTTP is what its ledger says; the page is whole in itself; and only those are answered who may ask."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

from node import SLUICE, Node, check_ledger, until
from simulated import SMALL, Detector
from web import LISTEN, Web, parse_metrics, value

LOSSES = ("--drop", "5%", "--damage", "5%", "--duplicate", "5%", "--seed", "7")


def metrics_as_ledger(families):
    """Terms and reasons as the end message of a run has them."""
    counts = {dict(labels)["term"]: v for (_, labels), v in families["sluice_frames_total"].samples.items()}
    for (_, labels), v in families["sluice_frame_reasons_total"].samples.items():
        labels = dict(labels)
        counts[f"{labels['term']}.{labels['reason']}"] = v
    for term, name in (("results_unwritten", "sluice_results_unwritten_total"), ("consumer_left", "sluice_consumers_left_total"),
                       ("engine_fallback", "sluice_engine_fallback_frames_total"), ("detector_dropped", "sluice_detector_dropped_frames_total")):
        counts[term] = value(families, name)
    return counts


class Numbers(unittest.TestCase):
    def check_after(self, web, ends):
        count = ends[-1]["count"]
        self.assertEqual(web.totals("run"), count)
        self.assertEqual(web.totals(), {term: sum(end["count"][term] for end in ends) for term in count})
        families = parse_metrics(web.get("/metrics").text)
        self.assertEqual(metrics_as_ledger(families), web.totals())
        self.assertEqual(value(families, "sluice_latency_seconds_count"), sum(end["count"]["received"] for end in ends))
        self.assertEqual((value(families, "sluice_run"), value(families, "sluice_runs_total")), (len(ends), len(ends)))

    def test_are_those_of_the_end_messages(self):
        with Node(LISTEN, "run.quiet_after_end_ms=300") as node:
            web = Web(node)
            self.assertEqual(set(web.totals().values()), {0})
            with Detector(node, *SMALL, "--rate", 300, "--frames", 300, *LOSSES, "--next", "--frames", 40, "--idle", 60) as detector:
                ends = node.wait_ends(2)
                until("both runs are done", lambda: web.status()["runs_done"] == 2)
                check_ledger(ends[0]["count"], **{t: ends[0]["count"][t] for t in ("duplicate", "missing", "not_sent", "invalid")},
                             reasons={r: n for r, n in ends[0]["count"].items() if r.startswith("invalid.")})
                for term in ("duplicate", "missing", "invalid", "hits", "released"):
                    self.assertGreater(ends[0]["count"][term], 0, term)
                self.check_after(web, ends)
                status = web.status()
                self.assertEqual(status["run"], {"number": 2, "series": ends[1]["series_id"], "unique_id": ends[1]["series_unique_id"],
                                                 "expected": 40})
                self.assertEqual(status["state"], "waiting")
                self.assertGreater(status["latency_ms"]["p50"], 0)
                self.assertGreater(status["bytes"]["received"], 300 * 1000)
                detector.process.kill()
            until("the detector is gone", lambda: web.status()["state"] == "disconnected")

    def test_move_while_a_run_goes_on(self):
        with Node(LISTEN) as node:
            web = Web(node)
            self.assertEqual((web.status()["state"], web.status()["run"]), ("disconnected", None))
            with Detector(node, *SMALL, "--frames", 0, "--rate", 50) as detector:
                first = until("frames per second", lambda: (lambda s: s if s["rates"]["frames_per_s"] > 0 else None)(web.status()))
                self.assertEqual((first["state"], first["run"]["number"], first["inputs"][0]["connected"]), ("measuring", 1, True))
                self.assertEqual(first["inputs"][0]["endpoint"], node.inputs[0])
                before = parse_metrics(web.get("/metrics").text)
                until("more frames", lambda: web.totals()["received"] > value(before, "sluice_frames_total", term="received"))
                after = parse_metrics(web.get("/metrics").text)
                for name, family in before.items():
                    if family.kind != "gauge":
                        for key, n in family.samples.items():
                            self.assertGreaterEqual(after[name].samples[key], n, key)
                detector.process.send_signal(signal.SIGINT)
                node.wait_ends(1)

    def test_tell_of_every_device(self):
        with Node(LISTEN, "engine.order=[cpu, reference]", "engine.threads=2", results=True) as node:
            web = Web(node)
            with Detector(node, *SMALL, "--frames", 20, "--channels", "threshold_1,threshold_2") as detector:
                node.wait_ends(1)
                detector.wait()
            cpu, reference = web.status()["devices"]
            families = parse_metrics(web.get("/metrics").text)
        self.assertEqual((cpu["device"], cpu["engine"], cpu["state"], cpu["error"]), ("cpu", "cpu", "used", None))
        self.assertEqual(cpu["lanes"], ["work.0", "work.1"])
        self.assertEqual((cpu["images"], reference["images"]), (40, 0))
        self.assertEqual(value(families, "sluice_device_images_total", device="cpu"), 40)
        self.assertEqual(value(families, "sluice_device_up", device="reference"), 1)

    def test_say_which_are_losses(self):
        with Node(LISTEN, results=False) as node:
            ledger = Web(node).status()["ledger"]
        self.assertEqual({t["term"] for t in ledger if t["loss"]}, {
            "duplicate", "late", "unreadable", "missing", "unanalysed", "invalid", "failed", "unsent", "results_unwritten", "consumer_left",
            "detector_dropped"})
        self.assertTrue(all(t["words"] for t in ledger))
        self.assertEqual({t["term"].split(".")[0] for t in ledger if "." in t["term"]}, {t["of"] for t in ledger if t["of"]})

    def test_please_prometheus_itself(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not here (Debian: prometheus)")
        with Node(LISTEN) as node:
            text = Web(node).get("/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node(LISTEN, "radial.bins=77", results=False)
        cls.node.__enter__()
        cls.web = Web(cls.node)

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__(None, None, None)

    def test_the_page_is_whole_in_itself(self):
        page = self.web.get("/")
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(int(page.headers["content-length"]), len(page.body))
        self.assertNotRegex(page.text, r"(?i)https?:|//[a-z]|@import|<iframe|<script[^>]+src|<link[^>]+href=\"(?!data:)")
        for path in re.findall(r"(?:fetch\(|href=)\"(/[^\"]*)\"", page.text):
            self.assertEqual(self.web.get(path).status, 200, path)
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assertNotIn("access-control-allow-origin", page.headers)

    def test_the_page_knows_the_terms(self):
        terms = set(self.web.totals())
        listed = re.search(r"const GROUPS = \[(.*?)\];", self.web.get("/").text, re.S)[1]
        self.assertLess(set(re.findall(r'"(\w+)"', listed)) - {"files", "frames"}, terms)

    def test_the_configuration_is_one(self):
        text = self.web.get("/api/config").text
        self.assertIn("bins: 77", text)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([SLUICE, "check", file.name], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_head_is_get_without_the_text(self):
        for path in ("/", "/api/status", "/metrics", "/api/config", "/nothing"):
            got, head = self.web.get(path), self.web.get(path, method="HEAD")
            self.assertEqual((head.status, head.headers["content-type"], head.body), (got.status, got.headers["content-type"], b""))
            self.assertGreater(int(head.headers["content-length"]), 0)

    def test_what_is_not_there_is_said_in_words(self):
        for path in ("/nothing", "/api", "/api/status/", "/metrics.", "/" + "x" * 1000, "/../../../../etc/passwd",
                     "/..%2f..%2f..%2fetc%2fpasswd", "/api/../../etc/passwd", "/.%2e/.%2e/etc/passwd", "/%2e%2e/%2e%2e/etc/shadow"):
            answer = self.web.get(path)
            self.assertIn(answer.status, (403, 404), path)
            self.assertNotIn(b"root:", answer.body, path)
        self.assertEqual(self.web.get("/nothing").text, "There is nothing under this path.\n")

    def test_a_query_changes_nothing(self):
        self.assertEqual(self.web.get("/api/config?a=b&c=%20d").text, self.web.get("/api/config").text)

    def test_other_methods_are_refused(self):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            for body in (None, b"x" * 100):
                answer = self.web.get("/api/status", method=method, body=body)
                self.assertEqual((answer.status, answer.headers["allow"], answer.headers["connection"]), (405, "GET, HEAD, POST", "close"), method)
                self.assertEqual(answer.text, "Only GET, HEAD and POST are answered here.\n")

    def test_what_is_posted_is_json_of_a_bounded_size(self):
        json = {"Content-Type": "application/json"}
        for body, headers, status in ((b"x" * 100, {}, 415), (b"{}", {"Content-Type": "text/plain"}, 415), (b"{}", {"Content-Type": "application/jsonx"}, 415),
                                      (b"{}", json, 405), (b"x" * 65536, json, 405), (b"x" * 65537, json, 413)):
            self.assertEqual(self.web.get("/api/status", method="POST", body=body, headers=headers).status, status)
        got = self.web.raw(b"POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.assertEqual(int(got.split()[1]), 411)

    def test_many_requests_in_one_connection(self):
        with self.web.connect() as s:
            stream = s.makefile("rb")
            for _ in range(50):
                s.sendall(b"GET /api/config HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head = b"".join(iter(stream.readline, b"\r\n"))
                self.assertTrue(head.startswith(b"HTTP/1.1 200 OK"), head)
                self.assertIn(b"bins: 77", stream.read(int(re.search(rb"content-length: (\d+)", head)[1])))

    def host(self, *lines):
        got = self.web.raw(b"GET /api/config HTTP/1.1\r\n" + b"".join(line.encode() + b"\r\n" for line in lines) + b"Connection: close\r\n\r\n")
        return int(got.split()[1])

    def test_names_of_this_machine_are_answered(self):
        for name in ("localhost", "LOCALHOST", "localhost:1", "127.0.0.1", f"127.0.0.1:{self.web.port}", "127.1.2.3:80", "[::1]", "[::1]:8090"):
            self.assertEqual(self.host(f"Host: {name}"), 200, name)
            self.assertEqual(self.host(f"Host: {name}", f"Origin: http://{name}"), 200, name)

    def test_names_of_others_are_refused(self):
        for name in ("evil.example", "evil.example:8090", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "[::1", "[::1]x",
                     "localhost:80:80", "localhost:x", "0.0.0.0", "", " ", "localhost evil", "a" * 300):
            self.assertEqual(self.host(f"Host: {name}"), 403, name)
        self.assertEqual(self.host(), 403)
        self.assertEqual(self.host("Host: localhost", "Host: evil.example"), 403)
        for origin in ("http://evil.example", "null", "https://evil.example", "http://localhost.evil.example", "file://"):
            self.assertEqual(self.host("Host: localhost", f"Origin: {origin}"), 403, origin)


class Places(unittest.TestCase):
    def start(self, *sets):
        """(exit code, what it said) of a node that should end by itself."""
        command = [SLUICE, "run", "--quiet", "--seconds", "1", "--set", "output.results=none"]
        for s in sets:
            command += ["--set", s]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def test_a_taken_port_is_named(self):
        with Node(LISTEN, results=False) as node:
            port = Web(node).port
            code, said = self.start(f"http.listen=127.0.0.1:{port}")
        self.assertEqual(code, 1, said)
        self.assertIn(f"http.listen: 127.0.0.1:{port}: another program listens there already; give this node another port, or none", said)

    def test_an_address_that_is_not_ours_is_named(self):
        code, said = self.start("http.listen=192.0.2.1:8090")
        self.assertEqual(code, 1, said)
        self.assertIn("http.listen: 192.0.2.1:8090: ", said)

    def test_a_name_that_nobody_has_is_a_mistake(self):
        code, said = self.start("http.listen=nobody.invalid:8090")
        self.assertEqual(code, 2, said)
        self.assertIn("http.listen: nobody.invalid:8090: ", said)

    def test_the_same_port_at_once_again(self):
        """Connections of the node before do not keep the port."""
        with Node(LISTEN, results=False) as node:
            web = Web(node)
            web.status()
            held = web.connect()
        with Node(f"http.listen=127.0.0.1:{web.port}", results=False) as node:
            self.assertEqual(Web(node).status()["runs_done"], 0)
        held.close()

    def test_none_is_none(self):
        with Node(results=False) as node:
            self.assertNotIn("screen", node.log())

    def test_every_address_answers_its_names_alone(self):
        """A page elsewhere could let its own name point to this machine, and read along."""
        with Node("http.listen=0.0.0.0:0", "http.names=node7.beamline.example, node7", results=False) as node:
            web = Web(node)
            for name in ("node7.beamline.example", "NODE7:8090", socket.gethostname(), "127.0.0.1", "192.0.2.7:80", "[2001:db8::1]:80", "localhost"):
                self.assertEqual(web.get("/metrics", headers={"Host": name}).status, 200, name)
            for name in ("evil.example", "node7.evil.example", "node", ""):
                answer = web.get("/metrics", headers={"Host": name})
                self.assertEqual((answer.status, "http.names" in answer.text), (403, True), name)

    def test_a_name_has_all_its_addresses(self):
        with Node("http.listen=localhost:0", results=False) as node:
            self.assertEqual(Web(node).get("/metrics").status, 200)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as s:
                s.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        with Node("http.listen='[::1]:0'", results=False) as node:
            self.assertEqual(Web(node).get("/metrics").status, 200)

    def test_recorded_files_are_processed_in_silence(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            path = os.path.join(folder, "one.h5")
            with h5py.File(path, "w") as f:
                f.create_dataset("entry/data/data", data=np.ones((1, 64, 64), "u2"), chunks=(1, 64, 64))
            done = subprocess.run([SLUICE, "process", path, "--json", "--set", "http.listen=127.0.0.1:%d" % taken.getsockname()[1]],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(done.stdout.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
