"""A project with workflows, in a folder of its own, and pytest runs of it."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "gate"))

HELLO = {
    "inputs": {"name": {"type": "string"}},
    "nodes": [{"id": "hello", "type": "echo", "params": {"text": "Hello ${name}", "to": "${name}"}}],
    "outputs": {"text": {"source": "${hello.text}"}},
}


@dataclass(frozen=True)
class Project:
    """Files under ``flows/`` and runs of pytest over them."""

    pytester: pytest.Pytester

    @property
    def flows(self) -> Path:
        """The folder of workflows."""
        return self.pytester.path / "flows"

    def write(self, name: str, content: object) -> Path:
        """A file under ``flows/``; what is no text is written as JSON."""
        path = self.flows / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return path

    def hello(self, cases: str = "", name: str = "hello") -> None:
        """The workflow ``hello``, and its case file."""
        self.write(f"{name}.json", HELLO)
        if cases:
            self.write(f"{name}.test.yaml", cases)

    def run(self, *args: str) -> pytest.RunResult:
        """Pytest in this process, with the folder opted in."""
        return self.pytester.runpytest_inprocess("--pflow-workflows=flows", *args)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project."""
    (pytester.path / "flows").mkdir()
    return Project(pytester)


ADA = """\
cases:
  - name: ada
    inputs: {name: Ada}
    expect: {outputs: {text: Hello Ada}}
"""


@pytest.fixture
def ada() -> str:
    """A case file of ``hello`` that passes."""
    return ADA


class _Ok(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def httpserver_url() -> Iterator[str]:
    """A server on this machine that says ok."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Ok)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def versions(tmp_path):
    """Compares versions of workflows."""
    from gate_versions import Versions  # noqa: PLC0415  # the tests of the gate alone need it

    return Versions(tmp_path)
