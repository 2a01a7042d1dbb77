"""``.mcp.json``: where it is looked for, what it says, what is wrong with it."""

from __future__ import annotations

import json

import pytest

from pflow_engine.errors import InvalidWorkflow, Unhealable
from pflow_engine.nodes.mcp.configuration import Server, Target, servers_for
from pflow_engine.nodes.mcp.launch import launch_of


@pytest.fixture
def configured(tmp_path):
    """``configured(text or servers)``: the servers of a file in the folder."""

    def read(servers):
        text = servers if isinstance(servers, str) else json.dumps({"mcpServers": servers})
        (tmp_path / ".mcp.json").write_text(text)
        return servers_for(tmp_path)

    return read


def _refused(configured, servers):
    with pytest.raises(InvalidWorkflow) as caught:
        configured(servers)
    return caught.value.problems


def test_stdio(configured, tmp_path):
    """A command is a server to be started."""
    entry = {"command": "npx", "args": ["-y", "x"], "env": {"A": "b"}, "cwd": "sub", "disabled": False}
    wanted = Server("one", str(tmp_path), "stdio", Target("npx", ("-y", "x"), (("A", "b"),), "sub"))
    assert {"one": wanted} == configured({"one": entry})


@pytest.mark.parametrize("more", [{}, {"type": "http"}, {"transport": "streamable-http"}])
def test_http(configured, tmp_path, more):
    """A url is a server that runs somewhere."""
    found = configured({"one": {"url": "https://x/mcp", "headers": {"A": "b"}, **more}})
    target = Target(url="https://x/mcp", headers=(("A", "b"),))
    assert {"one": Server("one", str(tmp_path), "http", target)} == found


def test_type_decides(configured):
    """Where the type is said, what the other way of talking would need is passed over, with its variables."""
    entry = {
        "command": "npx",
        "env": {"A": "${UNSET}"},
        "cwd": "${UNSET}",
        "url": "https://x",
        "headers": {"B": "${C}"},
    }
    found = configured({"here": {"type": "stdio", **entry}, "there": {"type": "http", **entry}})
    assert Target("npx", (), (("A", "${UNSET}"),), "${UNSET}") == found["here"].target
    assert Target(url="https://x", headers=(("B", "c"),)) == launch_of(found["there"], {"C": "c"}).target


def test_looked_for_upwards(tmp_path):
    """The nearest file counts, alone."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {"far": {"command": "x"}}}')
    assert ["far"] == list(servers_for(below))
    (tmp_path / "a" / ".mcp.json").write_text('{"mcpServers": {"near": {"command": "x"}}}')
    assert ["near"] == list(servers_for(below))


def test_stops_at_repository(tmp_path):
    """Above the root of the repository nothing is looked for."""
    (tmp_path / "a" / ".git").mkdir(parents=True)
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {}}')
    assert servers_for(tmp_path / "a") is None


def test_stops_at_home(tmp_path, monkeypatch):
    """Nor above the home folder."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {}}')
    assert servers_for(tmp_path / "home") is None


def test_no_json(configured):
    """A file that does not parse is told at its place."""
    (problem,) = _refused(configured, '{"mcpServers": {\n  "a": {"command": "x",}\n}}')
    assert (".mcp.json", 2) == (problem.file.rpartition("/")[2], problem.position.line)


def test_all_problems(configured):
    """Everything that is wrong is told at once, each thing at its place."""
    text = """{"mcpServers": {
      "both": {"command": "x", "url": "http://x"},
      "cmd": {"cmd": "x"},
      "no": {},
      "kind": {"type": "stdoi", "command": "x"},
      "text": "npx",
      "types": {"command": 1, "args": "x", "env": {"A": 1}, "cwd": ""},
      "more": {"command": "x", "args": [1], "env": []},
      "remote": {"type": "http", "command": "x"}
    }}"""
    found = [(one.position.line, one.position.column, one.message) for one in _refused(configured, text)]
    assert [
        (2, 15, "server 'both' has both a command and a url"),
        (3, 14, "server 'cmd' has no command or url"),
        (4, 13, "server 'no' has no command or url"),
        (5, 24, "server 'kind' cannot be of type 'stdoi'"),
        (6, 15, "server 'text' is of type string, not a map"),
        (7, 28, "'command' of server 'types' must be text"),
        (7, 39, "'args' of server 'types' must be a list"),
        (7, 57, "'A' in 'env' of server 'types' is of type integer, not text"),
        (7, 68, "'cwd' of server 'types' must be text"),
        (8, 41, "an argument of server 'more' is of type integer"),
        (8, 52, "'env' of server 'more' must be a map"),
        (9, 17, "server 'remote' has no url"),
    ] == found


@pytest.mark.parametrize("text", ["[]", "{}", '{"mcpServers": []}', '{"servers": {}}'])
def test_no_map(configured, text):
    """Without a map of servers there is nothing to use."""
    (problem,) = _refused(configured, text)
    assert ("there is no map 'mcpServers'", "mcp-config") == (problem.message, problem.code)


def test_near_field(configured):
    """A field that is nearly the right one is named."""
    (problem,) = _refused(configured, {"a": {"type": "http", "serverUrl": "http://x"}})
    assert "did you mean 'url' by 'serverUrl'?" == problem.hint


def _launch(tmp_path, environ, transport="stdio", **fields):
    return launch_of(Server("s", str(tmp_path), transport, Target(**fields)), environ)


def test_variables(tmp_path):
    """Variables are filled in, with their default where they are not set or set to nothing."""
    given = {"command": "${A}/x", "args": ("${B:-two}", "$A", "${C:-}"), "env": (("E", "<${A}>"),), "cwd": "${D:-sub}"}
    launch = _launch(tmp_path, {"A": "one", "C": "", "D": ""}, **given)
    assert Target("one/x", ("two", "$A", ""), (("E", "<one>"),), str(tmp_path / "sub")) == launch.target


def test_unset_variables(tmp_path):
    """All that are not set are named."""
    with pytest.raises(Unhealable) as caught:
        _launch(tmp_path, {}, command="${ONE}", args=("${TWO}", "${ONE}"))
    assert caught.value.summary.endswith("that are not set: ONE, TWO")


@pytest.mark.parametrize(("transport", "said"), [("sse", "the older transport sse"), ("ws", "websockets")])
def test_not_supported(tmp_path, transport, said):
    """Ways of talking that we do not know are told where they are used."""
    with pytest.raises(Unhealable, match=said):
        _launch(tmp_path, {}, transport=transport, url="http://x")


def test_secrets(tmp_path):
    """What stands under the name of a secret is one, in arguments and URLs too; and is not shown."""
    given = {
        "args": ("--api-key", "in-argument", "--token=in-flag", "plain-text"),
        "env": (("MY_TOKEN", "in-environment"), ("MODE", "plain-mode")),
        "url": "https://me:in-url-pass@x/mcp?api_key=in-query",
        "headers": (("Authorization", "Bearer in-header"), ("Accept", "plain-accept")),
    }
    launch = _launch(tmp_path, {}, command="x", **given)
    assert {"in-argument", "in-flag", "in-environment", "in-url-pass", "in-query", "in-header"} <= set(launch.secrets)
    assert not [secret for secret in launch.secrets if secret.startswith("plain")]
    assert "in-" not in repr(launch)
    assert "it is [redacted]" == launch.without_secrets("it is in-flag")
