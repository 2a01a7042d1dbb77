"""Whatever stands in a file, it is a workflow, or refused with the place of each thing that is wrong."""

import codecs
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pflow_engine import InvalidWorkflow, Registry
from pflow_engine.document.load import load
from pflow_engine.document.write import to_text
from pflow_engine.validation import find_problems
from pflow_testkit.strategies import workflows

REGISTRY = Registry.default()
SIZE = 2000


def told(path):
    """What is said of a file: each problem has a place, and can be shown anywhere."""
    try:
        problems = find_problems(load(path), REGISTRY)
    except InvalidWorkflow as error:
        problems = error.problems
        assert problems
    for problem in problems:
        assert problem.position is not None
        assert str(problem).encode()
    return problems


class _Work:
    """Counts calls, of Python's own functions too, until there are more than anyone needs."""

    def __init__(self):
        self.calls = 0

    def __call__(self, _frame, event, _what):
        self.calls += event in ("call", "c_call")

    def of(self, path):
        """The calls it takes to say what is wrong with a file."""
        self.calls = 0
        sys.setprofile(self)
        try:
            told(path)
        finally:
            sys.setprofile(None)
        return self.calls


def test_hostile_files(hostile):
    """A file made to break who reads it is refused, or read; twice the size is about twice the work, in calls."""
    work = _Work()
    work.of(hostile(SIZE // 2))  # whatever is made once
    before = work.of(hostile(SIZE))
    assert work.of(hostile(2 * SIZE)) <= 2.5 * before + 2000


def test_bounded_work(bounded):
    """Where each name takes more work than the one before, there is an end to it."""
    work = _Work()
    before = work.of(bounded(30 * SIZE))
    assert work.of(bounded(60 * SIZE)) <= 2.5 * before


PIECES = st.sampled_from(
    [
        "\0", "\r", "\r\n", "\n", "\t", "\ufeff", "\u2028", "\x85", "\u202e", '"', "'", "\\", "\\ud800", "{", "}", "[", "]", ",", ":", "- ",
        "? ", "&a ", "*a", "!!int ", "!!python/none ", "<<: ", "---\n", "...\n", "%YAML 9\n", "#", "## Steps\n", "### a\n", "```", "~~~", "|\n",
        ">\n", "${", "}", "$${", "${a ?? ", "9" * 400, "1e999", "NaN", "null", "true", "0x", "nodes", "type", "batch", "items", " " * 120,
        "[" * 120, "{a: " * 120, "\N{PILE OF POO}",
    ]
)  # fmt: skip
RAW = st.sampled_from([b"\xff", b"\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", codecs.BOM_UTF16_LE, codecs.BOM_UTF8])
PLACES = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), PLACES, PIECES.map(str.encode) | RAW | st.binary(max_size=3)),
        st.tuples(st.just("flip"), PLACES, st.integers(0, 7)),
        st.tuples(st.just("cut"), PLACES, PLACES),
        st.tuples(st.just("twice"), PLACES, PLACES),
        st.tuples(st.just("end"), PLACES, st.none()),
    ),
    max_size=4,
)
BREAKS = st.sampled_from(["\n", "\r\n", "\r"])
FORMS = {".json": "json", ".yaml": "yaml", ".pflow.md": "markdown"}


def told_of(ir):
    """The workflow with words on everything, which Markdown asks for."""
    nodes = [{**node, "purpose": "It acts."} for node in ir["nodes"]]
    declared = {
        part: {name: {**each, "description": "It is."} for name, each in ir[part].items()}
        for part in ("inputs", "outputs")
        if part in ir
    }
    return {**ir, "nodes": nodes, **declared}


def changed(raw, change):
    """Bytes with one change: something put in, a bit turned, a part taken out or repeated, or the end cut off."""
    word, place, what = change
    at = int(place * len(raw))
    if word == "put":
        return raw[:at] + what + raw[at:]
    if word == "flip":
        return raw[:at] + bytes([raw[at] ^ 1 << what]) + raw[at + 1 :] if raw else raw
    if word == "end":
        return raw[:at]
    end = min(len(raw), at + int(what * 40))
    return raw[:at] + (raw[at:end] * 2 if word == "twice" else b"") + raw[end:]


def damaged(raw, changes):
    """Bytes with all changes, one after the other."""
    for change in changes:
        raw = changed(raw, change)
    return raw


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for files that are written over and over."""
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize("ending", FORMS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ir=workflows(max_nodes=3), changes=CHANGES, line_break=BREAKS)
def test_damaged_files(folder, ending, ir, changes, line_break):
    """A sound file with bits turned, parts cut out, repeated or put in is refused, or read."""
    path = folder / f"w{ending}"
    text = to_text(told_of(ir), FORMS[ending]).replace("\n", line_break)
    path.write_bytes(damaged(text.encode(), changes))
    told(path)


@pytest.mark.parametrize("ending", FORMS)
@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(PIECES.map(str.encode) | RAW | st.binary(max_size=4), max_size=30))
def test_made_of_pieces(folder, ending, pieces):
    """A file of nothing but pieces that mean something somewhere is refused, or read."""
    path = folder / f"p{ending}"
    path.write_bytes(b"".join(pieces))
    told(path)
