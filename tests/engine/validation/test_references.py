"""Ids, edges, types and names."""

import pytest

from pflow_engine import Interface, Node, Registry
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems


class Check(Node):
    """A node with an action of its own."""

    interface = Interface(open_params=True, outputs={"value": "any"}, actions=("default", "error", "retry"))


class Free(Node):
    """A node that may return any action."""


@pytest.fixture(scope="module")
def registry():
    """A registry with a few small types."""
    registry = Registry()
    for name in ("check", "chick", "http"):
        registry.register(name, Check)
    registry.register("free", Free)
    return registry


def _found(registry, nodes, **ir):
    return find_problems(from_data({"nodes": nodes, **ir}), registry)


def _nodes(*names, kind="check", **fields):
    return [{"id": name, "type": kind, **fields} for name in names]


def _edges(*pairs):
    return [dict(zip(("from", "to", "action"), pair, strict=False)) for pair in pairs]


def _summary(problems):
    return [(problem.code, problem.path) for problem in problems if problem.code != "unhandled-action"]


def test_sound(registry):
    """A sound workflow has no problems."""
    assert [] == _summary(_found(registry, _nodes("a", "b", "c")))


def test_duplicate_id(registry):
    """An id given twice is one problem and makes no others."""
    (problem,) = _found(registry, _nodes("a", "b", "a", kind="free"))
    assert ("duplicate-id", "nodes[2].id", "node id 'a' is already taken by nodes[0]") == (
        problem.code, problem.path, problem.message,
    )  # fmt: skip


def test_input_like_node(registry):
    """An input with the name of a node could mean both."""
    assert ("duplicate-id", "inputs.a") in _summary(_found(registry, _nodes("a"), inputs={"a": {}}))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("__a__", ("reserved-name", "error")), ("my node", ("bad-name", "warning")), ("1st", ("bad-name", "warning"))],
)
def test_odd_ids(registry, name, expected):
    """The engine's names are refused; an id no template can name is only warned of."""
    (problem,) = _found(registry, _nodes(name))
    assert expected == (problem.code, problem.severity)


def test_edge_to_missing(registry):
    """An edge to no node names the nearest, and what follows from the typo is not reported too."""
    problems = _found(
        registry, _nodes("first", "second", "third"), edges=_edges(("first", "secnd"), ("second", "third"))
    )
    (problem,) = [problem for problem in problems if problem.severity == "error"]
    assert ("unknown-node", "edges[0].to", "edge to 'secnd', which is no node") == (
        problem.code,
        problem.path,
        problem.message,
    )
    assert problem.hint.startswith("did you mean 'second'?")


def test_edge_through_missing(registry):
    """A node that is missing in the middle does not cut off what comes after it."""
    problems = _found(registry, _nodes("a", "b"), edges=_edges(("a", "qqq"), ("qqq", "b")))
    assert [("unknown-node", "edges[0].to"), ("unknown-node", "edges[1].from")] == _summary(problems)


def test_missing_in_loop(registry):
    """A loop through a node that is missing is not called endless."""
    problems = _found(registry, _nodes("a"), edges=_edges(("a", "qqq"), ("qqq", "a")))
    assert {"unknown-node"} == {code for code, _ in _summary(problems)}


def test_many_missing(registry):
    """With very many unknown names nothing is guessed."""
    edges = _edges(*((f"a{number}", "a") for number in range(60)))
    problems = _found(registry, _nodes("aaa", "a"), edges=edges)
    assert ("unreachable-node", "nodes[1].id") in _summary(problems)


def test_duplicate_edge(registry):
    """Two edges for one action are a contradiction."""
    edges = _edges(("a", "b"), ("a", "c"), ("a", "b", "retry"))
    assert [("duplicate-edge", "edges[1]")] == _summary(_found(registry, _nodes("a", "b", "c"), edges=edges))


def test_start_node(registry):
    """A start that is no node names the nearest, and counts as it."""
    assert [("unknown-node", "start_node")] == _summary(_found(registry, _nodes("first", "b"), start_node="frist"))


@pytest.mark.parametrize(
    ("kind", "message", "hint"),
    [
        ("chek", "unknown node type 'chek'", "did you mean 'check' or 'chick'? known: check, chick, free, http; or"),
        ("qqq", "unknown node type 'qqq'", "known: check, chick, free, http; or install the plugin that has it"),
    ],
)
def test_unknown_type(registry, kind, message, hint):
    """An unknown type names the nearest; those of pflow's own are told apart."""
    (problem,) = _found(registry, _nodes("a", kind=kind))
    assert ("unknown-type", message) == (problem.code, problem.message)
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("alias", "reason"),
    [("b", "is a node"), ("a", "is a node"), ("x", "is an input"), ("__x__", "is reserved")],
)
def test_alias_taken(registry, alias, reason):
    """An alias that is a node, an input or the engine's is refused."""
    nodes = [*_nodes("a", batch={"items": ["${x}"], "as": alias}), *_nodes("b")]
    (problem,) = [one for one in _found(registry, nodes, inputs={"x": {}}) if one.code != "unhandled-action"]
    assert ("alias-taken", "nodes[0].batch.as") == (problem.code, problem.path)
    assert f"batch alias '{alias}' {reason}" in problem.message


def test_default_alias_taken(registry):
    """The default alias collides like any other."""
    nodes = [*_nodes("item"), *_nodes("b", batch={"items": [1]})]
    assert [("alias-taken", "nodes[1].batch.as")] == _summary(_found(registry, nodes))


def test_unhandled_action(registry):
    """An action that a type declares and no edge takes is a warning, where the node has edges at all."""
    (problem,) = _found(registry, _nodes("a", "b"))
    assert ("unhandled-action", "nodes[0]", "warning") == (problem.code, problem.path, problem.severity)
    assert "no edge handles the action 'retry' of 'a' (check)" == problem.message


def test_unknown_action(registry):
    """An edge for an action the type never returns is a warning with the nearest one."""
    edges = _edges(("a", "b", "rety"), ("a", "b"))
    (problem,) = [one for one in _found(registry, _nodes("a", "b"), edges=edges) if one.code == "unknown-action"]
    assert ("edges[0].action", "warning") == (problem.path, problem.severity)
    assert problem.hint.startswith("did you mean 'retry'?")


@pytest.mark.parametrize(("kind", "batch"), [("free", None), ("check", {"items": [1]})])
def test_possible_action(registry, kind, batch):
    """A node that may return any action, and a batch's error, have no unknown ones."""
    fields = {"batch": batch} if batch else {}
    edges = _edges(("a", "b", "error"), ("a", "b"))
    problems = _found(registry, [*_nodes("a", kind=kind, **fields), *_nodes("b")], edges=edges)
    assert [] == _summary(problems)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "integer", "default": "many"}, ["default-type"]),
        ({"type": "array", "default": "[" * 10_000}, ["default-type"]),
        ({"type": "integer", "default": "5"}, []),
        ({"type": "integer", "default": None}, []),
        ({"type": "any", "default": []}, []),
    ],
    ids=["text", "deep", "number", "null", "any"],
)
def test_default(registry, declared, expected):
    """A default that cannot be of its input's type is refused."""
    found = _found(registry, _nodes("a", params={"x": "${x}"}), inputs={"x": declared})
    assert expected == [problem.code for problem in found]


def test_unreachable(registry):
    """A node no edge leads to is never reached."""
    (problem,) = [
        one for one in _found(registry, _nodes("a", "b", "c"), edges=_edges(("a", "b"))) if one.severity == "error"
    ]
    assert ("unreachable-node", "nodes[2].id", "node 'c' is never reached from 'a'") == (
        problem.code, problem.path, problem.message,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([("a", "b"), ("b", "a")], ["endless-loop"]),
        ([("a", "a"), ("a", "b", "retry")], []),
        ([("a", "b"), ("b", "b")], ["endless-loop"]),
        ([("a", "b"), ("b", "a", "retry")], []),
        ([("a", "b")], []),
    ],
)
def test_endless_loop(registry, edges, expected):
    """A loop that no edge leaves and that turns on the default action never ends."""
    found = _summary(_found(registry, _nodes("a", "b"), edges=_edges(*edges)))
    assert expected == [code for code, _ in found]


def test_long_loop(registry):
    """Of a long loop the first nodes are named."""
    names = [f"n{number:02}" for number in range(20)]
    edges = _edges(*zip(names, [*names[1:], names[0]], strict=True))
    (problem,) = [one for one in _found(registry, _nodes(*names), edges=edges) if one.code == "endless-loop"]
    assert f"the loop through {', '.join(names[:10])}, … never ends: no action leaves it" == problem.message
