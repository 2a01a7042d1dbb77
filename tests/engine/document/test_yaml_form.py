"""YAML text to data and places."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.document import yaml_form
from pflow_engine.errors import InvalidWorkflow

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)
_BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]" for before, name in zip("abcdef", "bcdefg", strict=True)
)


def _problems(text):
    with pytest.raises(InvalidWorkflow) as caught:
        yaml_form.parse(text, "f.yaml")
    return caught.value.problems


def _found(text):
    try:
        yaml_form.parse(text, "f.yaml")
    except InvalidWorkflow as error:
        return error.problems
    return ()


def _places(text):
    return [(problem.code, problem.position.line, problem.position.column) for problem in _problems(text)]


@given(_DATA)
def test_round_trip(data):
    """What PyYAML writes comes back as the data it was made of."""
    assert data == yaml_form.parse(yaml.safe_dump(data), "f.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d: 2020-01-01", {"d": "2020-01-01"}),
        ("d: 2020-01-01T10:00:00Z", {"d": "2020-01-01T10:00:00Z"}),
        ("d: =", {"d": "="}),
        ("y: yes", {"y": True}),
        ("x: &x {a: 1}\ny: {<<: *x, b: 2}", {"x": {"a": 1}, "y": {"a": 1, "b": 2}}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("# nothing", None),
        ("t: |\n  ${a}\n  ${b}\n", {"t": "${a}\n${b}\n"}),
    ],
)
def test_values(text, expected):
    """Values are those of JSON: dates stay text; aliases and merges work."""
    assert expected == yaml_form.parse(text, "f.yaml")


def test_spans():
    """Places count in characters, not in bytes."""
    text = "é: 😀\nlist:\n  - a: 'b'\n"
    spans = yaml_form.spans(text)
    assert "😀" == text[slice(*spans.value(("é",)))]
    assert "'b'" == text[slice(*spans.value(("list", 0, "a")))]
    assert "list" == text[slice(*spans.key(("list",)))]


def test_spans_of_nothing():
    """A text with nothing in it has no places."""
    assert yaml_form.spans("# nothing").nearest(("a",)) is None


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a: 1\n\tb: 2", (2, 1), "a tab where spaces are needed", "indent with spaces"),
        ("a:\n\t- b", (2, 1), "a tab where spaces are needed", "indent with spaces"),
        ("a: [1, 2\nb: 3", (2, 2), "did not find expected ',' or ']'", "it belongs to what starts in line 1"),
        ("a: 'x\nb: 1", (1, 4), "this text is never closed", "close its quote"),
        ("a: b: c", (1, 5), "a ':' that makes no key here", "put text with ': ' in it in quotes"),
        ("a: @b", (1, 4), "this character starts no value", "put the value in quotes"),
        ("a: 1\n---\nb: 2", (2, 1), "a second document", "a file holds one workflow: take out the '---' here"),
        ("a: [${b}]", (1, 6), "did not find expected", "put a template in quotes"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n", (3, 1), "", "line 2 starts a merge conflict: keep one side of it"),
        ("- a: 1\n b: 2", (2, 2), "a '-' is expected here", "look at the indentation of this line"),
        ("a: 1\n  b: 2", (2, 4), "a ':' that makes no key here", ""),
        ("é: 'é\x01'", (1, 6), "control characters are not allowed", "take the character out"),
        ("a: \x00", (1, 4), "control characters are not allowed", "take the character out"),
        ('a: "\\ud800"', (1, 7), "invalid Unicode character escape code", ""),
        ("%FOO", (1, 5), "found unknown directive name", ""),
    ],
)  # fmt: skip
def test_syntax(text, place, message, hint):
    """What is no YAML is told with its place and the likely fix."""
    (problem,) = _problems(text)
    assert (place, "syntax") == ((problem.position.line, problem.position.column), problem.code)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("on", "the key is a boolean to YAML, not text", 'quote it: "on"'),
        ("404", "the key is an integer to YAML, not text", 'quote it: "404"'),
        ("~", "the key is null to YAML, not text", 'quote it: "~"'),
        ("[1]", "the key is a list to YAML, not text", "use text"),
        ("!x y", "the key is no text to YAML, not text", 'quote it: "y"'),
    ],
)
def test_keys(key, message, hint):
    """A key that YAML reads as something else than text is refused."""
    (problem,) = _problems(f"a:\n  {key}: 1")
    assert ("key", message, hint, "a", 2) == (
        problem.code, problem.message, problem.hint, problem.path, problem.position.line,
    )  # fmt: skip


def test_duplicate_keys():
    """Every key given twice is named, with the line of the first."""
    (problem,) = _problems("a: 1\nb: 2\na: 3")
    assert (3, "take one out; the first is in line 1") == (problem.position.line, problem.hint)


@pytest.mark.parametrize(
    "value",
    [
        ".inf", "-.inf", ".nan", "0b_", '!!int ""', "!!bool x", "!!float x", "9" * 5000, "1" + ":59" * 2000,
        "1" + ":59" * 2000 + ".0", "0x" + "f" * 4000,
    ],
)  # fmt: skip
def test_no_number(value):
    """A number JSON has no word for, or that is none, is refused with its place."""
    assert [("number", 1, 4)] == _places(f"a: {value}")


@pytest.mark.parametrize("tag", ["!!python/object:os.x {}", "!!set {a}", "!!binary aGk=", "!mine 1", "<<"])
def test_tags(tag):
    """A tag that makes something else than JSON is refused with its place."""
    assert [("tag", 1, 4)] == _places(f"a: {tag}")


def test_all_problems():
    """Problems of all kinds are reported at once, in the order of the file."""
    text = "a: .inf\na: 1\non: !x y\n"
    assert [("number", 1, 4), ("duplicate-key", 2, 1), ("key", 3, 1), ("tag", 3, 5)] == _places(text)


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a\n  b: *a\n", _BOMB], ids=["list", "map", "bomb"])
def test_aliases(text):
    """Aliases that stand for themselves or for too much are refused at the first of them."""
    assert ["alias"] == [code for code, *_ in _places(text)]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "[" * 1_000_000,
        "{" * 10_000,
        "- " * 10_000,
        "? " * 10_000,
        "\n".join(" " * n + "a:" for n in range(200)),
    ],
    ids=["list", "megabyte", "map", "dashes", "keys", "indented"],
)
def test_too_deep(text):
    """Nesting that would exhaust the stack is refused with its place."""
    assert ["nesting"] == [code for code, *_ in _places(text)]


def test_many_brackets():
    """Many brackets side by side are not deep."""
    assert [[]] * 200 == yaml_form.parse(f"[{'[],' * 200}]", "f.yaml")


@given(_DATA, st.data())
def test_mutated(data, draw):
    """A damaged text is refused with a position, or is YAML still."""
    text = yaml.safe_dump(data)
    at = draw.draw(st.integers(0, len(text)))
    damage = st.text(st.characters(codec="utf-8"), max_size=3) | st.sampled_from(["&a ", "*a", "!!int ", "\t", "- "])
    damaged = text[:at] + draw.draw(damage) + text[at + 1 :]
    assert all(problem.position for problem in _found(damaged))
