"""IRs to texts that read back as equal IRs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pflow_engine.document.load import from_data, load, parse
from pflow_engine.document.write import to_text
from pflow_engine.errors import InvalidWorkflow

FORMS = ("json", "yaml", "markdown")
NODE = {"id": "a", "type": "echo", "purpose": "It acts."}

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "true", "010", "1e5", "null", "~", "[a", "{", '"a"', "'", "a: b", "a #b", "- a", "|", ">-", "```\na\n```", "~~~", "# a\nb",
        "## Steps\n", "${a.b} ${c}", "a\n", "\na", " a\n b", "a\r\nb", "\x85", "\u2028a\n", "\ufeff", "a\n\n", "---", "\ta\n", "`````x",
    ]
)  # fmt: skip
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)
_WORD = st.text("abc xyzé.,*_", min_size=1, max_size=20).map(str.strip).filter(bool)
_PROSE = st.lists(_WORD, min_size=1, max_size=3).map("\n\n".join)
_NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
_RESERVED = {"type", "batch", "next", "on-error"}
_PARAMS = st.dictionaries(
    (_TEXT | st.sampled_from(["command", "code", "a b"])).filter(lambda key: key not in _RESERVED), _DATA
)
_BATCH = st.fixed_dictionaries(
    {"items": st.lists(_DATA, min_size=1, max_size=3) | st.just("${xs}")},
    optional={"as": st.just("one"), "parallel": st.booleans(), "retry_wait": st.floats(0, 1e20)},
)


@st.composite
def _workflows(draw):
    ids = draw(st.lists(_NAME, min_size=1, max_size=4, unique=True))
    some = st.fixed_dictionaries({"type": _WORD, "purpose": _PROSE}, optional={"params": _PARAMS, "batch": _BATCH})
    nodes = [{"id": name, **draw(some)} for name in ids]
    edges = st.dictionaries(
        st.tuples(st.sampled_from(ids), st.sampled_from(["default", "error"])), st.sampled_from(ids)
    )
    declared = st.fixed_dictionaries(
        {"description": _PROSE}, optional={"type": st.just("any"), "required": st.booleans(), "default": _DATA}
    )
    output = st.fixed_dictionaries({"description": _PROSE}, optional={"source": _TEXT})
    top = st.fixed_dictionaries(
        {},
        optional={
            "name": _WORD,
            "description": _PROSE,
            "ir_version": st.just("0.2.0"),
            "metadata": st.dictionaries(_TEXT, _DATA, max_size=3),
            "start_node": st.sampled_from(ids),
            "enable_namespacing": st.booleans(),
            "inputs": st.dictionaries(_NAME, declared, max_size=3),
            "outputs": st.dictionaries(_NAME, output, max_size=3),
            "edges": edges.map(
                lambda found: [{"from": one, "to": to, "action": action} for (one, action), to in found.items()]
            ),
        },
    )
    return {"nodes": nodes, **draw(top)}


def _meaning(ir):
    """An IR with nothing left to its defaults, and its edges in one order."""
    ir = dict(from_data(ir).ir)
    edges = sorted((edge["from"], edge.get("action", "default"), edge["to"]) for edge in ir.pop("edges"))
    nodes = [{"params": {}, **node} for node in ir.pop("nodes")]
    return {"inputs": {}, "outputs": {}, "metadata": {}, **ir, "nodes": nodes, "edges": edges}


@settings(deadline=None)  # the first writes load jsonschema
@given(_workflows(), st.permutations(FORMS))
def test_round_trip(ir, forms):
    """A workflow is the same after a journey through all forms in any order."""
    expected = _meaning(ir)
    for form in forms:
        ir = parse(to_text(ir, form), form, "f")
        assert expected == _meaning(ir)


@settings(deadline=None)  # the first writes load jsonschema
@given(_workflows(), st.sampled_from(FORMS))
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
        assert _meaning(ir) == _meaning(parse(to_text(ir, form), form, "f"))


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
