from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_testkit.storage import clashes, folder_of, slug, snapshot_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two commits", "two-commits"),
        ("rate_limited.v2", "rate_limited.v2"),
        ("test_x[a-b]", "test_x[a-b]"),
        ("über füll", "über-füll"),
        ("日本語", "日本語"),
    ],
)
def test_plain_names(name, expected):
    """A plain name is its own file name, with hyphens for spaces."""
    assert expected == slug(name)


@pytest.mark.parametrize("name", ["a/b", "a  b", "a:b", "..", ".hidden", " a", "what?", "x" * 400, "ä" * 200, "\\"])
def test_odd_names(name):
    """Any other name gets a part of its hash, stays in its folder and fits a file system."""
    file = snapshot_name(name, "batch_metadata")
    assert not {"/", "\\", ":", "?"} & set(file)
    assert not file.startswith(".")
    assert len(file.encode()) < 200


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_keep_apart(one, other):
    """Two names share a file only where it is said that they clash."""
    if slug(one).casefold() == slug(other).casefold():
        assert one == other or clashes([one, other])
    else:
        assert not clashes([one, other])


def test_clash_names_the_first():
    """Names that differ by a hyphen or by case would share a file; the later one is told which."""
    assert {"a-b": "a b", "A b": "a b"} == clashes(["a b", "c", "a-b", "A b", "c"])


def test_folder_has_the_whole_name():
    """Two files of one stem have folders of their own."""
    assert Path("flows/__traces__/hello.json") == folder_of("__traces__", Path("flows/hello.json"))
    assert Path("flows/__traces__/hello.yaml") == folder_of("__traces__", Path("flows/hello.yaml"))
