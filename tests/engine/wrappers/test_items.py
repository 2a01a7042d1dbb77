"""Items as written, to a list."""

import pytest


@pytest.fixture
def error(registry, flow_of):
    """``error(value, stderr)``: what is said of batch items that came to ``value``."""

    def run(value, stderr="", *, items="${up.out}"):
        flow = flow_of(
            [
                {"id": "up", "type": "emit", "params": {"out": value, "stderr": stderr}},
                {"id": "b", "type": "emit", "batch": {"items": items}},
            ]
        )
        return flow.run().error.summary

    return run


@pytest.fixture
def results(flow_of):
    """``results(items, **inputs)``: what a batch over ``items`` came to."""

    def run(items, /, **inputs):
        flow = flow_of([{"id": "b", "type": "emit", "params": {"got": "${item}"}, "batch": {"items": items}}])
        return [result["got"] for result in flow.run(inputs).store["b"]["results"]]

    return run


def test_list(results):
    """A template may lead to a list."""
    assert results("${xs}", xs=[1, "two", None]) == [1, "two", None]


def test_tuple(results):
    """A tuple is as good as a list."""
    assert results("${xs}", xs=(1, 2)) == [1, 2]


def test_inline(results):
    """An inline array may hold templates, and values of any type."""
    assert results(["${x}", 2, {"k": "${x}"}, "v${x}"], x=1) == [1, 2, {"k": 1}, "v1"]


@pytest.mark.parametrize("text", ['["a", 1]', '["a", 1]\n', ' \n["a", 1] \r\n'])
def test_json_text(results, text):
    """Text that is a JSON array is one, with whatever white space a shell puts around it."""
    assert results("${xs}", xs=text) == ["a", 1]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "null"),
        ({"a": 1}, "object"),
        (5, "integer"),
        (1.5, "number"),
        (True, "boolean"),
        ("words", "text that is no JSON array"),
        ('{"a": 1}', "text that is no JSON array"),
        ("[" * 100_000, "text that is no JSON array"),
    ],
)
def test_no_list(error, value, found):
    """Anything else is an error that names the template and the type, not the value."""
    assert error(value) == f"batch items ${{up.out}} must be a list, got {found}"


def test_other_objects(registry, flow_of):
    """A type that JSON has no word for goes by Python's name."""
    flow = flow_of([{"id": "b", "type": "emit", "batch": {"items": "${xs}"}}])
    assert flow.run({"xs": {1, 2}}).error.summary == "batch items ${xs} must be a list, got set"


def test_upstream_stderr(error):
    """What the node upstream wrote to stderr is part of the error: usually it is the reason."""
    assert error(None, " jq: not found\n").endswith("got null; 'up' said on stderr: jq: not found")


def test_stderr_is_cut(error):
    """A long stderr is cut."""
    assert error(None, "x" * 1000).endswith(f": {'x' * 200}")


def test_missing_with_stderr(error):
    """A template that leads nowhere is named, and so is what the node upstream wrote to stderr."""
    said = error(None, "boom", items="${up.nope}")
    assert said.startswith("${up.nope} does not resolve")
    assert said.endswith("; 'up' said on stderr: boom")


def test_missing_inside_inline(error):
    """A template inside an inline array that leads nowhere is an error, not an item."""
    assert error(None, items=["${up.nope}", 1]).startswith("${up.nope} does not resolve")


def test_permissive_inline(flow_of):
    """In permissive mode it stays as written, and the trace says so."""
    flow = flow_of(
        [{"id": "b", "type": "emit", "batch": {"items": ["${nope}"]}}], template_resolution_mode="permissive"
    )
    result = flow.run()
    assert [{"item": "${nope}"}] == result.store["b"]["results"]
    assert result.trace.nodes[0].unresolved == ["${nope}"]
