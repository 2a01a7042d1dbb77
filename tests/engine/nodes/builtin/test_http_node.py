from __future__ import annotations

import json
import logging
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin.http_node import Http

_BODIES = {
    "/json": ("application/json; charset=utf-8", b'{"a": [1]}'),
    "/problem": ("application/problem+json", b'{"b": 2}'),
    "/broken": ("application/json", b"no json"),
    "/text": ("text/plain", "é".encode()),
    "/latin": ("text/plain; charset=latin-1", b"\xe9"),
    "/odd": ("text/plain; charset=no-such", b"odd"),
    "/binary": ("application/octet-stream", b"\xff\x00"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        special = getattr(self, f"_{path[1:]}", None)
        if special is not None:
            special()
        elif path in _BODIES:
            self._answer(200, *_BODIES[path])
        else:
            self._answer(404, "text/plain", b"not here")

    do_POST = do_PUT = do_GET  # noqa: N815  # names that http.server calls

    def _answer(self, status, kind, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _mirror(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = {"method": self.command, "path": self.path, "headers": headers, "body": body}
        self._answer(200, "application/json", json.dumps(told).encode())

    def _near(self):
        self._answer(302, "text/plain", b"", Location="/mirror")

    def _far(self):
        self._answer(302, "text/plain", b"", Location=f"http://localhost:{self.server.server_port}/mirror")

    def _loop(self):
        self._answer(302, "text/plain", b"", Location="/loop")

    def _hang(self):
        self.server.asked.set()
        self.server.done.wait(5)
        self.close_connection = True

    def _drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.close_connection = True
        try:
            while not self.server.done.wait(0.05):
                self.wfile.write(b".")
        except OSError:
            pass

    def _until_close(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"half of it")
        self._hang()


@pytest.fixture
def server(monkeypatch):
    """A server on this machine; ``asked`` is set when it was asked for what never comes."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    running.asked, running.done = threading.Event(), threading.Event()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.done.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def base(server):
    """The address of the server."""
    return f"http://127.0.0.1:{server.server_port}"


def _mirrored(run, base, **params):
    return run(Http, url=f"{base}/mirror", **params)[1]["response"]


def test_success_outputs(run, base):
    """A response leaves its parsed content, status, headers and time."""
    action, outputs = run(Http, url=f"{base}/json")
    time = outputs.pop("response_time")
    assert isinstance(time, float)
    assert 0 < time < 5
    headers = outputs.pop("response_headers")
    assert ("application/json; charset=utf-8", "10") == (headers["content-type"], headers["content-length"])
    assert (None, {"response": {"a": [1]}, "status_code": 200}) == (action, outputs)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/problem", {"response": {"b": 2}}),
        ("/broken", {"response": "no json"}),
        ("/text", {"response": "é"}),
        ("/latin", {"response": "é"}),
        ("/odd", {"response": "b2Rk", "response_is_binary": True}),
        ("/binary", {"response": "/wA=", "response_is_binary": True}),
    ],
)
def test_content_forms(run, base, path, expected):
    """JSON comes parsed, text as text, anything else as base64."""
    outputs = run(Http, url=f"{base}{path}")[1]
    assert expected == {name: outputs[name] for name in outputs if name in ("response", "response_is_binary")}


def test_error_status(run, base):
    """A status of 400 and up is an error that shows no secrets of the URL; the response is there."""
    url = f"{base}/missing?key=secret".replace("//", "//user:secret@")
    action, outputs = run(Http, url=url)
    assert ("error", f"HTTP 404 Not Found: {base}/missing") == (action, outputs["error"])
    assert ("not here", 404) == (outputs["response"], outputs["status_code"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("GET", "")),
        ({"body": None}, ("GET", "")),
        ({"body": "text"}, ("POST", "text")),
        ({"body": ""}, ("POST", "")),
        ({"body": {"é": 1}}, ("POST", '{"é": 1}')),
        ({"body": [1]}, ("POST", "[1]")),
        ({"body": 0}, ("POST", "0")),
        ({"body": "text", "method": "put"}, ("PUT", "text")),
    ],
)
def test_method_and_body(run, base, given, expected):
    """A body is posted, unless a method is given; data goes as JSON."""
    told = _mirrored(run, base, **given)
    assert expected == (told["method"], told["body"])


def test_body_type(run, base):
    """Data is said to be JSON, unless a header says otherwise; of text nothing is said."""
    own = {"CONTENT-TYPE": "application/x-own"}
    kinds = [
        _mirrored(run, base, **given)["headers"].get("content-type")
        for given in ({"body": {}}, {"body": {}, "headers": own}, {"body": "text"})
    ]
    assert ["application/json", "application/x-own", None] == kinds


def test_query_added(run, base):
    """Query parameters are added to those of the URL."""
    query = {"q": "a b", "n": 1, "on": True, "list": ["x", 2], "map": {"k": None}, "none": None}
    told = run(Http, url=f"{base}/mirror?there=1", params=query)[1]["response"]
    expected = "/mirror?there=1&q=a+b&n=1&on=true&list=x&list=2&map=%7B%22k%22%3A+null%7D&none="
    assert expected == told["path"]


def test_url_untouched(run, base):
    """Without query parameters the URL goes out as it was written."""
    assert "/mirror?a=b%20c&flag" == run(Http, url=f"{base}/mirror?a=b%20c&flag")[1]["response"]["path"]


def test_credentials_sent(run, base):
    """The token and the key go into their headers, without the newline that shells print."""
    told = _mirrored(run, base, auth_token="t0k\n", api_key="k3y\n", headers={"X-N": 1, "authorization": "x"})
    headers = told["headers"]
    assert ("Bearer t0k", "k3y", "1") == (headers["authorization"], headers["x-api-key"], headers["x-n"])


def test_key_header(run, base):
    """The header of the key can be named."""
    assert "k3y" == _mirrored(run, base, api_key="k3y", api_key_header="X-Mine")["headers"]["x-mine"]


@pytest.mark.parametrize(("path", "expected"), [("/near", ["Bearer t", "k"]), ("/far", [None, None])])
def test_credentials_stay_home(run, base, path, expected):
    """A redirect is followed; to another host it goes without the token and the key."""
    headers = run(Http, url=f"{base}{path}", auth_token="t", api_key="k")[1]["response"]["headers"]
    assert expected == [headers.get("authorization"), headers.get("x-api-key")]


def test_endless_redirect(run, base):
    """Redirects in a circle are an error."""
    action, outputs = run(Http, url=f"{base}/loop")
    assert "error" == action
    assert (
        f"the request to {base}/loop failed: TooManyRedirects: Exceeded maximum allowed redirects." == outputs["error"]
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("example.com/x?secret=1", "'example.com/x' is no URL that can be asked: "),
        ("user:pw@example.com/x", "'example.com/x' is no URL that can be asked: "),
        ("ftp://example.com", "'ftp://example.com' is no URL that can be asked: "),
        ("http://", "'http://' is no URL that can be asked: "),
        ("http://a:port/", "'http://a:port/' is no URL that can be asked: "),
    ],
)
def test_invalid_url(run, url, said):
    """What is no URL is told, with what it should look like and without its secrets."""
    action, outputs = run(Http, url=url)
    assert "error" == action
    assert outputs["error"].startswith(said)
    assert outputs["error"].endswith("; it should begin with http:// or https://")


def test_no_server(run, server):
    """A server that is not there is told, with the reason."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        action, outputs = run(Http, url=f"{address}/x?key=secret")
    assert ("error", {"error", "response_time"}) == (action, outputs.keys())
    assert outputs["error"].startswith(f"cannot connect to {address}/x: [Errno ")
    assert outputs["error"].endswith("Connection refused; is the address right, and the server running?")


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_slow_server(run, base, path):
    """A server that is silent, or never comes to an end, is given up after the timeout."""
    action, outputs = run(Http, url=f"{base}{path}", timeout=0.2)
    expected = f"timed out after 0.2s: {base}{path}; is the server slow, or the timeout too short?"
    assert ("error", expected) == (action, outputs["error"])


@pytest.mark.parametrize("path", ["/hang", "/until_close"])
def test_cancel_hangs_up(run, settings, server, base, path):
    """A cancel ends a request that waits, and half a response is no response."""
    thread = threading.Thread(target=lambda: (server.asked.wait(5), settings.cancel.cancel()))
    thread.start()
    action, outputs = run(Http, url=f"{base}{path}")
    thread.join()
    assert ("error", "cancelled", {"error", "response_time"}) == (action, outputs["error"], outputs.keys())


def test_cancelled_before(run, settings, server, base):
    """When it is cancelled already, the server is not asked."""
    settings.cancel.cancel()
    assert "cancelled" == run(Http, url=f"{base}/hang")[1]["error"]
    assert not server.asked.is_set()


def test_callback_taken_back(run, settings, base):
    """A long run's token does not gather a callback from each request."""
    run(Http, url=f"{base}/json")
    assert [] == settings.cancel._callbacks


def test_bad_header_hidden(run, base):
    """A token that HTTP does not allow is an error that does not show it."""
    _, outputs = run(Http, url=f"{base}/json", auth_token="top\nsecret")
    expected = f"the request to {base}/json is not valid: the method or a header has a character HTTP forbids"
    assert expected == outputs["error"]


def test_header_not_ascii(run, base):
    """So is a header that HTTP has no form for."""
    error = run(Http, url=f"{base}/json", headers={"X": "é"})[1]["error"]
    assert error.startswith(f"the request to {base}/json failed: UnicodeEncodeError: ")


@pytest.mark.parametrize(
    ("name", "value"), [("body", {1, 2}), ("headers", {"X": {1}}), ("params", {"q": [{1}]}), ("params", {"q": {1}})]
)
def test_data_refused(run, name, value):
    """Data that has no form as JSON is refused before anything is sent."""
    with pytest.raises(Unhealable, match=f"'{name}' cannot be written as text"):
        run(Http, url="http://localhost", **{name: value})


def test_exchange_is_not_logged(run, base, caplog):
    """The client's own log has URLs and headers: of our exchanges it is silent, of a user's it is not."""
    caplog.set_level(logging.DEBUG)
    run(Http, url=f"{base}/json?token=secret-in-the-log")
    assert "" == caplog.text
    httpx.get(f"{base}/json", trust_env=False)
    assert "HTTP Request: GET" in caplog.text
