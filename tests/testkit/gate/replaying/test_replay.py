"""The cases of the base, run on a workflow that changed: what comes out differently, and where first."""

import json

import pytest
from replay_pairs import ALIKE, CASE, COMMITS, DIFFER, TRIAGE
from replays import Replays, cases
from rule_pairs import edited


@pytest.fixture
def replays(request, tmp_path):
    """Replays in a folder of the test's own."""
    return Replays(request, tmp_path)


def lines(ir):
    """A workflow with a line for each node."""
    return json.dumps(ir, indent=1)


@pytest.mark.parametrize("pair", DIFFER, ids=[pair.what for pair in DIFFER])
def test_differs(replays, pair):
    """What comes out differently is told with the node, and the item, where it did first."""
    was, now = pair.workflows
    finding = replays.told({"flow.json": was, **cases(pair.case)}, {"flow.json": now})
    assert (pair.code, pair.node) == (finding.rule.code, finding.node)
    assert "case 'case 1'" in finding.message
    assert pair.words in finding.message


@pytest.mark.parametrize("pair", ALIKE, ids=[pair.what for pair in ALIKE])
def test_alike(replays, pair):
    """What comes out the same is not told, whatever it looks like."""
    was, now = pair.workflows
    assert was != now
    assert [] == replays.findings({"flow.json": was, **cases(pair.case)}, {"flow.json": now})


ECHO = {
    "inputs": {"api_key": {"type": "string"}},
    "nodes": [{"id": "say", "type": "echo", "params": {"text": "with ${api_key}", "words": "none"}}],
}
SAID = {"inputs": {"api_key": "tell-nobody-17"}}
CHILD = {
    "inputs": {"url": {"type": "string"}},
    "nodes": [
        {"id": "get", "type": "http", "params": {"url": "${url}"}},
        {"id": "say", "type": "echo", "params": {"text": "${get.response}"}},
    ],
    "outputs": {"text": {"source": "${say.text}"}},
}
PARENT = {
    "nodes": [
        {
            "id": "sub",
            "type": "workflow",
            "batch": {"items": ["a", "b"], "as": "page"},
            "params": {"workflow_ref": "parts/child.json", "param_mapping": {"url": "https://x.example/${page}"}},
        }
    ],
    "outputs": {"first": {"source": "${sub.results[0].text}"}},
}
PAGES = {
    "stubs": {"sub/get": [{"when": {"params": {"url": "https://x.example/a"}}, "response": "A"}, {"response": "B"}]}
}


def renamed_child(**params):
    """The child with its first node under another name."""
    get, say = CHILD["nodes"]
    say = {**say, "params": {"text": "${fetch.response}", **params}}
    return {**CHILD, "nodes": [{**get, "id": "fetch"}, say]}


def family(child, **given):
    """The folder of a workflow and its child."""
    return {"flow.json": lines(PARENT), "parts/child.json": lines(child), **given}


def test_place(replays):
    """The place of a finding is the node's line in the file at hand."""
    head = edited(TRIAGE, {"nodes/2/params/text": "two"})
    finding = replays.told({"flow.json": lines(TRIAGE), **cases(CASE)}, {"flow.json": lines(head)})
    wanted = lines(head).splitlines().index('   "id": "note",')
    assert (wanted, "head") == (finding.position.line, finding.side)
    assert finding.file.endswith("head/flow.json")
    assert ('"a note"', '"two"') == (finding.base, finding.head)


def test_place_of_what_is_gone(replays):
    """Of a node that is gone, it is its place in the base."""
    head = edited(TRIAGE, {"edges": [*TRIAGE["edges"][:1], {"from": "label", "to": "tell"}]})
    del head["nodes"][2]
    finding = replays.told({"flow.json": TRIAGE, **cases(CASE)}, {"flow.json": head})
    assert ("note", "base", ("nodes", 2)) == (finding.node, finding.side, finding.path)


def test_secrets(replays):
    """No secret is told, also where it has such a name on one side only."""
    head = edited(ECHO, {"nodes/0/params/text": "the ${api_key}"})
    finding = replays.told({"flow.json": ECHO, **cases(SAID)}, {"flow.json": head})
    assert '"the [redacted]", was "with [redacted]"' in finding.message
    plain = {"inputs": {"word": {"default": "tell-nobody-17"}}, "nodes": ECHO["nodes"]}
    plain = edited(plain, {"nodes/0/params/text": "${word}"})
    loose = {**plain, "inputs": {**plain["inputs"], "api_key": {"default": "tell-nobody-17"}}}
    finding = replays.told(
        {"flow.json": loose, **cases({})}, {"flow.json": edited(plain, {"nodes/0/params/words": "x"})}
    )
    assert "tell-nobody-17" not in str(finding)


def test_secrets_of_inputs(replays):
    """Nor is one that is refused."""
    head = edited(ECHO, {"inputs/api_key/type": "integer"})
    finding = replays.told({"flow.json": ECHO, **cases(SAID)}, {"flow.json": head})
    assert "replay-impossible" == finding.rule.code
    assert "api_key" in finding.message
    assert "tell-nobody-17" not in finding.message


def test_child(replays):
    """A change inside of a nested workflow is told at its own line, with who nests it."""
    head = family(edited(CHILD, {"nodes/1/params/text": "${get.response}!"}))
    finding = replays.told(family(CHILD, **cases(PAGES)), head)
    assert ("sub/say", ("nodes", 1)) == (finding.node, finding.path)
    assert "node 'sub/say', item 0: params.text is" in finding.message
    assert finding.file.endswith("parts/child.json")
    (caller,) = finding.callers
    assert str(caller).endswith("head/flow.json:3:3 node 'sub'")


def test_batch_in_a_child(replays):
    """So is a change inside of an item of a batch inside of a nested workflow."""
    top = {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "flow.json"}}]}
    case = {"stubs": {"top/sub/get": {"response": "R"}}}
    was = {"top.json": top, **family(CHILD), **cases(case, name="top.json")}
    now = {"top.json": top, **family(edited(CHILD, {"nodes/1/params/text": "${get.response}!"}))}
    finding = replays.told(was, now, name="top.json")
    assert "node 'top/sub/say', item 0: params.text is" in finding.message
    assert [("flow.json", "sub"), ("top.json", "top")] == [
        (caller.file.rpartition("/")[2], caller.node) for caller in finding.callers
    ]
    assert ["", "flow.json"] == [caller.through.rpartition("/")[2] for caller in finding.callers]


def test_gone_in_a_child(replays):
    """What is gone inside of a nested workflow is told where that is nested."""
    head = {**CHILD, "nodes": CHILD["nodes"][:1], "outputs": {"text": {"source": "${get.response}"}}}
    parent = {"nodes": [alone()]}
    was, now = ({"flow.json": lines(parent), "parts/child.json": lines(child)} for child in (CHILD, head))
    finding = replays.told({**was, **cases({"stubs": {"sub/get": {"response": "R"}}})}, now)
    assert ("sub/say", ("nodes", 0)) == (finding.node, finding.path)
    assert finding.file.endswith("head/flow.json")


@pytest.mark.parametrize("items", [["a", "c"], ["b", "a"]])
def test_items_of_a_child(replays, items):
    """Where an item itself is another one, nothing in its workflow came before that."""
    head = {"flow.json": lines(edited(PARENT, {"nodes/0/batch/items": items})), "parts/child.json": lines(CHILD)}
    finding = replays.told(family(CHILD, **cases(PAGES)), head)
    assert "sub" == finding.node


@pytest.mark.parametrize("params", [{}, {"more": "x"}])
def test_child_renamed(replays, params):
    """Stubs follow a node that has another name in a nested workflow."""
    found = replays.findings(family(CHILD, **cases(PAGES)), family(renamed_child(**params)))
    assert len(params) == len(found)
    assert all("'sub/say', item 0" in each.message and "get" not in each.message for each in found)


@pytest.mark.parametrize("items", [["a", "b"], None])
def test_input_of_a_child(replays, items):
    """An input that a nested workflow may be given now, and is not, is no difference."""
    parent = edited(PARENT, {"nodes/0/batch/items": items} if items else {"nodes/0": alone(), "outputs": {}})
    was = {"flow.json": lines(parent), "parts/child.json": lines(CHILD), **cases(PAGES)}
    child = edited(CHILD, {"inputs/more": {"type": "string", "default": "x"}})
    assert [] == replays.findings(was, {"flow.json": lines(parent), "parts/child.json": lines(child)})


def alone():
    """The node that runs the child once."""
    params = {"workflow_ref": "parts/child.json", "param_mapping": {"url": "u"}}
    return {"id": "sub", "type": "workflow", "params": params}


def test_renamed_in_errors(replays):
    """Errors name nodes by their new names too."""
    base = edited(TRIAGE, {"nodes/3/params/first": "${label.results[7].text}"})
    head = json.loads(json.dumps(base).replace("label", "weigh"))
    assert [] == replays.findings({"flow.json": base, **cases(CASE)}, {"flow.json": head})


def test_renamed_model_nodes(replays):
    """Who asked a model goes by its new name too, in a nested workflow as in the one around it."""
    ask = {"id": "ask", "type": "llm", "params": {"prompt": "Say ${url}"}}
    child = {**CHILD, "nodes": [ask], "outputs": {"text": {"source": "${ask.response}"}}}
    usage = {"model": "small", "total_tokens": 4}
    stub = {"sub/ask": {"response": "A", "llm_usage": usage}}
    head = json.loads(json.dumps({"flow.json": PARENT, "parts/child.json": child}).replace("ask", "query"))
    head = json.loads(json.dumps(head).replace("sub", "part"))
    assert [] == replays.findings(family(child, **cases({"stubs": stub})), head)
    other = json.loads(json.dumps(head).replace("Say", "Tell"))
    assert "part/query" == replays.told(family(child, **cases({"stubs": stub})), other).node


def test_moved_child(replays):
    """A nested workflow in another place is the same."""
    moved = edited(PARENT, {"nodes/0/params/workflow_ref": "child.json"})
    head = {"flow.json": moved, "child.json": lines(renamed_child())}
    assert [] == replays.findings(family(CHILD, **cases(PAGES)), head)


def test_each_case(replays):
    """There is a line for each case that differs, and none for the others."""
    other = {"inputs": {"since": "v2"}, **CASE}
    head = edited(TRIAGE, {"inputs/since/default": "v3"})
    found = replays.findings({"flow.json": TRIAGE, **cases(CASE, other, CASE)}, {"flow.json": head})
    assert ["case 'case 1'", "case 'case 3'"] == [each.message.partition(":")[0] for each in found]


def test_no_cases(replays):
    """Without a case, a workflow that does not run by itself is not replayed, and that is told."""
    head = edited(ECHO, {"nodes/0/params/words": "more"})
    finding = replays.told({"flow.json": ECHO}, {"flow.json": head})
    assert "replay-impossible" == finding.rule.code
    assert "nothing is replayed: it has no case, and as it was, required input 'api_key' is missing" == finding.message
    alone = {**ECHO, "inputs": {"api_key": {"default": "x"}}}
    finding = replays.told({"flow.json": alone}, {"flow.json": {**alone, "nodes": head["nodes"]}})
    assert "case 'defaults': node 'say': params.words" in finding.message


def test_fails_by_itself(replays):
    """Nor is one that would fail by itself."""
    base = {"nodes": [{"id": "say", "type": "shell", "params": {"command": "exit 3"}}]}
    finding = replays.told({"flow.json": base}, {"flow.json": edited(base, {"nodes/0/params/command": "exit 4"})})
    assert "nothing is replayed: it has no case, and as it was, it fails" == finding.message


def test_broken_case_file(replays):
    """Cases that could not be read are told as what they are."""
    base = {"flow.json": TRIAGE, "flow.test.yaml": "cases: 3\n"}
    finding = replays.told(base, {"flow.json": edited(TRIAGE, {"nodes/2/params/text": "two"})})
    assert "nothing is replayed: its case file had errors: " in finding.message


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"stubs": {"fetch": {"respons": []}}}, "as it was, a http node has no output 'respons'"),
        ({"stubs": {}}, "as it was, node 'fetch' (http) reaches for the network"),
        ({**CASE, "inputs": {"since": {"$fixture": "no_such"}}}, "the fixture 'no_such' gives nothing"),
    ],
)
def test_case_of_the_base(replays, case, said):
    """A case that could not be run as the workflow was, says nothing of what it is."""
    finding = replays.told(
        {"flow.json": TRIAGE, **cases(case)}, {"flow.json": edited(TRIAGE, {"nodes/2/params/text": "two"})}
    )
    assert "replay-impossible" == finding.rule.code
    assert said in finding.message


def test_stub_does_not_fit(replays):
    """A stub that the node at hand cannot have is told, with how many more are wrong."""
    head = edited(TRIAGE, {"nodes/0": {"id": "fetch", "type": "shell", "params": {"command": "true"}}})
    head = edited(head, {"nodes/1/batch/items": ["a"], "nodes/1/params/text": "x"})
    finding = replays.told({"flow.json": TRIAGE, **cases(CASE)}, {"flow.json": head})
    assert "cannot be replayed: a shell node has no output 'response'" in finding.message


def test_stub_by_type(replays):
    """A stub of a type is left out where no node of that type is there any more."""
    case = {"stubs": {"type:http": {"response": COMMITS}}}
    head = edited(TRIAGE, {"nodes/0": {"id": "fetch", "type": "echo", "params": {"response": COMMITS}}})
    finding = replays.told({"flow.json": TRIAGE, **cases(case)}, {"flow.json": head})
    assert ("replay-differs", "fetch") == (finding.rule.code, finding.node)


def test_out_of_time(request, tmp_path):
    """A case that does not end is stopped, and told."""
    base = {"nodes": [{"id": "say", "type": "shell", "params": {"command": "true"}}]}
    head = edited(base, {"nodes/0/params/command": "sleep 60"})
    finding = Replays(request, tmp_path, 0.3).told({"flow.json": base, **cases({})}, {"flow.json": head})
    assert "case 'case 1' cannot be replayed: it was stopped after 0.3 s" == finding.message


STORED = {
    "status": "success",
    "inputs": {"since": "v1"},
    "outputs": {"first": "Fix it"},
    "nodes": [{"id": "fetch", "type": "http", "status": "completed", "action": "default"}],
}


ODD = {**STORED, "nodes": [{"id": "label", "batch": {"metadata": {"parallel": 3}, "items": [3]}, "outputs": 4}]}


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (STORED, "case 'case 1': node 'fetch': type is"),
        (ODD, "case 'case 1': node 'fetch': ran, it did not before"),
        ({"nodes": 3}, "as it was, node 'fetch' (http) reaches"),
        ("{", "as it was, node 'fetch' (http) reaches"),
    ],
)
def test_stored_trace(replays, stored, said):
    """What cannot be run as it was is held against its stored trace, if it has one."""
    base = {"flow.json": TRIAGE, **cases({"live": ["fetch"]})}
    base["__traces__/flow.json/case-1.trace.json"] = stored
    head = edited(TRIAGE, {"nodes/0": {"id": "fetch", "type": "echo", "params": {"response": COMMITS}}})
    finding = replays.told(base, {"flow.json": head})
    assert said in finding.message


def test_paths_of_the_project(replays):
    """The folder of the project stands for the same in both versions, wherever each lies."""
    place = str(replays.folder / "head" / "data.txt")
    base = edited(TRIAGE, {"nodes/2/params/text": place})
    head = edited(base, {"nodes/1/batch/parallel": True})
    assert [] == replays.findings({"flow.json": base, **cases(CASE)}, {"flow.json": head})


def test_loop(replays):
    """Each run of a node in a loop is compared with the same one, and the first that differs is told."""
    step = {"id": "again", "type": "echo", "params": {"text": "${more}"}}
    nodes = [{"id": "ask", "type": "http", "params": {"url": "https://x.example"}}, step]
    edges = [{"from": "ask", "to": "again", "action": "more"}, {"from": "again", "to": "ask"}]
    base = {"inputs": {"more": {"default": "a"}}, "nodes": nodes, "edges": edges}
    replies = [{"response": 1, "action": "more"}, {"response": 2, "action": "more"}, {"response": 3}]
    head = edited(base, {"inputs/more/default": "b"})
    finding = replays.told(
        {"flow.json": base, **cases({"stubs": {"ask": [{"attempts": replies}]}})}, {"flow.json": head}
    )
    assert 'node \'again\': params.text is "b", was "a" (and 4 more)' in finding.message
