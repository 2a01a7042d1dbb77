"""IRs to texts that read back as equal IRs."""

import pytest
from generated import meaning, workflows
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pflow_engine.document.load import load, parse
from pflow_engine.document.write import to_text
from pflow_engine.errors import InvalidWorkflow

FORMS = ("json", "yaml", "markdown")
NODE = {"id": "a", "type": "echo", "purpose": "It acts."}


@settings(deadline=None)  # the first writes load jsonschema
@given(workflows(), st.permutations(FORMS))
@example({"nodes": [NODE], "metadata": {"a": "\n"}}, FORMS)
def test_round_trip(ir, forms):
    """A workflow is the same after a journey through all forms in any order."""
    expected = meaning(ir)
    for form in forms:
        ir = parse(to_text(ir, form), form, "f")
        assert expected == meaning(ir)


@settings(deadline=None)  # the first writes load jsonschema
@given(workflows(), st.sampled_from(FORMS))
def test_written_twice(ir, form):
    """What is read back is written in the same bytes."""
    text = to_text(ir, form)
    assert text == to_text(parse(text, form, "f"), form)


def test_markdown_text():
    """Short values are bullets, code and data blocks, and edges are words."""
    ir = {
        "name": "Sort",
        "nodes": [
            {**NODE, "type": "shell", "params": {"command": "ls ```x```\n```", "timeout": 5, "cwd": "010"}},
            {**NODE, "id": "b", "batch": {"items": ["${a.stdout}"], "as": "x"}},
            {**NODE, "id": "c"},
        ],
        "edges": [{"from": "a", "to": "b"}, {"from": "a", "to": "c", "action": "error"}],
        "inputs": {"box": {"description": "A box.", "default": ""}},
    }
    assert to_text(ir, "markdown") == (
        '# Sort\n\n## Inputs\n\n### box\n\nA box.\n\n- default: ""\n\n'
        "## Steps\n\n### a\n\nIt acts.\n\n- type: shell\n- on-error: c\n- timeout: 5\n"
        '- cwd: "010"\n\n````shell command\nls ```x```\n```\n````\n\n'
        "### b\n\nIt acts.\n\n- type: echo\n- next: null\n\n```yaml batch\nitems:\n- ${a.stdout}\nas: x\n```\n\n"
        "### c\n\nIt acts.\n\n- type: echo\n"
    )


def test_wrapped():
    """A wrapped workflow is written unwrapped."""
    assert "n" == parse(to_text({"name": "n", "ir": {"nodes": [NODE]}}, "yaml"), "yaml", "f")["name"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"nodes": [{**NODE, "purpose": ""}]}, "nodes[0]"),
        ({"nodes": [{**NODE, "id": "Aa"}]}, "nodes[0]"),
        ({"nodes": [NODE, NODE]}, "nodes[1].id"),
        ({"nodes": [{**NODE, "purpose": "- a: b"}]}, "nodes[0].purpose"),
        ({"nodes": [{**NODE, "purpose": " a"}]}, "nodes[0].purpose"),
        ({"nodes": [{**NODE, "purpose": "a\n## Steps"}]}, "nodes[0].purpose"),
        ({"nodes": [{**NODE, "purpose": "```k\n```"}]}, "nodes[0].purpose"),
        ({"nodes": [{**NODE, "params": {"next": 1}}]}, "nodes[0].params.next"),
        ({"inputs": {"x": {"type": "any"}}}, "inputs.x"),
        ({"outputs": {"X": {"description": "d"}}}, "outputs.X"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a #"}, "name"),
        ({"description": "# a"}, "description"),
        ({"description": "```\na"}, "description"),
        ({"description": "## Steps"}, "description"),
        ({"metadata": {"mappings": {}}}, "metadata.mappings"),
        ({"edges": [{"from": "a", "to": "a", "action": "again"}]}, "edges[0]"),
        ({"edges": [{"from": "z", "to": "a"}]}, "edges[0]"),
        ({"edges": [{"from": "a", "to": "a"}, {"from": "a", "to": "a"}]}, "edges[1]"),
    ],
)
def test_no_words(change, path):
    """What Markdown cannot say is refused with its path; JSON and YAML can say it."""
    ir = {"nodes": [NODE], **change}
    with pytest.raises(InvalidWorkflow, match="Markdown has no words for") as caught:
        to_text(ir, "markdown")
    assert [path] == [problem.path for problem in caught.value.problems]
    assert all(problem.hint for problem in caught.value.problems)
    for form in ("json", "yaml"):
        assert meaning(ir) == meaning(parse(to_text(ir, form), form, "f"))


def test_all_missing_words():
    """All that Markdown has no words for is told at once."""
    with pytest.raises(InvalidWorkflow) as caught:
        to_text({"name": "a #", "nodes": [{"id": "A", "type": "t"}], "outputs": {"x": {}}}, "markdown")
    assert ["name", "nodes[0]", "nodes[0]", "outputs.x"] == [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ir", [{}, {"nodes": []}, {"nodes": [1]}, {"nodes": [{**NODE, "params": []}], "edges": {}}])
def test_unsound(ir, form):
    """What is no workflow is not written."""
    with pytest.raises(InvalidWorkflow):
        to_text(ir, form)


def test_file(tmp_path):
    """A written file is found by its name and loads."""
    path = tmp_path / "w.pflow.md"
    path.write_text(to_text({"nodes": [NODE]}, "markdown"))
    assert [NODE] == load(path).ir["nodes"]
