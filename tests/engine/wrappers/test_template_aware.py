"""Params as written, to values."""

import pytest

from pflow_engine import node


@node("typed", outputs={"got": "any"})
def _typed(numbers: list | None = None, box: dict | None = None) -> dict:
    return {"got": {"numbers": numbers, "box": box}}


@node("strict", outputs={"got": list})
def _strict(numbers: list) -> dict:
    return {"got": numbers}


@node("boxed", outputs={"got": dict})
def _boxed(box: dict) -> dict:
    return {"got": box}


@node("hello", outputs={"got": str})
def _hello(name: str, title: str = "") -> dict:
    return {"got": f"{title} {name}" if title else name}


@pytest.fixture
def run(registry, flow_of):
    """``run(params, **inputs)``: the run of one node with these params."""
    for source in (_typed, _strict, _boxed, _hello):
        registry.register(source.__pflow_node__[0], source)

    def run(kind, params, /, *, ir=None, **inputs):
        return flow_of([{"id": "n", "type": kind, "params": params}], **(ir or {})).run(inputs)

    return run


@pytest.mark.parametrize("value", [0, "", None, False, [], {"a": [1]}, 1.5])
def test_keeps_type(run, value):
    """A parameter that is one template gets the value as it is."""
    assert run("emit", {"got": "${x}"}, x=value).outputs == {"got": value}


def test_text_around(run):
    """With text around it a template is text."""
    assert run("emit", {"got": "<${x}>"}, x=None).outputs == {"got": "<>"}


def test_not_twice(run):
    """What came out of data is not resolved again."""
    assert run("emit", {"got": "${x}"}, x="${y}", y=1).outputs == {"got": "${y}"}


def test_names_all_missing(run):
    """Every template that leads nowhere is named."""
    inputs = {"one": {"type": "object"}, "two": {"type": "object"}}
    error = run("emit", {"a": "${one.x}", "b": "${two.y}"}, ir={"inputs": inputs}, one={}, two={}).error
    assert 2 == len(error.problems)
    assert "unresolved-template" == error.code


@pytest.mark.parametrize(
    ("kind", "name", "text", "value"),
    [
        ("strict", "numbers", "[1, 2]\n", [1, 2]),
        ("boxed", "box", '{"a": 1}', {"a": 1}),
    ],
)
def test_json_text_for_declared(run, kind, name, text, value):
    """JSON text for a parameter declared list or map is parsed."""
    assert run(kind, {name: "${x}"}, x=text).outputs == {"got": value}


@pytest.mark.parametrize("value", ["words", '{"a": 1}', 5, {"a": 1}, "[" * 100_000])
def test_wrong_type(run, value):
    """A value of another type is an error that names the parameter and the types."""
    error = run("strict", {"numbers": "${x}"}, x=value).error
    assert error.code == "param-type"
    assert error.summary.startswith("parameter 'numbers' takes array, got ")


@pytest.mark.parametrize(("kind", "text", "value"), [("strict", "[1, 2]", [1, 2]), ("boxed", '{"a": 1}', {"a": 1})])
def test_json_text_as_written(run, kind, text, value):
    """JSON text in the workflow itself is a list or map too, where one is declared."""
    assert {"got": value} == run(kind, {"numbers" if kind == "strict" else "box": text}).outputs


def test_null_for_optional(run):
    """Null for a parameter that may be left out is as good as leaving it out."""
    assert {"got": "a"} == run("hello", {"name": "a", "title": "${x}"}, x=None).outputs


def test_null_for_required(run):
    """Null for a parameter that is needed is of the wrong type."""
    assert "param-type" == run("strict", {"numbers": "${x}"}, x=None).error.code


def test_fresh_constants(run, registry, flow_of):
    """A node that changes its params changes nobody else's."""

    @node("grow")
    def grow(numbers: list) -> dict:
        numbers.append(1)
        return {"got": list(numbers)}

    registry.register("grow", grow)
    flow = flow_of([{"id": "n", "type": "grow", "params": {"numbers": [0]}}])
    assert [{"got": [0, 1]}] * 2 == [flow.run().outputs, flow.run().outputs]


def test_trace_has_values(run):
    """The trace has the resolved params, and each template with its value."""
    (record,) = run("emit", {"got": "<${x}>", "fixed": 1}, x="y").trace.nodes
    assert ({"got": "<y>", "fixed": 1}, {"${x}": "y"}) == (record.params, record.templates)


def test_permissive(run):
    """In permissive mode what does not resolve stays as written and is recorded."""
    result = run("emit", {"a": "${x}", "b": "${nope}"}, x=1, ir={"template_resolution_mode": "permissive"})
    (record,) = result.trace.nodes
    assert {"a": 1, "b": "${nope}"} == result.outputs
    assert (["${nope}"], {"${x}": 1}) == (record.unresolved, record.templates)


@pytest.mark.parametrize("parallel", [False, True])
def test_permissive_batch(batch_of, parallel):
    """So it is for each item of a batch; the trace names each template once, in order."""
    flow = batch_of(
        "emit",
        {"b": "${item.b}", "a": "${item.a}"},
        parallel=parallel,
        ir={"template_resolution_mode": "permissive"},
    )
    result = flow.run({"xs": [{"a": 1}, {"b": 2}, {}]})
    assert [("${item.b}", 1), (2, "${item.a}"), ("${item.b}", "${item.a}")] == [
        (item["b"], item["a"]) for item in result.store["b"]["results"]
    ]
    assert ["${item.a}", "${item.b}"] == result.trace.nodes[0].unresolved
