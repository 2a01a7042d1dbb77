"""A server of models as OpenAI's are, on this machine: what a model does is said by its name."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
KINDS = (
    "says", "repeats", "status-400", "status-401", "status-404", "status-429", "status-500", "flaky", "hang", "drip",
    "filtered", "empty", "silent", "cut", "dropped", "garbage", "page", "thinks", "cached", "uncounted",
)  # fmt: skip
PATIENCE = 60


class ModelServer(ThreadingHTTPServer):
    """``requests`` are the bodies it was sent, ``keys`` the Authorization headers; ``done`` lets what hangs end."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.lock = threading.Lock()
        self.requests, self.keys = [], []
        self.asked, self.done, self.hung_up = threading.Event(), threading.Event(), threading.Event()
        self.busy = self.busiest = 0
        self.together = threading.Barrier(1)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def describe(self, folder: Path) -> None:
        """Write the library's list of models: each kind, that streams, and as ``whole-…``, that does not."""
        models = []
        for kind in KINDS:
            common = {"model_name": kind, "api_base": self.url, "vision": True, "api_key_name": "local"}
            models += [{"model_id": kind, **common}, {"model_id": f"whole-{kind}", "can_stream": False, **common}]
        newer = {"api_base": self.url, "responses": True}
        models += [{"model_id": f"newer-{kind}", "model_name": kind, **newer} for kind in ("says", "cut", "filtered")]
        models.append({"model_id": "newer-whole", "model_name": "says", "can_stream": False, **newer})
        models.append({"model_id": "blind", "model_name": "says", "api_base": self.url})
        (folder / "extra-openai-models.yaml").write_text(json.dumps(models))
        (folder / "keys.json").write_text(json.dumps({"local": "key-of-the-local-server"}))

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hung up is what some tests are about."""


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        self.sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requests.append(self.sent)
            server.keys.append(self.headers["Authorization"])
            self.number = len(server.requests)
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        try:
            name, _, status = self.sent["model"].partition("-")
            kind = "_newer" if "input" in self.sent else ""
            getattr(self, f"{kind}_{name}")(*([int(status)] if status.isdigit() else []))
        finally:
            with server.lock:
                server.busy -= 1

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/cat" else 404)
        self.send_header("Content-Type", "image/webp")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass

    @property
    def prompt(self) -> str:
        content = self.sent.get("messages", self.sent.get("input"))[-1]["content"]
        return content if isinstance(content, str) else content[0]["text"]

    def _says(self) -> None:
        self.server.together.wait(PATIENCE)
        self._answer(f"You said: {self.prompt}")

    _gpt = _says

    def _repeats(self) -> None:
        self._answer(self.prompt)

    def _status(self, status: int) -> None:
        said = {"error": {"message": f"no, {self.headers['Authorization']}", "type": "x", "code": "y"}}
        self._body(status, "application/json", json.dumps(said))

    def _flaky(self) -> None:
        self._status(503) if self.number == 1 else self._says()

    def _hang(self) -> None:
        self.server.asked.set()
        self.server.done.wait(PATIENCE)
        with suppress(OSError):
            self._says()

    def _drip(self) -> None:
        self._head("text/event-stream")
        try:
            while not self.server.done.wait(0.01):
                self._event(choices=[self._delta(content="more ")])
                self.server.asked.set()
        except OSError:
            self.server.hung_up.set()

    def _filtered(self) -> None:
        self._answer("I am", finish="content_filter")

    def _empty(self) -> None:
        self._answer(None)

    def _silent(self) -> None:
        self._answer("")

    def _thinks(self) -> None:
        self._answer("", finish="length")

    def _cached(self) -> None:
        self._answer("ok", usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 5}})

    def _uncounted(self) -> None:
        self._answer("ok", usage=None)

    def _garbage(self) -> None:
        self._body(200, "text/event-stream" if self.sent.get("stream") else "application/json", "data: {no json\n\n")

    def _page(self) -> None:
        self._body(200, "text/html", "<html>Welcome</html>")

    def _cut(self) -> None:
        self._head("text/event-stream" if self.sent.get("stream") else "application/json")
        self._event(choices=[self._delta(content="You s")])

    def _dropped(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self._event(choices=[self._delta(content="You s")])

    def _answer(self, text: str | None, finish: str = "stop", usage: object = USAGE) -> None:
        if not self.sent.get("stream"):
            message = {"role": "assistant", "content": text}
            choices = [] if text is None else [{"index": 0, "message": message, "finish_reason": finish}]
            said = {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": choices,
                "usage": usage,
            }
            self._body(200, "application/json", json.dumps(said))
            return
        self._head("text/event-stream")
        if text is not None:
            for piece in (text[:5], text[5:]):
                self._event(choices=[self._delta(content=piece)])
            self._event(choices=[{"index": 0, "delta": {}, "finish_reason": finish}])
        if usage:
            self._event(choices=[], usage=usage)
        self.wfile.write(b"data: [DONE]\n\n")

    def _newer_says(self) -> None:
        self._newer(self._newer_whole("completed"))

    def _newer_filtered(self) -> None:
        self._newer({**self._newer_whole("completed"), "incomplete_details": {"reason": "content_filter"}})

    def _newer_cut(self) -> None:
        self._newer(None)

    def _newer_whole(self, status: str) -> dict[str, object]:
        content = [{"type": "output_text", "text": f"You said: {self.prompt}", "annotations": []}]
        message = {"id": "m", "type": "message", "role": "assistant", "status": status, "content": content}
        usage = {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 5},
            "output_tokens": 3,
            "total_tokens": 10,
        }
        whole = {"id": "1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": [message]}
        return {**whole, "usage": usage, "parallel_tool_calls": False, "tool_choice": "auto", "tools": []}

    def _newer(self, whole: object) -> None:
        if not self.sent.get("stream"):
            self._body(200, "application/json", json.dumps(whole))
            return
        self._head("text/event-stream")
        piece = {"content_index": 0, "output_index": 0, "item_id": "m", "logprobs": []}
        said = [{"type": "response.output_text.delta", "delta": f"You said: {self.prompt}", **piece}]
        said += [{"type": "response.completed", "response": whole}] if whole else []
        for number, event in enumerate(said):
            told = json.dumps({**event, "sequence_number": number})
            self.wfile.write(f"event: {event['type']}\ndata: {told}\n\n".encode())

    def _delta(self, **delta: object) -> dict[str, object]:
        return {"index": 0, "delta": delta}

    def _event(self, **fields: object) -> None:
        said = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", **fields}
        self.wfile.write(f"data: {json.dumps(said)}\n\n".encode())

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _body(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())
