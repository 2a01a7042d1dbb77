import json

import pytest

from pflow_testkit.mutation.model import Idea
from pflow_testkit.mutation.words import change_in_short
from pflow_testkit.secrecy import redactor_of

IR = {
    "inputs": {"api_key": {"type": "string", "default": "hunter2"}},
    "nodes": [{"id": "say", "type": "echo", "params": {"token": "s3cr3t-and-long"}}],
}
TEXT = ("nodes", 0, "params", "text")


def _told(was, now, path=TEXT):
    return change_in_short(Idea(path, was, now, ()), redactor_of(IR))


def test_long_change():
    """Of a long value the place is shown where it changed."""
    was, now = _told(json.dumps([*range(50)]), json.dumps([*range(49)]))
    assert ("… 44, 45, 46, 47, 48, 49]", "… 44, 45, 46, 47, 48]") == (was, now)


def test_long_and_unlike():
    """Where the beginnings differ they are what is shown, at most 60 characters."""
    was, now = _told("a" * 100, "b" * 100)
    assert ("a" * 59 + "…", "b" * 59 + "…") == (was, now)


@pytest.mark.parametrize(
    ("was", "now", "path", "told"),
    [
        ('"abc"', '"abcx"', ("nodes", 0, "params", "token"), ("[redacted]", "another")),
        ('"abc"', "left out", ("nodes", 0, "params", "token"), ("[redacted]", "left out")),
        ('"hunter2"', '"hunter2x"', ("inputs", "api_key", "default"), ("[redacted]", "another")),
        ('"hunter2"', '"hunter2x"', TEXT, ('"[redacted]"', "another")),
        ('{"pin": "s3cr3t-and-long"}', "left out", TEXT, ('{"pin": "[redacted]"}', "left out")),
        ("${api_key}", "${say.text}", TEXT, ("${api_key}", "${say.text}")),
        ("hunter2", "nothing", TEXT, ("[redacted]", "another")),
        ('"abc"', '"abcx"', TEXT, ('"abc"', '"abcx"')),
    ],
)
def test_secrets(was, now, path, told):
    """A secret is told neither as it was nor as it is, a template as it stands."""
    assert told == _told(was, now, path)
