"""A value to the secrets in it."""

import pytest

from pflow_engine import InvalidInput
from pflow_engine.trace import named_secrets, registered_secrets
from pflow_engine.trace.finding import environment_secrets


def test_shared_structures():
    """A value that holds itself, or another one very often, is looked through once."""
    value = [{"token": "abc"}]
    for _ in range(60):
        value = [value, value]
    value.append({"secret": value, "again": value})
    assert {"abc"} == set(named_secrets(value))


def test_environment(monkeypatch):
    """The environment's secrets are those of variables with such names, and those in URLs."""
    names = {"HOME": "/home/ada", "FOO_TOKEN": "s3cr3t-one", "DATABASE": "postgres://ada:s3cr3t-two@host/db"}
    monkeypatch.setattr("os.environ", names)
    assert {"s3cr3t-one", "s3cr3t-two"} == set(environment_secrets())


def test_huge_number():
    """A number that Python would not write out is no secret."""
    assert [] == list(named_secrets({"token": 10**5000}))


def test_registered():
    """Any iterable of texts can be registered."""
    assert ("a", "b") == registered_secrets(text for text in "ab")


@pytest.mark.parametrize("given", ["s3cr3t-one", b"s3cr3t-one", ["s3cr3t-one", None]])
def test_not_registered(given):
    """What is no series of texts is refused, without saying what it is."""
    with pytest.raises(InvalidInput) as caught:
        registered_secrets(given)
    assert ("secrets", False) == (caught.value.code, "s3cr3t" in str(caught.value))
