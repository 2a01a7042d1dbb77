"""The team's own node types, and a local server that stands for theirs."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pflow_engine import Interface, Node, Param, Registry, node

KEYWORDS = {"fix": "bug", "crash": "bug", "add": "feature", "docs": "docs"}


@node("label-commit", outputs={"label": str, "words": int})
def label_commit(message: str) -> dict:
    """Label a commit by the first word that tells."""
    words = message.lower().split()
    return {"label": next((KEYWORDS[word] for word in words if word in KEYWORDS), "other"), "words": len(words)}


class CountDown(Node):
    """Counts down in its own corner of the store; returns ``again`` until it is at nought."""

    interface = Interface(
        params={"start": Param("integer", required=True)}, outputs={"left": "integer"}, actions=("default", "again")
    )

    def post(self, shared, prep_result, exec_result):  # noqa: D102
        shared["left"] = shared.get("left", self.params["start"]) - 1
        return "again" if shared["left"] > 0 else "default"


def pflow_register_nodes(registry: Registry) -> None:
    """Known to the workflows in this folder and below."""
    registry.register("label-commit", label_commit)
    registry.register("count-down", CountDown)


class Pages(BaseHTTPRequestHandler):
    """Three pages; any other is a 404."""

    def do_GET(self) -> None:  # noqa: D102
        known = self.path in ("/pages/1", "/pages/2", "/pages/4")
        body = json.dumps({"path": self.path, "title": f"Page {self.path[-1]}"} if known else {"missing": self.path})
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is pytest's."""


@pytest.fixture(scope="session")
def pages_url() -> Iterator[str]:
    """Where the pages are served, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/pages"
    server.shutdown()
    thread.join()
    server.server_close()
