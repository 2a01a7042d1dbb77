"""A secret planted wherever one may come from is in no file that is written and in nothing that is printed."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pflow_engine.trace import Redactor

SECRETS = {
    "env": "env-9f8e7d6c5b",
    "input": "input-1a2b3c4d5e",
    "param": "param-0011223344",
    "header": "header-5566778899",
    "query": "query-aabbccddee",
    "url": "url-ffeeddccbb",
    "output": "output-1029384756",
    "error": "error-6574839201",
    "item": "item-1357924680",
    "usage": "usage-2468013579",
    "printed": "printed-8642097531",
    "hook": "4111111111111111",
}
"""By where each is planted."""

CONFTEST = f"""\
import os
import re

from pflow_engine import Interface, Node, Param, node


class Login(Node):
    interface = Interface(
        params={{"password": Param("string"), "user": Param("any")}},
        outputs={{"session": "object", "said": "string", "llm_usage": "object"}},
        effects="network",
    )

    def post(self, shared, prep_result, exec_result):
        card = {SECRETS["hook"]!r}
        shared["session"] = {{"access_token": {SECRETS["output"]!r}, "for": self.params["password"]}}
        shared["said"] = f"{{os.environ['SERVICE_TOKEN']}} and {{self.params['password']}} pay with {{card}}"
        shared["llm_usage"] = {{"model": "m", "api_key": {SECRETS["usage"]!r}, "prompt_tokens": 3}}


@node("use", outputs={{"used": str}}, effects="network")
def use(token: str, item: dict) -> dict:
    if item.get("fail"):
        raise RuntimeError(f"refused {{token}} of {{item}} at https://x.example/?api_key={SECRETS["error"]}")
    return {{"used": f"with {{token}} for {{item['secret']}}"}}


def pflow_register_nodes(registry):
    registry.register("login", Login)
    registry.register("use", use)


def pflow_testkit_redact(value):
    return re.sub(r"\\b4\\d{{15}}\\b", "[card]", value)
"""

FLOW = {
    "inputs": {
        "api_key": {"type": "string"},
        "pages": {"type": "string"},
        "items": {"type": "array"},
    },
    "nodes": [
        {
            "id": "fetch",
            "type": "http",
            "params": {
                "url": f"${{pages}}/page?access_token={SECRETS['query']}",
                "headers": {"Authorization": f"Bearer {SECRETS['header']}", "X-Key": "${api_key}"},
            },
        },
        {"id": "login", "type": "login", "params": {"password": SECRETS["param"], "user": "ada ${api_key}"}},
        {
            "id": "use",
            "type": "use",
            "batch": {"items": "${items}", "parallel": True, "error_handling": "continue"},
            "params": {"token": "${login.session.access_token}", "item": "${item}"},
        },
        {"id": "shell", "type": "shell", "params": {"command": "echo $SERVICE_TOKEN; echo ${api_key} >&2"}},
        {
            "id": "print",
            "type": "shell",
            "params": {"command": f'echo \'{{"session": {{"access_token": "{SECRETS["printed"]}"}}}}\''},
        },
        {
            "id": "tell",
            "type": "echo",
            "params": {
                "text": "${login.said} ${shell.stdout} ${print.stdout}",
                "usage": "${login.llm_usage}",
            },
        },
    ],
    "outputs": {"text": {"source": "${tell.text}"}, "used": {"source": "${use.results}"}},
}
CASE = """\
cases:
  - name: all of it
    inputs:
      api_key: {input}
      pages: {pages}
      items: [{{secret: {item}}}, {{fail: true, secret: {item}}}]
    env: {{SERVICE_TOKEN: {env}}}
    snapshot: [trace, outputs, batch_metadata]
    expect: {expect}
"""
FAILS = "{status: success, outputs: {text: nothing}, nodes: {login: {said: x, session: {access_token: y}}, use: {errors: []}}}"
PYTHON = """\
import json
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.pflow_workflow("leaky.json")


def given(**others):
    given = json.loads(Path(__file__).with_name("given.txt").read_text())
    os.environ["SERVICE_TOKEN"] = given.pop("token")
    return {**given, **others}


def test_kept(pflow, trace_snapshot, batch_snapshot, monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", "")
    result = pflow.run(inputs=given())
    assert result == trace_snapshot
    assert result == batch_snapshot
    assert result.status == "success"


def test_two_runs(pflow, monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", "")
    one = pflow.run(inputs=given())
    other = pflow.run(inputs=given(items=[]))
    assert one == other
"""


class Page(BaseHTTPRequestHandler):
    """Says what it was given, headers and all."""

    def do_GET(self):  # noqa: D102
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", f"session={SECRETS['header']}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing: the terminal is pytest's."""


@pytest.fixture
def leaky(project):
    """A workflow with a secret in every place, a real server it sends them to, and tests that pass or fail."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    pages = f"http://ada:{SECRETS['url']}@127.0.0.1:{server.server_port}"
    project.write("conftest.py", CONFTEST)
    project.write("leaky.json", FLOW)

    project.write("leaky.test.yaml", CASE.format(**SECRETS, pages=pages, expect="{status: degraded}"))
    items = [{"secret": SECRETS["item"]}, {"secret": SECRETS["item"], "fail": True}]
    given = {"api_key": SECRETS["input"], "pages": pages, "items": items, "token": SECRETS["env"]}
    project.write("given.txt", given)
    project.write("test_leaky.py", PYTHON)
    yield project
    server.shutdown()
    thread.join()
    server.server_close()


def written(project, *planted):
    """Every file below the project but those it was planted in, with its text."""
    files = [path for path in project.pytester.path.rglob("*") if path.is_file() and path.name not in planted]
    return {path.name: path.read_bytes().decode(errors="replace") for path in files if path.suffix != ".pyc"}


def leaks(texts):
    """Which secrets are in which texts."""
    return sorted((name, where) for where, text in texts.items() for name, secret in SECRETS.items() if secret in text)


PLANTED = ("leaky.json", "leaky.test.yaml", "conftest.py", "given.txt")


def run(project, *args):
    """Pytest over everything, with a report for machines, a log and locals shown."""
    return project.pytester.runpytest_inprocess(
        "flows",
        "--pflow-workflows=flows",
        "--junitxml=report.xml",
        "--log-file=log.txt",
        "--log-file-level=DEBUG",
        *args,
    )


def test_the_run_uses_them(leaky, monkeypatch):
    """Each secret was really there to leak: with redaction taken away, all of them are in the files."""
    monkeypatch.setattr(Redactor, "__call__", lambda _, value: value)
    leaky.write("conftest.py", CONFTEST.replace("def pflow_testkit_redact", "def unused"))
    run(leaky, "--pflow-record=once", "--snapshot-update")
    texts = written(leaky, *PLANTED)
    assert set(SECRETS) == {name for name, where in leaks(texts) if where.endswith(".json")}


def test_nothing_in_files(leaky):
    """Traces, snapshots, cassettes, the log and the report for machines have none of them."""
    result = run(leaky, "--pflow-record=once", "--snapshot-update")
    texts = written(leaky, *PLANTED)
    assert {
        "all-of-it.trace.json",
        "all-of-it.json",
        "test_kept.trace.json",
        "test_kept.json",
        "log.txt",
    } <= texts.keys()
    assert [] == leaks({**texts, "terminal": result.stdout.str()})
    assert "[redacted]" in texts["all-of-it.json"]
    assert "[card]" in texts["all-of-it.trace.json"]


def test_nothing_in_failures(leaky):
    """What a failing test prints has none of them: differences, changes, near misses, errors, assertions."""
    run(leaky, "--pflow-record=once", "--snapshot-update")
    case = leaky.flows / "leaky.test.yaml"
    case.write_text(case.read_text().replace("{status: degraded}", FAILS))
    changed = json.loads(json.dumps(FLOW))
    changed["nodes"][1]["params"]["user"] = "grace ${api_key}"
    leaky.write("leaky.json", changed)
    result = run(leaky)
    result.assert_outcomes(passed=1, failed=3)
    assert [] == leaks({**written(leaky, *PLANTED), "terminal": result.stdout.str()})
    run(leaky, "--pflow-record=new")
    result = run(leaky)
    result.stdout.fnmatch_lines(["*outputs.text is *expected*", "*first difference, left to right:*"])
    assert [] == leaks({**written(leaky, *PLANTED), "terminal": result.stdout.str()})


def test_replay_with_other_secrets(leaky):
    """A cassette that was recorded with secrets replays where there are others, or none worth the name."""
    run(leaky, "--pflow-record=once", "--snapshot-update", "-k", "run and not two").assert_outcomes(
        passed=1, deselected=3
    )
    case = leaky.flows / "leaky.test.yaml"
    case.write_text(case.read_text().replace(SECRETS["input"], "dummy-for-ci").replace(SECRETS["env"], "dummy-token"))
    result = run(leaky, "-k", "run and not two")
    result.stdout.no_fnmatch_line("*recorded call*")


def test_tools_tell_no_secret(project):
    """Fuzzing, stress, repeated runs, mutants and both pages tell no secret of the workflow or of a stub."""
    project.write(
        "conftest.py",
        "from pflow_engine import node\n\n@node('open', outputs={'text': str})\ndef opened(names: list, api_key: str):\n"
        "    if len(names) > 1:\n        raise RuntimeError('no such key: ' + api_key)\n    return {'text': api_key}\n\n"
        "def pflow_register_nodes(registry):\n    registry.register('open', opened)\n",
    )
    inputs = {
        "names": {"type": "array", "default": ["hunter2-in-file"]},
        "api_key": {"type": "string", "default": "hunter2-in-file"},
    }
    nodes = [
        {"id": "open", "type": "open", "params": {"names": "${names}", "api_key": "${api_key}"}},
        {
            "id": "ask",
            "type": "http",
            "params": {"url": "http://x.example", "headers": {"Authorization": "hunter3-auth"}},
        },
    ]
    project.write("open.json", {"inputs": inputs, "nodes": nodes})
    stub = "stubs: {ask: {response: {password: hunter4-in-stub}}}"
    expect = "expect: {nodes: {ask: {response: {password: another}}}}"
    project.write("open.test.yaml", f"cases:\n  - {{name: it, {stub}}}\n  - {{name: not it, {stub}, {expect}}}\n")
    options = ("--pflow-fuzz", "--pflow-stress", "--pflow-flaky=2", "--pflow-mutate")
    result = project.run(*options, "--pflow-cov=html:cov.html", "--pflow-report=page.html", "--junitxml=out.xml")
    files = [project.pytester.path / name for name in ("cov.html", "page.html", "out.xml")]
    told = {file.name: file.read_text(encoding="utf-8") for file in files}
    told["terminal"] = "\n".join(result.stdout.lines)
    assert [] == [name for name, text in told.items() if "hunter3" in text or "hunter2" in text]
    assert 'password is "[redacted]"' in told["terminal"]
    assert "no such key: [redacted]" in told["terminal"]
