"""Our way through YAML beside PyYAML's own: they may not differ."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pflow_engine.document import yaml_form
from pflow_engine.document.yaml.data import Parser, read_events
from pflow_engine.document.yaml.flow_templates import Shield, shielded
from pflow_engine.document.yaml.scalars import RESOLVERS

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "~", "yes", "1_0"])
)
_DATA = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)
_PIECES = st.sampled_from(
    [
        *(
            "- ",
            "a: ",
            "  ",
            "\n",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "${a}",
            "${b[0]} x",
            '"',
            "'",
            "&x ",
            "*x",
            "!!str ",
            "!!int ",
        ),
        *(
            "<<: ",
            "1",
            "0x1f",
            "0b_",
            "1:30",
            "1e5",
            "1.5",
            ".inf",
            "2026-01-02",
            "yes",
            "~",
            "=",
            "? ",
            "# c\n",
            "|\n",
        ),
        *("---\n", "...\n"),
    ]
)


class _Reference(yaml.CSafeLoader):
    """PyYAML's own way through a node tree, with the values of JSON."""


_Reference.yaml_implicit_resolvers = RESOLVERS


def _read(text, *, templates=False):
    shield = shielded(text) if templates else Shield(text)
    parser = Parser(shield.text)
    try:
        return read_events(parser, shield.text_at if shield.starts else None)
    finally:
        parser.dispose()


def _composed(text, *, templates=False):
    shield = shielded(text) if templates else Shield(text)
    loader = _Reference(shield.text)
    try:
        root = loader.get_single_node()
        for node in _scalars(root) if shield.starts else ():
            told = None if node.style else shield.text_at(node.start_mark.index, node.end_mark.index)
            node.value = node.value if told is None else told
        nodes = list(_nodes(root))  # merging changes them
        return nodes, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _scalars(node):
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        yield from (scalar for pair in node.value for part in pair for scalar in _scalars(part))
    elif node is not None:
        yield from (scalar for part in node.value for scalar in _scalars(part))


def _same(text, *, templates=False):
    try:
        data, faults = _read(text, templates=templates)
    except yaml.YAMLError:
        data, faults = None, ["syntax"]
    if not faults:
        nodes, expected = _composed(text, templates=templates)
        assert repr(expected) == repr(data)
        _same_places(nodes, yaml_form.spans(text, templates=templates))


def _same_places(nodes, spans):
    for path, node, key in nodes:
        assert (node.start_mark.index, node.end_mark.index) == spans.value(path)
        if key is not None:
            assert (key.start_mark.index, key.end_mark.index) == spans.key(path)


def _nodes(node, path=(), key=None):
    if node is None:
        return
    yield path, node, key
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _nodes(value, (*path, name.value), name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _nodes(value, (*path, index))


@given(_DATA, st.booleans())
def test_written_data(data, flow):
    """What a YAML library writes is read as that library does."""
    _same(yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True))


@given(st.lists(_PIECES | st.text(max_size=3), max_size=30).map("".join), st.booleans())
@example("a: &x 1\nb: &x 2\n", False)
@example("{a: 1, a: 2}", False)
@example("--- 1\n--- 2\n", False)
@example("---\n---\n", False)
@example("[" * 101 + "]" * 101, False)
@example("[1${a}, ${a}1, ${a ?? 'x'}, '${a}']", True)
@example("- x: {&k ${a}: 1, b: {*k : 2}}", True)
@example("%YAML 1.1\n---\na", False)
def test_any_text(text, templates):
    """Whatever is read without a fault PyYAML reads as the same, in the same places."""
    _same(text, templates=templates)


def _fails(text):
    try:
        return bool(_read(text)[1])
    except yaml.YAMLError:
        return True


@given(st.lists(_PIECES | st.text(max_size=3), max_size=30).map("".join))
@example("a: {<<: 1}")
@example("!!seq x")
def test_as_strict(text):
    """Whatever PyYAML refuses is refused here."""
    try:
        _composed(text)
    except (yaml.YAMLError, ValueError, KeyError, IndexError, TypeError, RecursionError):
        assert _fails(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# nothing\n", None),
        ("~", None),
        ("a: 1\nb: [x, 1.5, yes, null, '1']\n", {"a": 1, "b": ["x", 1.5, True, None, "1"]}),
        ("- 007\n- 0\n- -3\n- 1_000\n- 12345678901234567890\n", [7, 0, -3, 1000, 12345678901234567890]),
        ("{a: {b: []}, c: {}}", {"a": {"b": []}, "c": {}}),
        ("'a': |\n  x\n", {"a": "x\n"}),
        ("2026-01-02", "2026-01-02"),
        ("!!str 1", "1"),
        ("! 1", 1),
        ("!!int '0x1f'", 31),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("&x 1", 1),
        ("[&x a, *x, &y [1], *y, *y]", ["a", "a", [1], [1], [1]]),
        ("&x a: 1\nb: {*x : 2}", {"a": 1, "b": {"a": 2}}),
        ("b: 1\n<<: {a: 1, b: 2}", {"a": 1, "b": 1}),
        ("<<: [{a: 1, b: 1}, {b: 2, c: 2}]\nc: 3", {"a": 1, "b": 1, "c": 3}),
        ("'<<': 1", {"<<": 1}),
    ],
)
def test_data(text, expected):
    """Values, tags of JSON's kinds, aliases and merges are read as PyYAML does, in the same order."""
    assert (repr(expected), []) == (repr(_read(text)[0]), _read(text)[1])
    _same(text)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: 1\na: 2", [(5, "duplicate-key", ("a",), 0)]),
        (
            "a:\n- {b: 1, b: 2, b: 3}",
            [(12, "duplicate-key", ("a", 0, "b"), 6), (18, "duplicate-key", ("a", 0, "b"), 6)],
        ),
        ("1: x", [(0, "key", (), None)]),
        ("[a]: {b: 1, b: 2}", [(0, "key", (), None), (12, "duplicate-key", ("?", "b"), 6)]),
        ("x: {? {a: 1} : y}", [(6, "key", ("x",), None)]),
        ("!foo a: x", [(0, "key", (), None)]),
        ("- !x a", [(2, "tag", (0,), None)]),
        ("!!set {a}", [(0, "tag", (), None)]),
        ("- !!seq x", [(2, "tag", (0,), None)]),
        ("- !!str [a]", [(2, "tag", (0,), None)]),
        ("- <<", [(2, "tag", (0,), None)]),
        ("- 0b_\n- .nan", [(2, "number", (0,), None), (8, "number", (1,), None)]),
        ("- " + "9" * 5000, [(2, "number", (0,), None)]),
        ("- 1" + ":59" * 2000, [(2, "number", (0,), None)]),
        ("- &x 1\n- &x 2", [(9, "anchor", (1,), 2)]),
        ("- *x", [(2, "alias", (0,), None)]),
        ("{*x : 1}", [(1, "alias", (), None)]),
        ("- &x .nan\n- *x\n- {*x : 1}", [(2, "number", (0,), None), (18, "key", (2,), None)]),
        ("- &x !foo 1\n- *x", [(2, "tag", (0,), None)]),
        ("- {<<: *x}", [(7, "alias", (0, "<<"), None)]),
        ("- &a {}\n- {<<: [*a, *x]}", [(20, "alias", (1, "<<", 1), None)]),
        ("? [&a x]\n: *a", [(2, "key", (), None)]),
        ("a: &a [*a]", [(7, "alias", (), None)]),
        ("- {<<: [1]}", [(3, "merge", (0, "<<"), None)]),
        ("<<: {}\n<<: {}", [(7, "duplicate-key", ("<<",), 0)]),
        ("[" * 101 + "]" * 101, [(100, "nesting", (), None)]),
    ],
)
def test_faults(text, faults):
    """Whatever no workflow can hold has a place, a path and, given twice, the place of the first."""
    assert sorted(faults) == sorted((each.offset, each.code, each.path, each.first) for each in _read(text)[1])


def test_templates_in_brackets():
    """Templates that were out of YAML's way are put back."""
    assert (["${a}", "x ${b[0]}", "'"], []) == _read('[${a}, x ${b[0]}, "\'"]', templates=True)


def test_templates_in_faults():
    """What is wrong with a template in brackets is told with it, not with what was put there."""
    _, faults = _read("[!!int ${a}, {!!bool ${b} c: 1}]", templates=True)
    assert ["${a} is not an integer a workflow can hold", 'quote it: "${b} c"'] == [faults[0].message, faults[1].hint]


def test_faults_end():
    """After a thousand nothing more is looked for."""
    assert 1001 == len(_read("- .nan\n" * 3000)[1])
