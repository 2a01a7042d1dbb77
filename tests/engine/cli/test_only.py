"""One node alone: --only, and what it stands on."""

import json

import pytest

NODES = [
    {"id": "fetch", "type": "shell", "params": {"command": "echo ${since}"}},
    {
        "id": "label",
        "type": "code",
        "params": {"code": "result = [a, b]", "inputs": {"a": "${fetch.exit_code}", "b": "${fetch.stdout}"}},
    },
    {"id": "send", "type": "echo", "params": {"to": "${who}", "what": "${label.result ?? since}", "all": "${fetch}"}},
]
INPUTS = {"since": {"type": "string"}, "who": {"default": "me"}}


@pytest.fixture
def file(write):
    """A workflow of three nodes."""
    return write(NODES, inputs=INPUTS)


def _result(ended):
    return json.loads(ended.out)["outputs"]


def test_runs_alone(called, file):
    """The node runs with what is given, read by the types of the outputs; nothing else does, or is asked for."""
    ended = called("run", file, "--only", "label", "fetch.exit_code=3", "fetch.stdout=4", "--json")
    assert (0, [3, "4"]) == (ended.code, _result(ended)["result"])
    assert ["completed", "not_executed", "not_executed"] == [step["status"] for step in json.loads(ended.out)["steps"]]


def test_missing(called, file):
    """What is missing is told, each with its place, and all of it can be pasted."""
    code, out, err = called("run", file, "--only", "label")
    assert (2, "") == (code, out)
    assert [
        "node 'label' needs ${fetch.exit_code}, and nothing gives 'fetch.exit_code' [missing-upstream]",
        "node 'label' needs ${fetch.stdout}, and nothing gives 'fetch.stdout' [missing-upstream]",
    ] == [line.partition("error: ")[2] for line in err.splitlines() if "error: " in line]
    assert err.endswith("  hint: add fetch.exit_code=0 fetch.stdout=TEXT, or --from the trace of an earlier run\n")


def test_missing_inputs(called, write):
    """Inputs that the node needs are missing, too; with a default, a second choice, or where declared by nobody, as it is."""
    node = {
        "id": "n",
        "type": "echo",
        "params": {"a": "${need} ${spare}", "b": '${q.x ?? "lit"}', "c": "${need}"},
    }
    other = {"id": "q", "type": "echo", "params": {"x": 1}}
    file = write([other, node], inputs={"need": {"type": "array"}, "spare": {"default": 1}})
    assert "hint: add 'need=[]', or" in called("run", file, "--only", "n").err.replace("\n", "")
    assert "hint: add need=VALUE spare=VALUE, or" in called("run", write([other, node]), "--only", "n").err


def test_whole_node(called, file):
    """A template of a whole node asks for its outputs; any of them will do."""
    err = called("run", file, "--only", "send", "since=x").err
    assert "fetch.stdout=TEXT fetch.stderr=TEXT" in err
    ended = called("run", file, "--only", "send", "since=x", "fetch.stdout=y", "--json")
    assert {"to": "me", "what": "x", "all": {"stdout": "y"}} == _result(ended)


def test_from_trace(called, file):
    """An earlier trace gives inputs and outputs; what is given besides goes before it."""
    assert 0 == called("run", file, "since=v1", "--trace", "t.json").code
    alone = ["run", file, "--only", "label", "--from", "t.json", "--json"]
    assert [0, "v1\n"] == _result(called(*alone))["result"]
    assert [0, "new"] == _result(called(*alone, "fetch.stdout=new"))["result"]
    sent = _result(called("run", file, "--only", "send", "--from", "t.json", "who=you", "--json"))
    assert ("you", [0, "v1\n"]) == (sent["to"], sent["what"])


def test_own_outputs_forgotten(called, write):
    """What the node gave in the earlier run is not there when it runs again."""
    nodes = [{"id": "n", "type": "echo", "params": {"x": '${n.x ?? "first"}'}}]
    file = write(nodes, edges=[{"from": "n", "to": "n", "action": "error"}])
    assert 0 == called("run", file, "--trace", "t.json").code
    assert {"x": "first"} == _result(called("run", file, "--only", "n", "--from", "t.json", "--json"))


def test_lost_in_trace(called, write, project):
    """A secret, and what cannot be read back, is not in the trace: it is said so, and asked for."""
    nodes = [
        {"id": "log", "type": "echo", "params": {"api_key": "${key}", "long": "${long}"}},
        {"id": "n", "type": "echo", "params": {"k": "${log.api_key}", "l": "${log.long}", "i": "${key}"}},
    ]
    file = write(nodes, inputs={"key": {"default": "sesame-sesame"}, "long": {}})
    (project / "long.txt").write_text("x" * 1_000_001)
    assert 0 == called("run", file, "long=@long.txt", "--trace", "t.json").code
    code, out, err = called("run", file, "--only", "n", "--from", "t.json")
    assert (2, "") == (code, out)
    assert [
        "nothing gives 'log.api_key': it was a secret, or had one in it, and t.json does not have it [missing-upstream]",
        "nothing gives 'log.long': a text that long cannot be brought back from t.json [missing-upstream]",
        "nothing gives 'key': it was a secret, or had one in it, and t.json does not have it [missing-upstream]",
    ] == [line.partition(", and ")[2] for line in err.splitlines() if "error: " in line]
    given = called("run", file, "--only", "n", "--from", "t.json", "key=k", "log.api_key=a", "log.long=[1]", "--json")
    assert {"k": "a", "l": [1], "i": "k"} == _result(given)


@pytest.mark.parametrize("text", ["{}", "[", "no json", '{"trace_version": "0"}', "[" * 100_000])
def test_no_trace(called, file, project, text):
    """A file that is no trace is refused."""
    (project / "t.json").write_text(text)
    code, out, err = called("run", file, "--only", "label", "--from", "t.json")
    assert (2, "") == (code, out)
    assert (
        err
        == "t.json: error: this is no trace of a run [trace-file]\n  hint: give a file that 'run --trace' has written\n"
    )


def test_trace_not_there(called, file):
    """A trace that is not there is a mistake of the call."""
    assert 2 == called("run", file, "--only", "label", "--from", "no.json").code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fetch.stdou=x"], "node 'fetch' has no output 'stdou'"),
        (["fetc.stdout=x"], "there is no node 'fetc'"),
        (["sinse=x"], "the workflow declares no input 'sinse'"),
        (["word"], "'word' is not NAME=VALUE"),
    ],
)
def test_wrong_words(called, file, words, said):
    """What is wrong with words is told beside what is missing; what is wrong is not missing, too."""
    err = called("run", file, "--only", "label", "fetch.exit_code=1", *words).err
    assert said in err


def test_wrong_is_not_missing(called, file):
    """An output that is given with a wrong value is told once."""
    code, _, err = called("run", file, "--only", "label", "fetch.exit_code=x", "fetch.stdout=y")
    assert (2, "error: 'fetch.exit_code' takes integer [input-type]\n  hint: give it a value of type integer\n") == (
        code,
        err,
    )


def test_no_such_node(called, file):
    """The name of a node that is not there is told with the nearest."""
    code, _, err = called("run", file, "--only", "labl")
    assert (
        2,
        "w.json: error: there is no node 'labl' [unknown-node]\n  hint: did you mean 'label'? known: fetch, label, send\n",
    ) == (code, err)


def test_nested_node(called, write):
    """A node of a nested workflow is run from its own file."""
    write([{"id": "in", "type": "echo"}], name="sub/kid.json")
    file = write([{"id": "sub", "type": "workflow", "params": {"workflow_ref": "sub/kid.json"}}])
    assert "hint: run its file: sub/kid.json --only in\n" in called("run", file, "--only", "sub/in").err


def test_batch(called, project):
    """A batch runs alone; its alias is not asked for."""
    ended = called("run", "triage.json", "--only", "label", 'fetch.commits=["x"]', "--json")
    assert (0, ["x"]) == (ended.code, [each["text"] for each in _result(ended)["results"]])
    assert 0 == called("run", "triage.json", "since=v1", "--trace", "t.json").code
    assert 2 == _result(called("run", "triage.json", "--only", "label", "--from", "t.json", "--json"))["count"]


def test_without_namespaces(called, write):
    """Where nodes have no corners of their own, outputs stand at the root."""
    nodes = [{"id": "a", "type": "echo", "params": {"v": 1}}, {"id": "b", "type": "echo", "params": {"w": "${v} ${z}"}}]
    file = write(nodes, enable_namespacing=False, inputs={"z": {"default": 3}})
    assert "hint: add a.v=VALUE, or --from" in called("run", file, "--only", "b").err
    assert "7 3" == _result(called("run", file, "--only", "b", "a.v=7", "--json"))["w"]
