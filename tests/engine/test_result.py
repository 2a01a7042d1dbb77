"""What a run came to."""

import pytest

TWO = [
    {"id": "a", "type": "emit", "params": {"x": 1, "y": 2}},
    {"id": "b", "type": "emit", "params": {"x": 3}},
]


@pytest.fixture
def outputs(flow_of):
    """``outputs(declared)``: those of a run of two nodes."""

    def run(declared, nodes=TWO, **ir):
        return flow_of(nodes, outputs=declared, **ir).run({"item": "given"}).outputs

    return run


def test_last_nodes(flow_of):
    """Without declared outputs they are the last node's."""
    assert flow_of(TWO).run().outputs == {"x": 3}


def test_by_source(outputs):
    """A declared output is what its source leads to, with its type."""
    assert outputs({"one": {"source": "${a.x}"}, "text": {"source": "x=${b.x}"}}) == {"one": 1, "text": "x=3"}


def test_by_name(outputs):
    """Without a source it is the last output of its name."""
    assert outputs({"x": {}, "y": {}}) == {"x": 3, "y": 2}


def test_name_of_nothing(outputs):
    """A name that no node wrote is left out."""
    assert outputs({"x": {}, "z": {}}) == {"x": 3}


def test_source_leads_nowhere(flow_of):
    """A source that leads nowhere fails the run and is named."""
    result = flow_of(TWO, outputs={"one": {"source": "${a.nope}"}, "two": {"source": "${b.nope}"}}).run()
    assert ("failed", {}) == (result.status, result.outputs)
    assert ["outputs.one.source", "outputs.two.source"] == [problem.path for problem in result.error.problems]
    assert result.error.summary.startswith("output 'one': ${a.nope} does not resolve")


def test_branch_not_taken(flow_of):
    """An output whose source did not run is left out."""
    flow = flow_of(
        [
            {"id": "ask", "type": "act"},
            {"id": "yes", "type": "emit", "params": {"x": 1}},
            {"id": "no", "type": "emit", "params": {"x": 2}},
        ],
        edges=[{"from": "ask", "to": "yes", "action": "y"}, {"from": "ask", "to": "no"}],
        outputs={"yes": {"source": "${yes.x}"}, "no": {"source": "${no.x}"}},
    )
    result = flow.run()
    assert ("success", {"no": 2}) == (result.status, result.outputs)


def test_permissive_source(outputs):
    """In permissive mode a source that leads nowhere stays as written."""
    declared = {"one": {"source": "${a.nope}"}}
    assert outputs(declared, template_resolution_mode="permissive") == {"one": "${a.nope}"}


@pytest.mark.parametrize("value", [0, "", None, False, []])
def test_falsy_output(flow_of, value):
    """A falsy output is an output."""
    nodes = [{"id": "a", "type": "emit", "params": {"x": value}}]
    assert flow_of(nodes, outputs={"x": {}, "y": {"source": "${a.x}"}}).run().outputs == {"x": value, "y": value}


def test_failed_has_no_outputs(flow_of):
    """A failed run has no outputs; the store has what was done."""
    result = flow_of([*TWO, {"id": "c", "type": "crash"}]).run()
    assert ({}, {"x": 3}) == (result.outputs, result.store["b"])


def test_success(flow_of):
    """A run without failures is a success, without an error."""
    result = flow_of(TWO).run()
    result.raise_for_status()
    assert ("success", None) == (result.status, result.error)


@pytest.mark.parametrize(("xs", "status"), [([1, 2], "success"), ([1, "x"], "degraded"), ([], "success")])
def test_degraded(batch_of, xs, status):
    """A run in which some items of a continue batch failed is degraded."""
    assert batch_of("double", {"value": "${item}"}, error_handling="continue").run({"xs": xs}).status == status


def test_handled_is_success(flow_of):
    """A failure that an edge took care of does not degrade the run."""
    flow = flow_of(
        [{"id": "b", "type": "crash", "batch": {"items": [1]}}, {"id": "mend", "type": "emit"}],
        edges=[{"from": "b", "to": "mend", "action": "error"}],
    )
    assert flow.run().status == "success"
