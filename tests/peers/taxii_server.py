#!/usr/bin/env python3
"""taxii_server.py DIR [CERT KEY]: a TAXII 2.1 server for tests, honest and not. The id of a
collection says how it behaves. Listens on a free port of 127.0.0.1, which it writes to DIR/port;
each request is a line in DIR/log. DIR/count holds how many indicators there are, DIR/elsewhere
another server; where DIR/hold is, the second page of "held" waits; where DIR/forgot is, no "next"
is known any more. Below /trustgroup1/ is medallion's test data. It is a proxy for tunnels, too."""
import base64, gzip, json, os, select, socket, ssl, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

DIR = sys.argv[1]
TYPE = "application/taxii+json;version=2.1"
PAGE = 4
CAN_READ = ["honest", "bydate", "sametime", "html", "untyped", "endless", "samenext", "truncated", "cut",
            "slow", "redirect", "auth", "busy", "down", "later", "forbidden", "gone", "old", "failed", "gzip",
            "bomb", "big", "held", "error", "backwards", "markings", "odd"]
asked = {}


def path(name):
    return os.path.join(DIR, name)


def count():
    try:
        return int(open(path("count")).read())
    except FileNotFoundError:
        return 10


def indicator(i):
    return {"type": "indicator", "spec_version": "2.1",
            "id": "indicator--00000000-0000-4000-8000-%012d" % i,
            "created": "2016-01-01T00:00:00.000Z", "modified": "2016-01-01T00:00:00.000Z",
            "pattern": "[ipv4-addr:value = '198.51.%d.%d']" % (100 + i // 250, i % 250 + 1),
            "pattern_type": "stix", "valid_from": "2016-01-01T00:00:00Z"}


def added(i):
    return "2026-01-01T00:%02d:%02d.%06dZ" % (i // 60 % 60, i % 60, i)


def generated():
    return [(added(i), indicator(i)) for i in range(count())]


def medallion():
    with open("tests/data/taxii/default_data.json") as f:
        return {c["id"]: c for c in json.load(f)["trustgroup1"]["collections"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *a):
        pass

    def do_GET(self):
        with open(path("log"), "a") as log:
            log.write("%s %s\n" % (self.path, self.headers.get("Authorization", "-")))
        url = urlsplit(self.path)
        parts = [p for p in url.path.split("/") if p]
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if self.headers.get("Accept") != TYPE:
            return self.answer({"title": "406"}, 406)
        if parts == ["taxii2"]:
            roots = ["/api/", "/api/", "/empty/", "/closed/", "no url", open(path("elsewhere")).read().strip()]
            return self.answer({"title": "A server\x1b[31m", "default": "/api/", "api_roots": roots})
        if parts in (["api"], ["empty"]):
            return self.answer({"title": "Root " + parts[0], "versions": [TYPE], "max_content_length": 9})
        if parts == ["empty", "collections"]:
            return self.answer({})
        if parts == ["api", "collections"]:
            cs = [self.about(c) for c in ("honest", "bydate", "hidden")]
            return self.answer({"collections": cs})
        if parts[:1] == ["closed"]:
            return self.answer({"title": "403"}, 403)
        if parts[:2] == ["trustgroup1", "collections"] and len(parts) in (3, 4):
            c = medallion()[parts[2]]
            self.items = list(zip([m["date_added"] for m in c["manifest"]], c["objects"]))
            del c["objects"], c["manifest"]
            return self.honest(query, 0) if len(parts) == 4 else self.answer(c)
        if parts[:2] != ["api", "collections"] or len(parts) not in (3, 4):
            return self.answer({"title": "404"}, 404)
        if parts[2] == "auth" and not self.known():
            return self.answer({"title": "401"}, 401, {"WWW-Authenticate": "Basic realm=\"x\""})
        if len(parts) == 3:
            return self.answer(self.about(parts[2]) if parts[2] in CAN_READ + ["hidden"] else {}, 200)
        self.items = generated()
        asked[parts[2]] = asked.get(parts[2], 0) + 1
        getattr(self, "of_" + parts[2], self.honest)(query, asked[parts[2]])

    def do_CONNECT(self):
        with open(path("log"), "a") as log:
            log.write("CONNECT %s\n%s" % (self.path, self.headers))
        host, port = self.path.rsplit(":", 1)
        there = socket.create_connection((host, int(port)))
        self.connection.sendall(b"HTTP/1.1 200 Tunnel\r\nContent-Type: text/html\r\nX-TAXII-Date-Added-Last: 9\r\n\r\n")
        pair = {there: self.connection, self.connection: there}
        while True:
            for ready in select.select(list(pair), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    self.close_connection = True
                    return there.close()
                pair[ready].sendall(data)

    def about(self, name):
        title = "Collection of " + name
        return {"id": name, "title": title, "can_read": name in CAN_READ, "can_write": False}

    def known(self):
        basic = "Basic " + base64.b64encode(b"analyst:pass word").decode()
        return self.headers.get("Authorization") in (basic, "Bearer abc.def")

    def answer(self, body, status=200, headers={}, kind=TYPE, length=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for k, v in headers.items():
            self.send_header(k, v)
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def page(self, query, tokens=True):
        """(envelope, headers) of what is asked for"""
        after = query.get("added_after", "")
        found = [x for x in self.items if x[0] > after]
        at = int(query["next"].split(" ")[1]) if "next" in query else 0
        size = min(PAGE, int(query["limit"]))
        some, more = found[at:at + size], at + size < len(found)
        envelope = {"more": more, "objects": [x[1] for x in some]}
        if more and tokens:
            envelope["next"] = "at %d &=?" % (at + size)
        headers = {"X-TAXII-Date-Added-First": some[0][0], "X-TAXII-Date-Added-Last": some[-1][0]} if some else {}
        return (envelope if some else {}), headers

    def honest(self, query, n):
        if "next" in query and os.path.exists(path("forgot")):
            return self.answer({"title": "400"}, 400)
        self.answer(self.page(query)[0], headers=self.page(query)[1])

    def of_bydate(self, query, n):
        envelope, headers = self.page(query, False)
        self.answer(envelope, headers=headers)

    def of_sametime(self, query, n):
        self.answer(self.page({"limit": "9"}, False)[0], headers={"X-TAXII-Date-Added-Last": added(1)})

    def of_backwards(self, query, n):
        self.answer(self.page({"limit": "9"}, False)[0], headers={"X-TAXII-Date-Added-Last": added(90 - n)})

    def of_html(self, query, n):
        self.answer(b"<html>", kind="text/html; charset=\x1b[31m")

    def of_untyped(self, query, n):
        self.answer({}, kind=None)

    def of_error(self, query, n):
        self.answer({"title": "an error", "http_status": "500"}, 500)

    def of_endless(self, query, n):
        self.answer({"more": True, "next": str(n), "objects": [indicator(1)]})

    def of_samenext(self, query, n):
        self.answer({"next": "x", "objects": [indicator(n)], "more": True})

    def of_odd(self, query, n):
        self.answer({"next": ["x"], "objects": [indicator(n)], "more": True})

    def of_truncated(self, query, n):
        envelope, headers = self.page(query)
        data = json.dumps(envelope, indent=1).encode()
        self.answer(data if "next" not in query else data[:200], headers=headers)

    def of_cut(self, query, n):
        envelope, headers = self.page(query)
        data = json.dumps(envelope).encode()
        self.answer(data, headers=headers, length=len(data) + (10 if "next" in query else 0))
        self.close_connection = "next" in query

    def of_slow(self, query, n):
        envelope, headers = self.page(query)
        data = json.dumps(envelope).encode()
        self.answer(data[:7], headers=headers, length=len(data))
        for i in range(7, len(data), 400):
            time.sleep(0.02)
            self.wfile.write(data[i:i + 400])

    def of_redirect(self, query, n):
        self.answer(b"", 302, {"Location": open(path("elsewhere")).read().strip() + "stolen/"})

    def of_busy(self, query, n):
        if n == 1:
            return self.answer({"title": "429"}, 429, {"Retry-After": "1"})
        self.honest(query, n)

    def of_down(self, query, n):
        self.answer(b"<html>", 503, {"Retry-After": "1"}, kind="text/html")

    def of_later(self, query, n):
        self.answer({"title": "429"}, 429, {"Retry-After": "86400"})

    def of_forbidden(self, query, n):
        self.answer({"title": "403"}, 403)

    def of_gone(self, query, n):
        self.answer({"title": "404"}, 404)

    def of_old(self, query, n):
        self.answer({"title": "406"}, 406)

    def of_failed(self, query, n):
        self.answer({"title": "500"}, 500)

    def of_gzip(self, query, n):
        envelope, headers = self.page(query)
        ok = "gzip" in self.headers.get("Accept-Encoding", "")
        headers.update({"Content-Encoding": "gzip"} if ok else {})
        data = json.dumps(envelope).encode()
        self.answer(gzip.compress(data) if ok else data, headers=headers)

    def of_bomb(self, query, n):
        data = gzip.compress(b'{"objects":[' + b" " * (1 << 26))
        self.answer(data, headers={"Content-Encoding": "gzip"})

    def of_big(self, query, n):
        self.send_response(200)
        self.send_header("Content-Type", TYPE)
        self.end_headers()
        try:
            self.wfile.write(b'{"objects":[')
            for i in range(300):
                self.wfile.write(b" " * (1 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.close_connection = True

    def of_held(self, query, n):
        while "next" in query and os.path.exists(path("hold")):
            time.sleep(0.05)
        self.honest(query, n)

    def of_markings(self, query, n):
        red = dict(indicator(1), object_marking_refs=["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"])
        red["modified"] = "2016-01-02T00:00:00.000Z"
        gone = dict(indicator(0), revoked=True, modified="2016-01-02T00:00:00.000Z")
        self.answer({"objects": [red, gone]} if n > 1 else self.page({"limit": "9"})[0])


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    if len(sys.argv) > 4:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(path("port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(path("port.new"), path("port"))
server.serve_forever()
