"""A request to the outputs of its response, or to an error that says what to mend."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import httpx

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.http_request import Request, shown_url
from pflow_engine.nodes.builtin.outputs import text_output
from pflow_engine.nodes.builtin.unheard import quiet, unheard

_FIRST_ERROR: Final = 400
_CONNECTED: Final = ("connect_tcp.complete", "start_tls.complete")

quiet(("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))))


def exchange(request: Request, cancel: CancelToken) -> dict[str, Any]:
    """Send the request and read the whole response; every failure is an ``error`` among the outputs."""
    line = _Line(cancel)
    forget = cancel.on_cancel(line.hang_up)
    try:
        with unheard():
            outputs = _send(request, line)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        outputs = {"error": _explained(error, request)}
    finally:
        forget()
    # A response that ends with the connection looks whole when it was cut off.
    return {"error": "cancelled"} if cancel.cancelled else outputs


class _Line:
    """The connection of one request, so that a cancel can end a read that waits."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._socket: socket.socket | None = None

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Take what httpcore tells of its steps."""
        if event.endswith(_CONNECTED):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._cancel.cancelled:
                self.hang_up()

    def hang_up(self) -> None:
        """End the connection, from any thread. Closing it would not wake the thread that reads."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes longer than most requests: once a process.
    return httpx.create_ssl_context()


def _send(request: Request, line: _Line) -> dict[str, Any]:
    deadline = time.monotonic() + request.seconds
    url = httpx.URL(request.url)
    if request.query:  # merging rewrites the query that is there, and with it a signature over it
        url = url.copy_merge_params(request.query)
    hooks = {"request": [_key_stays_home(url.host, request.key_header)]}
    with (
        httpx.Client(verify=_tls(), follow_redirects=True, timeout=request.seconds, event_hooks=hooks) as client,
        client.stream(
            request.method,
            url,
            headers=request.headers,
            content=request.body,
            extensions={"trace": line.note},
        ) as response,
    ):
        return _outputs(response, _read(response, deadline))


def _key_stays_home(host: str, header: str) -> Callable[[httpx.Request], None]:
    # httpx keeps the bearer token from other hosts when it follows a redirect; of this header it does not know.
    def hook(request: httpx.Request) -> None:
        if header and request.url.host != host:
            request.headers.pop(header, None)

    return hook


def _read(response: httpx.Response, deadline: float) -> bytes:
    # httpx bounds the wait for each piece alone: a server that drips could go on for ever.
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the response takes too long")
    return bytes(body)


def _outputs(response: httpx.Response, body: bytes) -> dict[str, Any]:
    outputs = {
        **_content(response, body),
        "status_code": response.status_code,
        "response_headers": dict(response.headers),
    }
    if response.status_code >= _FIRST_ERROR:
        status = f"HTTP {response.status_code} {response.reason_phrase}".strip()
        outputs["error"] = f"{status}: {shown_url(str(response.url))}"
    return outputs


def _content(response: httpx.Response, body: bytes) -> dict[str, Any]:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        with contextlib.suppress(ValueError, RecursionError):
            return {"response": json.loads(body)}
    return text_output("response", body, response.charset_encoding or "utf-8")


def _explained(error: Exception, request: Request) -> str:
    where = shown_url(request.url)
    match error:
        case httpx.TimeoutException():
            return f"timed out after {request.seconds:g}s: {where}; is the server slow, or the timeout too short?"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return f"'{where}' is no URL that can be asked: {error}; it should begin with http:// or https://"
        case httpx.ConnectError():
            return f"cannot connect to {where}: {error}; is the address right, and the server running?"
        case httpx.LocalProtocolError():
            # Its text quotes the header, which may be the token.
            return f"the request to {where} is not valid: the method or a header has a character HTTP forbids"
        case _:
            return f"the request to {where} failed: {type(error).__name__}: {error}"
