"""Asks a node under test over HTTP: properly, or byte by byte; and reads Prometheus' text format as strictly as its specification.

    with Node(LISTEN) as node:
        web = Web(node)
        web.get("/metrics").text
        web.raw(b"GET / HTTP/1.1\r\n\r\n")     # what comes back until the node closes
"""
import http.client
import json
import re
import socket

from node import PATIENCE_S, until

LISTEN = "http.listen=127.0.0.1:0"


class Answer:
    def __init__(self, reply, body):
        self.status, self.body, self.headers = reply.status, body, {k.lower(): v for k, v in reply.getheaders()}

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Web:
    def __init__(self, node):
        found = until("the address of the screen", lambda: re.search(r"the screen is at http://(\[?[\w.:]+\]?):(\d+)\n", node.log()), check=node.check_alive)
        self.host, self.port = found[1].strip("[]"), int(found[2])

    def get(self, path, method="GET", headers=None, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            try:
                connection.request(method, path, body=body, headers=headers or {})
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before the whole body was there: the answer has come all the same
            reply = connection.getresponse()
            return Answer(reply, reply.read())
        finally:
            connection.close()

    def status(self):
        return self.get("/api/status").json

    def totals(self, column="total"):
        """The ledger as the end message of a run has it."""
        return {term["term"]: term[column] for term in self.status()["ledger"]}

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=PATIENCE_S)

    def raw(self, request):
        """Everything that comes back until the node closes the connection, which it must do."""
        with self.connect() as s:
            try:
                s.sendall(request)
            except OSError:
                pass  # closed before it had read everything
            return read_all(s)


def read_all(s):
    got = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece
    except (ConnectionResetError, BrokenPipeError):
        return got


# --- Prometheus ---------------------------------------------------------------------------------------------------------------

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
HELP = re.compile(rf"# HELP ({NAME}) \S.*")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


class Family:
    def __init__(self, name, kind):
        self.name, self.kind, self.samples = name, kind, {}


def family_of(name, families):
    if name in families and families[name].kind != "histogram":
        return families[name]
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    assert base in families and families[base].kind == "histogram", f"{name} has no TYPE before it"
    return families[base]


def parse_metrics(text):
    """{name: Family}, samples by (name, frozenset of labels). Raises where the text is not in the format, or says a thing twice."""
    assert text.endswith("\n"), "the last line has no end"
    families, helped, current = {}, set(), None
    for line in text[:-1].split("\n"):
        m = HELP.fullmatch(line)
        if m:
            assert m[1] not in helped, f"{m[1]} is explained twice"
            helped.add(m[1])
            continue
        m = TYPE.fullmatch(line)
        if m:
            assert m[1] not in families, f"{m[1]} has two types"
            current = families[m[1]] = Family(m[1], m[2])
            continue
        m = SAMPLE.fullmatch(line)
        assert m, f"no line of the format: {line!r}"
        family = family_of(m[1], families)
        assert family is current, f"{m[1]} stands apart from its family"
        key = (m[1], frozenset(re.findall(LABEL, m[2] or "")))
        assert key not in family.samples, f"{line!r} is said twice"
        family.samples[key] = float(m[m.lastindex])
    assert set(families) == helped, f"not explained, or not there: {set(families) ^ helped}"
    for family in families.values():
        check_family(family)
    return families


def check_family(family):
    assert family.samples, f"{family.name} has no sample"
    if family.kind == "counter":
        assert family.name.endswith("_total"), f"the counter {family.name} is not called _total"
        assert min(family.samples.values()) >= 0, family.name
    if family.kind == "histogram":
        buckets = [(float(dict(labels)["le"]), v) for (name, labels), v in family.samples.items() if name.endswith("_bucket")]
        assert buckets == sorted(buckets), f"{family.name}: buckets fall or are out of order"
        assert buckets[-1] == (float("inf"), family.samples[family.name + "_count", frozenset()]), f"{family.name}: +Inf is not the count"
        assert family.samples[family.name + "_sum", frozenset()] >= 0


def value(families, name, **labels):
    family = family_of(name, families)
    return family.samples[name, frozenset(labels.items())]
