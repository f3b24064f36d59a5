"""A real Prometheus takes the node's metrics, and every question of the Grafana dashboard gets an answer from it; a supervisor hears that the node is ready,
lives and stops."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from node import PATIENCE_S, SLUICE, SOURCE, Node, free_endpoints, until
from simulated import SMALL, Detector
from web import LISTEN, Web

DASHBOARD = os.path.join(SOURCE, "configs", "grafana.json")
UNIT = os.path.join(SOURCE, "configs", "sluice.service")


class Prometheus:
    def __init__(self, target):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_endpoints(1)[0].rsplit(":", 1)[1]
        config = os.path.join(self.folder.name, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s"}, "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [target]}]}]}, file)
        self.process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder.name}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, question):
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": question})
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as reply:
                return json.load(reply)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return []  # it is not ready yet
            raise AssertionError(f"{question}: {error.read()}") from None
        except OSError:
            return []  # not there yet

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Metrics(unittest.TestCase):
    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not here (Debian: prometheus)")
    def test_are_taken_by_a_real_prometheus(self):
        with Node(LISTEN, "hit.when=n_spots >= 5") as node, Detector(node, *SMALL, "--rate", 50, "--frames", 0, "--drop", "5%", "--idle", 60):
            web = Web(node)
            prometheus = Prometheus(f"127.0.0.1:{web.port}")
            try:
                until("Prometheus has taken them", lambda: prometheus.ask('up{job="sluice"} == 1'))
                until("and again", lambda: prometheus.ask('count_over_time(sluice_build_info[1m]) > 4'))
                received = prometheus.ask('sluice_frames_total{term="received"}')[0]
                self.assertGreater(float(received["value"][1]), 0)
                self.assertEqual(prometheus.ask("scrape_samples_scraped > 0")[0]["metric"]["job"], "sluice")
                for question in self.questions():
                    answer = prometheus.ask(question)
                    if "sluice_frame_reasons_total" not in question:  # there, no answer is good news
                        self.assertTrue(answer, question)
                gaps = until("gaps show while the run is open", lambda: prometheus.ask("sluice_open_gaps > 0"))
                self.assertEqual(len(gaps), 1)
            finally:
                prometheus.close()

    def questions(self):
        with open(DASHBOARD, encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        questions = [target["expr"].replace('=~"$node"', '=~".+"') for panel in panels for target in panel["targets"]]
        self.assertGreater(len(questions), 10)
        return questions

    def test_of_the_dashboard_exist(self):
        with Node(LISTEN, results=False) as node:
            there = set(re.findall(r"^(sluice_\w+)", Web(node).get("/metrics").text, re.M))
        asked = {name for question in self.questions() for name in re.findall(r"sluice_\w+", question)}
        self.assertLessEqual(asked, there)


class Supervisor(unittest.TestCase):
    def run_node(self, path, watchdog_us):
        """What the supervisor hears of a node's life, in order."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind("\0" + path[1:] if path.startswith("@") else path)
        listener.settimeout(PATIENCE_S)
        process = subprocess.Popen([SLUICE, "run", "--quiet", "--seconds", "3", "--set", "http.listen=none", "--set", "output.results=none"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "NOTIFY_SOCKET": path, **({"WATCHDOG_USEC": str(watchdog_us)} if watchdog_us else {})})
        said = []
        while not said or said[-1] != "STOPPING=1":
            said.append(listener.recv(65536).decode())
        self.assertEqual(process.wait(PATIENCE_S), 0)
        listener.close()
        return said

    def test_hears_ready_signs_of_life_and_the_end(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in (os.path.join(folder, "notify"), f"@sluice-test-{os.getpid()}"):
                said = self.run_node(path, 1000000)
                self.assertEqual((said[0], said[-1], said.count("READY=1")), ("READY=1", "STOPPING=1", 1))
                self.assertGreaterEqual(said.count("WATCHDOG=1"), 3)
                self.assertTrue(any(s.startswith("STATUS=waiting for the detector") for s in said), said)
            self.assertNotIn("WATCHDOG=1", self.run_node(os.path.join(folder, "without"), None))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not here (Debian: systemd)")
    def test_the_unit_is_one(self):
        with tempfile.TemporaryDirectory() as folder, open(UNIT, encoding="utf-8") as file:
            unit = os.path.join(folder, "sluice.service")
            with open(unit, "w", encoding="utf-8") as copy:
                copy.write(file.read().replace("/usr/local/bin/sluice", SLUICE))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
            self.assertNotIn("sluice.service:", done.stderr)


if __name__ == "__main__":
    unittest.main()
