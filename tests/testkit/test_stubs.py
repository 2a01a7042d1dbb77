from types import MappingProxyType

import pytest

from pflow_engine import api
from pflow_engine.document.load import from_data
from pflow_engine.nodes import Interface, Node, Registry
from pflow_engine.validation import validate
from pflow_testkit.stubs import CallLog, StandIns, StubbedError, stub_problems

IR = {
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "https://example.invalid/"}},
        {"id": "again", "type": "http", "params": {"url": "https://example.invalid/"}},
        {"id": "show", "type": "echo"},
        {"id": "ask", "type": "ask"},
    ],
    "edges": [
        {"from": "fetch", "to": "again"},
        {"from": "again", "to": "show"},
        {"from": "show", "to": "ask"},
        {"from": "fetch", "to": "show", "action": "retry"},
    ],
}


class _Ask(Node):
    interface = Interface(outputs={"odd": "Answer"}, open_params=True, open_outputs=True)


def _registry():
    registry = Registry.default()
    registry.register("ask", _Ask)
    return registry


def _problems(stubs):
    registry = _registry()
    return list(stub_problems(stubs, validate(from_data(IR), registry), registry))


def _inside_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("stubs", "path", "said"),
    [
        ("text", (), "stubs are outputs by node, not string"),
        (None, (), "stubs are outputs by node, not null"),
        ([1], (), "stubs are outputs by node, not array"),
        ({1: {}}, ("1",), "a stub is for a node id or 'type:NAME', not 1"),
        ({"fetch": "text"}, ("fetch",), 'a stub is outputs, or a list of rules, not "text"'),
        ({"fetch": None}, ("fetch",), "a stub is outputs, or a list of rules, not null"),
        ({"fetch": 1}, ("fetch",), "a stub is outputs, or a list of rules, not 1"),
        ({"fetch": object()}, ("fetch",), "a stub is outputs, or a list of rules, not a value of type object"),
        ({"fetch": ["x"]}, ("fetch", 0), 'a rule of a stub is outputs by name, not "x"'),
        ({"fetch": ()}, ("fetch",), "a stub without rules"),
        ({"fetch": _inside_itself()}, ("fetch", 0), 'a rule of a stub is outputs by name, not [{"$cycle": 1}]'),
        ({"fetch": {1: 2}}, ("fetch", "1"), "the name of an output is text, not 1"),
        ({"fetch": {"raises": dict}}, ("fetch", "raises"), "not a value of type type"),
        ({"fetch": {"when": {"item": _inside_itself()}}}, ("fetch", "when", "item"), "nested more than 100"),
        ({"fetch": {"when": {1: 2}}}, ("fetch", "when", 1), "'when' knows no '1'"),
        ({"fetch": {"attempts": None}}, ("fetch", "attempts"), "one reply an attempt, not null"),
        ({"fetch": {"$fixture": "a"}}, ("fetch",), "{$fixture: …} is for case files"),
        ({"fetch": {"attempts": {"$fixtrue": "a"}}}, ("fetch", "attempts"), "{$fixture: …} is for case files"),
        ({"fetch": {"response": [{"$fixture": "a"}]}}, ("fetch", "response", 0), "{$fixture: …} is for case files"),
    ],
)
def test_stub_of_any_shape(stubs, path, said):
    """A stub made in Python of whatever shape is one problem, never a traceback."""
    ((place, message, hint),) = _problems(stubs)
    assert path == place
    assert said in message
    assert hint


@pytest.mark.parametrize(
    ("stubs", "path", "said", "hint"),
    [
        ({"ftch": {}}, ("ftch",), "no node 'ftch' to stub", "did you mean 'fetch'?"),
        ({"type:htp": {}}, ("type:htp",), "no node of type 'htp' to stub", "did you mean 'type:http'?"),
        ({"fetch": {"raise": "x"}}, ("fetch", "raise"), "no output 'raise'", "did you mean 'raises'?"),
        ({"fetch": {"respons": "x"}}, ("fetch", "respons"), "no output 'respons'", "did you mean 'response'?"),
        ({"fetch": {"action": "eror"}}, ("fetch", "action"), "no action 'eror'", "did you mean 'error'?"),
        ({"again": {"action": "retry"}}, ("again", "action"), "no action 'retry'", "known: default, error"),
        (
            {"fetch": {"attempts": [{}, {"status_code": "abc"}]}},
            ("fetch", "attempts", 1, "status_code"),
            "output 'status_code' of a http node is of type integer, not string",
            "give it a value of type integer",
        ),
        ({"type:http": [{"status_code": True}]}, ("type:http", 0, "status_code"), "not boolean", "of type integer"),
    ],
)
def test_stub_that_does_not_fit(stubs, path, said, hint):
    """What the stubbed node does not have, or cannot give, is refused with the nearest it does."""
    ((place, message, fix),) = _problems(stubs)
    assert path == place
    assert said in message
    assert hint in fix


@pytest.mark.parametrize(
    "stubs",
    [
        {},
        {"fetch": {"action": "retry"}},
        {"type:http": {"action": "retry"}},
        {"fetch": {"status_code": None, "response": object()}},
        {"fetch": {"raises": ValueError("x")}},
        {"fetch": ({"when": {"index": 0}}, {"attempts": ({"status_code": 1},)})},
        {"fetch": MappingProxyType({"status_code": 1})},
        {"fetch": {"response": _inside_itself()}},
        {"show": {"anything": 1, "action": "default"}},
        {"ask": {"odd": 1, "more": 2, "action": "any"}},
    ],
)
def test_stub_that_fits(stubs):
    """What the node could have given itself is a stub."""
    assert [] == _problems(stubs)


def test_every_problem_of_stubs():
    """Every problem of every stub is found, not the first alone."""
    problems = _problems({"ftch": {"raises": 1}, "fetch": {"status_code": "x", "action": "no", "y": 1}, "again": 1})
    places = [("ftch",), ("ftch", "raises"), ("fetch", "status_code"), ("fetch", "y"), ("fetch", "action"), ("again",)]
    assert places == [path for path, _, _ in problems]


def _run(stub):
    document = from_data({"nodes": [{"id": "a", "type": "echo"}]})
    registry = Registry.default()
    registry.plug(StandIns({"a": stub}, False, CallLog(), document))
    return api.compile_ir_to_flow(validate(document, registry), registry).run({})


def _causes(error):
    while error is not None:
        yield error
        error = error.__cause__


def test_raises_text():
    """Text is raised as a StubbedError that says it."""
    (found,) = [cause for cause in _causes(_run({"raises": "busy"}).error) if isinstance(cause, StubbedError)]
    assert "busy" == str(found)


def test_raises_exception():
    """An exception given in Python is the very one that is raised."""
    given = TimeoutError("busy")
    assert any(cause is given for cause in _causes(_run({"raises": given}).error))


@pytest.mark.parametrize("stubs", [None, "text", {1: {}}])
def test_stand_ins_of_any_shape(stubs):
    """Stubs of a wrong shape are left for their problems to be told."""
    stand_ins = StandIns(stubs, False, CallLog(), from_data(IR))
    registry = _registry()
    before = list(registry)
    registry.plug(stand_ins)
    assert before == list(registry)
