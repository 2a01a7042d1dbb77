"""JSON text to data and places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.document import json_form
from pflow_engine.errors import InvalidWorkflow

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _problems(text):
    with pytest.raises(InvalidWorkflow) as caught:
        json_form.parse(text, "f.json")
    return caught.value.problems


def _found(text):
    try:
        json_form.parse(text, "f.json")
    except InvalidWorkflow as error:
        return error.problems
    return ()


def _values(data, path=()):
    yield path, data
    for step, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _values(value, (*path, step))


@given(_JSON, st.sampled_from([None, 2]), st.booleans())
def test_round_trip(data, indent, ascii_only):
    """Any JSON comes back as the data it was made of."""
    assert data == json_form.parse(json.dumps(data, indent=indent, ensure_ascii=ascii_only), "f.json")


@given(_JSON, st.sampled_from([None, 2]), st.booleans())
def test_spans(data, indent, ascii_only):
    """The span of a value holds that value, the span of a key that key."""
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    spans = json_form.spans(text)
    for path, value in _values(data):
        assert value == json.loads(text[slice(*spans.value(path))])
        if path and isinstance(path[-1], str):
            assert path[-1] == json.loads(text[slice(*spans.key(path))])


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ('{"a": [1,]}', (1, 10), "a value is expected, found ']'", "take out the comma before it"),
        ('{"a": 1,\n}', (2, 1), "a key in double quotes is expected, found '}'", "take out the comma before it"),
        ('{"a": 1 // b\n}', (1, 9), "',' or the closing bracket is expected, found '/'", "JSON has no comments"),
        ("{'a': 1}", (1, 2), "a key in double quotes is expected, found '''", "JSON takes straight double quotes"),
        ('{"a": 1\n "b": 2}', (2, 2), "',' or the closing bracket is expected", "missing at the end of line 1"),
        ('{"a": True}', (1, 7), "a value is expected, found 'T'", "true, false and null"),
        ('{"a": 1} {', (1, 10), "the file should end here, found '{'", "a file holds one workflow"),
        ('{"a": [1,\n 2', (2, 3), "expected, but the text ends here", "'[' of line 1 is still open"),
        ('{"a": [1, 2}', (1, 12), "expected, found '}'", "'[' of line 1 is still open"),
        ('{"a" 1}', (1, 6), "':' is expected after the key, found '1'", "put ':' between key and value"),
        ('{"a": "x\ny"}', (1, 9), "text cannot go on over a line break", "write \\n for a line break"),
        ('{"a": "x', (1, 7), "this text is never closed", 'close it with "'),
        ('{"a": "\\x"}', (1, 8), "a backslash starts no such escape", "write \\\\ for a backslash"),
        ('{"a": "\\u12"}', (1, 9), "\\u takes four hexadecimal digits", "write all four"),
        ("{\n<<<<<<< HEAD\n", (2, 1), "a key in double quotes is expected, found '<'", "a merge conflict"),
        ("nonsense", (1, 1), "a value is expected, found 'n'", ""),
        ("]", (1, 1), "a value is expected, found ']'", ""),
        ("\x00", (1, 1), "a value is expected, found '\\x00'", ""),
        ("\ufeff{}", (1, 1), "Unexpected UTF-8 BOM", ""),
    ],
)  # fmt: skip
def test_syntax(text, place, message, hint):
    """What is no JSON is told with its place, what stands there and the likely fix."""
    (problem,) = _problems(text)
    assert (place, "syntax") == ((problem.position.line, problem.position.column), problem.code)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "message", ["Illegal trailing comma before end of array", "Illegal trailing comma before end of object"]
)
def test_newer_python(monkeypatch, message):
    """A trailing comma reads the same where Python reports the comma itself."""

    def refuse(text, **_options):
        raise json.JSONDecodeError(message, text, text.index(","))

    monkeypatch.setattr(json_form.json, "loads", refuse)
    (problem,) = _problems("[1, ]")
    assert (5, "take out the comma before it") == (problem.position.column, problem.hint)


def test_duplicate_keys():
    """Every key given twice is named, each in its own map."""
    found = _problems('{"a": {"x": 1},\n "b": {"x": 1, "x": 2},\n "a": {"x": 3}}')
    assert [("b.x", 2), ("a", 3)] == [(problem.path, problem.position.line) for problem in found]
    assert "take one out; the first is in line 2" == found[0].hint


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_no_number(word):
    """A number that JSON has no word for is refused where it stands, not where its letters first occur."""
    (problem,) = _problems(f'{{"NaN": "NaN -Infinity", "n": [1, {word}, true, null]}}')
    assert (f"{word} is no number a workflow can hold", "n[1]") == (problem.message, problem.path)


def test_huge_integer():
    """An integer of 5000 digits is refused, and not shown in full."""
    (problem,) = _problems(f'{{"n": {"9" * 5000}}}')
    assert f"{'9' * 20}… is no number a workflow can hold" == problem.message


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('["\\ud83d\\ude00 \\ud800"]', [16]),
        ('["\\\\ud800"]', []),
        ('{"\\uDC00": "\\ud83d\\ud83d\\ude00"}', [3, 13]),
    ],
)
def test_half_characters(text, columns):
    """Half a character is refused, a pair of halves and an escaped backslash are not."""
    assert columns == [problem.position.column for problem in _found(text)]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[" * 101 + "]" * 101, '["[", ' + "[" * 100 + "]" * 101]
)
def test_too_deep(text):
    """Nesting that would exhaust the stack is refused at the bracket that is one too many."""
    (problem,) = _problems(text)
    assert "nesting" == problem.code
    assert problem.position.column > 100


def test_deep_enough():
    """A hundred levels are allowed."""
    assert json_form.parse("[" * 100 + "]" * 100, "f.json")


def test_too_many():
    """Of half a million problems the first thousand are reported, and that there are more."""
    found = _problems(f"[{'NaN,' * 2000}1]")
    assert (1001, "too-many") == (len(found), found[-1].code)


@given(_JSON, st.data())
def test_mutated(data, draw):
    """A damaged text is refused with a position, or is JSON still."""
    text = json.dumps(data)
    at = draw.draw(st.integers(0, len(text)))
    damaged = text[:at] + draw.draw(st.text(max_size=3)) + text[at + 1 :]
    assert all(problem.position for problem in _found(damaged))
