"""Secrets in the JSON of texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.trace.json_texts import json_secrets, redact_json
from pflow_engine.trace.redact import Redactor

NAMES = ("api_key", "token", "max_tokens", "cookies", "id", "naïve_password", "ttl", "text")
PLAIN = (None, True, 5, -2.5e-30, 123456789, "", "a word", 'with "quotes" and \\', "two\nlines", "ü, 漢", "[x] {y}: 3,")
DATA = st.recursive(
    st.sampled_from(PLAIN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


def _levels(data, levels, **spelling):
    for _ in range(levels):
        data = json.dumps(data, **spelling)
    return data


def _read(text, levels):
    for _ in range(levels):
        text = json.loads(text)
    return text


@given(
    DATA, st.integers(1, 4), st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])
)
def test_like_the_data(data, levels, spelling):
    """JSON as text, in JSON again too, is left as the data would be, and is JSON still."""
    text = _levels(data, levels, **spelling)
    assert Redactor.of(())(data) == _read(redact_json(text), levels)


@given(DATA, st.integers(0, 400))
def test_cut_off(data, end):
    """Cut off anywhere, it tells no more than it did whole."""
    secret = json.dumps({"token": ["s3cr3t", {"a": "s3cr3t"}, 's3cr3t"'], "data": data, "password": "s3cr3t-v4lue"})
    cut = secret[:end]
    assert "s3cr3t" not in redact_json(cut)
    assert "s3cr3t" not in redact_json(json.dumps(cut))


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 5, "name": "ada",   "keyboard": ["a", {"monkey": "b"}]}\n',
        '{"max_tokens": 100, "token_usage": {"total_tokens": 7}, "token": "", "api_key": null, "secret": false}',
        '{"key": {}, "secrets": [], "passwords": [{}, [], "", true]}',
        "tokens: a, b; the key: 5",
        '"token" and "api_key"',
        '["token", ": x", "api_key", ":"]',
        '{"token\\": "x"}',
        '{"a": "token", "value": "b", "name": "size", "value": "c"}',
        '{"token": }{"key":',
        '"token": other',
    ],
)
def test_ordinary_text(text):
    """A text without secrets stays as it is, to the byte."""
    assert text is redact_json(text)
    assert [] == list(json_secrets(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"token": "abc"}\n', '{"token": "[redacted]"}\n'),
        ('12:03 got {"api_key" :\t"a\\"b", "x": 1} ok', '12:03 got {"api_key" :\t"[redacted]", "x": 1} ok'),
        ('{"token": "a"}\n{"token": "b"}\n', '{"token": "[redacted]"}\n{"token": "[redacted]"}\n'),
        ('{"pin_token": 1234, "n": 1}', '{"pin_token": "[redacted]", "n": 1}'),
        ('{"secrets": [1, "a", {"b": "c", "size": 3}], "d": "e"}', '{"secrets": ["[redacted]", "[redacted]", {"b": "[redacted]", "size": 3}], "d": "e"}'),
        ('{"auth_tokens": {"max_tokens": [1, 2], "pin": 3}}', '{"auth_tokens": {"max_tokens": [1, 2], "pin": 3}}'),
        ('{"cookies": [{"size": 1}, 2, {"a": 3}]}', '{"cookies": [{"size": 1}, "[redacted]", {"a": "[redacted]"}]}'),
        ('{"name": "Authorization", "value": "x", "more": 1}', '{"name": "Authorization", "value": "[redacted]", "more": 1}'),
        ('{"token": "first line\nand more', '{"token": "[redacted]\nand more'),
        ('{"token": ["a", "b\nand more": "c"', '{"token": ["[redacted]", "[redacted]\nand more": "c"'),
        ('said "{\\"token\\": [\\"a" and "more"', 'said "{\\"token\\": [\\"[redacted]" and "more"'),
        ('said "{\\"token\\": [5, " and 6', 'said "{\\"token\\": [\\"[redacted]\\", " and 6'),
    ],
)  # fmt: skip
def test_in_text(text, expected):
    """What stands under the name of a secret is taken out, and nothing else changes."""
    assert expected == redact_json(text)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_found(levels):
    """Each text and long number is known as it is meant, with its name."""
    data = {"token": 'a"b\\ü', "secrets": [12345678, 1.5, {"size": 87654321}], "id": 5}
    expected = [("token", 'a"b\\ü'), ("secrets", 12345678)]
    assert expected == list(json_secrets(_levels(data, levels)))


def test_found_in_part():
    """One that is cut off in the middle of a letter is known as it stands."""
    assert [("token", "ab\\u00")] == list(json_secrets('{"token": "ab\\u00'))


@pytest.mark.parametrize(
    "text",
    ['"token":[', '"token":"', '"":', '"token": {"a":', "\\", '\\"', '"token" ', '"token":"\\', '"value":"', '"key":"a","value":'],
)  # fmt: skip
def test_hostile_text(text):
    """A megabyte of what never ends is read in one pass."""
    assert isinstance(redact_json(text * (1_000_000 // len(text))), str)


def test_very_long_number():
    """A number that Python may refuse to read is taken out, and not looked for elsewhere."""
    text = '{"token": ' + "9" * 5000 + "}"
    assert '{"token": "[redacted]"}' == redact_json(text)
    assert [] == list(json_secrets(text))
