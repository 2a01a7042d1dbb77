"""Changes of a sound workflow: the quick verdict is that of a whole validation."""

import json
from copy import copy
from dataclasses import replace

import pytest

from pflow_engine import InvalidWorkflow, Registry, load
from pflow_engine.document.load import from_data
from pflow_engine.validation import Sound, find_problems

CHILD = {
    "inputs": {"n": {"type": "integer"}, "s": {"type": "string", "default": ""}},
    "nodes": [{"id": "a", "type": "echo", "params": {"n": "${n}", "s": "${s}"}}],
    "outputs": {"n": {"source": "${a.n}"}, "s": {"source": "${a.s}"}},
}
ECHO = {"id": "last", "type": "echo", "params": {"text": "${sub.many} ${each.count}"}}
NODES = [
    {"id": "first", "type": "echo", "params": {"text": "${topic}", "more": {"x": 1}}},
    {"id": "run", "type": "shell", "params": {"command": "true", "stdin": "${first.text ?? topic}", "timeout": 3}},
    {
        "id": "each",
        "type": "echo",
        "params": {"text": "${item} ${first.more.x}"},
        "batch": {"items": ["${run.stdout}", 2], "max_retries": 2},
    },
    {
        "id": "sub",
        "type": "workflow",
        "params": {
            "workflow_ref": "child.json",
            "param_mapping": {"n": "${each.results[0].text}"},
            "output_mapping": {"n": "many"},
        },
    },
    ECHO,
]
EDGES = [
    {"from": "first", "to": "run"},
    {"from": "run", "to": "each"},
    {"from": "run", "to": "first", "action": "error"},
    {"from": "each", "to": "sub"},
    {"from": "sub", "to": "last"},
]
FLOW = {
    "inputs": {"topic": {"type": "string", "default": "x"}, "limit": {"type": "integer", "default": 1}},
    "nodes": NODES,
    "edges": EDGES,
    "outputs": {"text": {"source": "${last.text}"}, "one": {"source": "${sub.many}"}},
}
OPEN = {
    "nodes": [
        *NODES[:2],
        {"id": "say", "type": "echo", "params": {"a": "${name}", "b": "${topic}"}},
        {"id": "names", "type": "echo"},
        {"id": "done", "type": "echo"},
    ],
    "edges": [
        {"from": "first", "to": "run"},
        {"from": "run", "to": "say"},
        {"from": "run", "to": "names", "action": "error"},
        {"from": "names", "to": "done"},
        {"from": "say", "to": "done"},
    ],
}
"""Before ``say``, ``names`` would make a typo of ``${name}``."""

FLAT = {
    "nodes": [
        {"id": "one", "type": "echo", "params": {"a": {"x": 1}, "b": "${name}"}},
        {"id": "two", "type": "echo", "params": {"c": "${a.x} ${b}"}, "batch": {"items": ["${a}", 2]}},
        {"id": "three", "type": "echo", "params": {"d": "${b} ${two.count}"}},
    ]
}
FLOWS = {
    "flow": FLOW,
    "permissive": {**FLOW, "template_resolution_mode": "permissive"},
    "strict": {**FLOW, "template_resolution_mode": "strict", "start_node": "first"},
    "open": {**OPEN, "start_node": "first"},
    "flat": {**FLAT, "enable_namespacing": False},
}
DROP = object()
VALUES = (DROP, None, 0, "", "x", "first", "name", "item", "${nope.x}", "${last.text}", "${", [], {}, ["a"], True, 2.5)


def _paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _paths(item, (*path, step))


def _with(held, path, value):
    made = copy(held)
    if len(path) > 1:
        made[path[0]] = _with(held[path[0]], path[1:], value)
    elif value is DROP:
        del made[path[0]]
    else:
        made[path[0]] = value
    return made


def _is_sound(document, ir, registry):
    return not any(problem.severity == "error" for problem in find_problems(replace(document, ir=ir), registry))


@pytest.fixture
def flow_of(tmp_path, monkeypatch):
    """Gives the document of one of the workflows above, from a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "child.json").write_text(json.dumps(CHILD), encoding="utf-8")

    def write(name):
        (tmp_path / "flow.json").write_text(json.dumps(FLOWS[name], indent=1), encoding="utf-8")
        return load("flow.json")

    return write


@pytest.mark.parametrize("name", FLOWS)
def test_any_value_anywhere(flow_of, name):
    """With each of many values in each place of a workflow, it is sound or not as a whole validation says."""
    document, registry = flow_of(name), Registry.default()
    sound = Sound(document, registry)
    parts = ("nodes", "edges", "inputs", "outputs")
    changes = [
        (path, value)
        for path in _paths(document.ir)
        if path and path not in [(part,) for part in parts]
        for value in VALUES
    ]
    verdicts = {}
    for path, value in changes:
        ir = _with(document.ir, path, value)
        verdicts[path, str(value)] = sound.stays_sound(ir), _is_sound(document, ir, registry)
    assert {} == {change: verdict for change, verdict in verdicts.items() if verdict[0] != verdict[1]}
    assert {True, False} == {quick for quick, _ in verdicts.values()}


@pytest.mark.parametrize("name", FLOWS)
def test_other_edges(flow_of, name):
    """The same of each edge with other ends, of nodes that are gone, and of each other start."""
    document, registry = flow_of(name), Registry.default()
    sound, ir = Sound(document, registry), document.ir
    ids = [node["id"] for node in ir["nodes"]]
    ends = [(index, end) for index in range(len(ir["edges"])) for end in ("from", "to")]
    changes = [_with(ir, ("edges", index, end), name) for index, end in ends for name in ids]
    changes += [_with(_with(ir, ("edges",), edges), ("nodes",), nodes) for nodes, edges in map(_without, [ir] * 5, ids)]
    changes += [{**ir, "start_node": name} for name in ids]
    changes += [_with(each, ("edges", 0), DROP) for each in changes]
    verdicts = [(sound.stays_sound(each), _is_sound(document, each, registry)) for each in changes]
    assert [] == [each for each, (quick, whole) in zip(changes, verdicts, strict=True) if quick != whole]
    assert (True, True) in verdicts
    assert (False, False) in verdicts


def _without(ir, name):
    after = [edge["to"] for edge in ir["edges"] if edge["from"] == name]
    edges = [{**edge, "to": after[0]} if edge["to"] == name and after else edge for edge in ir["edges"]]
    kept = [node for node in ir["nodes"] if node["id"] != name]
    return kept, [edge for edge in edges if name not in (edge["from"], edge["to"])]


@pytest.mark.parametrize("name", FLOWS)
def test_more_of_it(flow_of, name):
    """The same of what is added, and of nodes in another order."""
    document, registry = flow_of(name), Registry.default()
    sound, ir = Sound(document, registry), document.ir
    last = ir["nodes"][-1]
    more = [{"id": "more", "type": "echo"}, {"id": "bad", "type": "ecko"}, {**last, "params": {"x": "${more.x}"}}, last]
    changes = [
        {**ir, "nodes": [*ir["nodes"], node], "edges": [*ir["edges"], edge]}
        for node in more
        for edge in [{"from": last["id"], "to": node["id"]}, {"from": last["id"], "to": "nope"}]
    ]
    changes += [
        {**ir, "outputs": {**ir.get("outputs", {}), "new": {"source": text}}} for text in ("x", "${nope.x}", "${topic}")
    ]
    changes += [{**ir, "inputs": {**ir.get("inputs", {}), name: {}}} for name in ("new", last["id"])]
    changes += [{**ir, "nodes": ir["nodes"][::-1]}, {**ir, "nodes": [*ir["nodes"][:1], *ir["nodes"][:0:-1]]}]
    verdicts = [(sound.stays_sound(each), _is_sound(document, each, registry)) for each in changes]
    assert [] == [each for each, (quick, whole) in zip(changes, verdicts, strict=True) if quick != whole]
    assert {(True, True), (False, False)} == set(verdicts)


def test_long_workflow():
    """Of a workflow so long that only some nodes count as what a name may mean, they are others where one is gone."""
    ids = ["topic_one", *(f"n{number}" for number in range(500))]
    nodes = [{"id": name, "type": "echo", "params": {"x": 1}} for name in ids]
    document = from_data({"nodes": nodes, "outputs": {"a": {"source": "${topic_ons}"}, "b": {"source": "${n0.x}"}}})
    registry, ir = Registry.default(), document.ir
    changes = [_with(_with(ir, ("nodes",), kept), ("edges",), edges) for kept, edges in [_without(ir, "n7")]]
    changes += [_with(ir, ("nodes", 7, "params", "x"), 2)]
    sound = Sound(document, registry)
    assert [False, True] == [sound.stays_sound(each) for each in changes]
    assert [False, True] == [_is_sound(document, each, registry) for each in changes]


def test_only_sound(flow_of):
    """Of a workflow that is not sound nothing is known."""
    document = flow_of("flow")
    with pytest.raises(InvalidWorkflow, match="ecko"):
        Sound(from_data(_with(document.ir, ("nodes", 0, "type"), "ecko")), Registry.default())
