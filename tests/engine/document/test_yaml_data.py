"""The quick way through YAML beside the careful one: they may not differ."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pflow_engine.document import yaml_form
from pflow_engine.document.flow_templates import shielded
from pflow_engine.document.positions import Source
from pflow_engine.document.yaml_data import NeedsCare, quick_data
from pflow_engine.errors import InvalidWorkflow

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


def _quick(text, *, templates=False):
    shield = shielded(text) if templates else None
    loader = yaml_form._WorkflowLoader(shield.text if shield else text)
    try:
        return quick_data(loader, shield.text_at if shield and shield.starts else None)
    finally:
        loader.dispose()


def _careful(text, *, templates=False):
    shield = shielded(text) if templates else yaml_form.Shield(text)
    try:
        return yaml_form._parse_with_care(Source.of(text, ""), shield)
    except (InvalidWorkflow, yaml.YAMLError) as error:
        return error


def _same(text, *, templates=False):
    try:
        quick = _quick(text, templates=templates)
    except (NeedsCare, yaml.YAMLError):
        return
    assert repr(quick) == repr(_careful(text, templates=templates))


@given(_DATA, st.booleans())
def test_written_data(data, flow):
    """What a YAML library writes is read the same both ways."""
    _same(yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True))


@given(st.lists(_PIECES | st.text(max_size=3), max_size=30).map("".join), st.booleans())
@example("a: &x 1\nb: &x 2\n", False)
@example("{a: 1, a: 2}", False)
@example("--- 1\n--- 2\n", False)
@example("---\n---\n", False)
@example("[" * 101 + "]" * 101, False)
@example("[1${a}, ${a}1, ${a ?? 'x'}, '${a}']", True)
@example("%YAML 1.1\n---\na", False)
def test_any_text(text, templates):
    """Whatever the quick way takes, the careful one takes for the same."""
    _same(text, templates=templates)


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
    ],
)
def test_plain_data(text, expected):
    """Plain data is read the quick way."""
    assert repr(expected) == repr(_quick(text))


@pytest.mark.parametrize(
    "text",
    [
        *("a: 1\na: 2", "1: x", "null: x", "[a]: b", "? {a: 1}\n: x", "<<: {a: 1}"),
        *("!!str 1", "!x a", "- !!set {a}", "&x 1", "&x [1]", "[&x a, *x]"),
        *("0b_", ".nan", "[.inf]", "9" * 5000, "1" + ":59" * 100, "<<"),
        *("--- 1\n--- 2\n", "---\n---\n", "[" * 101 + "]" * 101),
    ],
)
def test_needs_care(text):
    """Whatever is wrong or rare is left to who can say where and why."""
    with pytest.raises(NeedsCare):
        _quick(text)


def test_templates_in_brackets():
    """Templates that were out of YAML's way are put back."""
    assert ["${a}", "x ${b[0]}", "'"] == _quick('[${a}, x ${b[0]}, "\'"]', templates=True)
