"""What is left out would have come out as it did: shown by running everything, before and after."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pflow_testkit.gate.before.selection import Selection
from pflow_testkit.nested import Named

CONFTEST = """\
from pathlib import Path
from pflow_engine import node

WORDS = Path(__file__).parent / "words.txt"

@node("word", outputs={{"text": str}})
def word() -> dict:
    return {{"text": "{0}" + (WORDS.read_text() if WORDS.exists() else "")}}

def pflow_register_nodes(registry):
    registry.register("word", word)
"""


def flow(node):
    """A workflow of one node, whose text is its output."""
    return json.dumps({"nodes": [{"id": "say", **node}], "outputs": {"text": {"source": "${say.text}"}}})


def says(text):
    """A workflow that says it."""
    return flow({"type": "echo", "params": {"text": text}})


def nests(ref):
    """A workflow that nests one."""
    return flow({"type": "workflow", "params": {"workflow_ref": ref}})


def expects(text, snapshot=""):
    """A case file."""
    return f"cases:\n- {{name: it, expect: {{outputs: {{text: {text}}}}}{snapshot}}}\n"


KEPT = expects("x", ", snapshot: [outputs]").replace("expect: {outputs: {text: x}}, ", "")
WORD = flow({"type": "word"})
OPEN = json.dumps(
    {
        "inputs": {"ref": {"type": "string", "default": "a.json"}},
        "nodes": [{"id": "say", "type": "workflow", "params": {"workflow_ref": "${ref}"}}],
        "outputs": {"text": {"source": "${say.text}"}},
    }
)
CHOICES = {
    "flows/a.json": [says("x"), says("y"), WORD, nests("b.json"), '{"data": 1}'],
    "flows/b.json": [says("x"), says("y"), nests("../shared/c.json"), nests("sub/d.json"), OPEN],
    "flows/e.json": [nests("a.json"), nests("link.json"), OPEN, None],
    "flows/sub/d.json": [says("x"), says("y"), WORD, nests("../a.json"), None],
    "shared/c.json": [says("x"), says("y"), None],
    "flows/a.test.yaml": [expects("x"), expects("y"), KEPT, None],
    "flows/b.test.yaml": [expects("x"), KEPT, None],
    "flows/e.test.yaml": [expects("x"), expects("y"), None],
    "flows/sub/d.test.yaml": [expects("x"), None],
    "flows/__traces__/a.json/it.outputs.json": ['{\n  "text": "x"\n}\n', '{\n  "text": "y"\n}\n', None],
    "flows/__traces__/b.json/it.outputs.json": ['{\n  "text": "x"\n}\n', None],
    "flows/link.json": [("link", "../shared/c.json"), ("link", "b.json"), None],
    "flows/conftest.py": [CONFTEST.format("x"), CONFTEST.format("y")],
    "flows/words.txt": ["", "!", None],
    "README.md": ["x", "y"],
}
FILES = st.fixed_dictionaries({name: st.sampled_from(choices) for name, choices in CHOICES.items()})
EDITS = st.lists(
    st.sampled_from([(name, choice) for name, choices in CHOICES.items() for choice in choices]), min_size=1, max_size=3
)
FIRST = {name: choices[0] for name, choices in CHOICES.items()}


@dataclass(frozen=True)
class Two:
    """A repository with two states: one is committed, the other lies in the working tree."""

    pytester: pytest.Pytester
    top: Path
    before: dict
    after: dict

    def selected(self):
        """The tests that are selected, with their outcomes; of the gate there are none."""
        return self._outcomes("--pflow-changed", "--pflow-against=HEAD", "-k", "not gate")

    def everything(self):
        """All tests, and those of them that come out differently from how they did."""
        now = self._outcomes()
        write(self.top, self.before)
        was = self._outcomes()
        write(self.top, self.after)
        return now, {each for each in now if now[each] != was.get(each)}

    def _outcomes(self, *args):
        light = [
            word for name in ("hypothesispytest", "cacheprovider", "terminal", "xdist") for word in ("-p", f"no:{name}")
        ]
        own = "--pflow-workflows=flows", f"--rootdir={self.top}", "--continue-on-collection-errors", "-W", "ignore"
        run = self.pytester.inline_run(*own, *light, *args)
        reports = [report for report in run.getreports("pytest_runtest_logreport") if report.when == "call"]
        return {str(report.nodeid): report.outcome for report in reports}


@pytest.fixture
def two(pytester, monkeypatch):
    """Makes a repository of two states."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # one conftest.py follows the other within a second
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    numbers = count()

    def make(before, after):
        top = pytester.mkdir(f"repo{next(numbers)}")
        os.chdir(top)
        write(top, before)
        author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        for args in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "before"]):
            subprocess.run(["git", *args], check=True)
        write(top, after)
        return Two(pytester, top, before, after)

    return make


def write(top, files):
    """Bring files into a state: a pair is a link, None no file."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(content, tuple):
            path.symlink_to(content[1])
        elif content is not None:
            path.write_bytes(content.encode(errors="surrogatepass"))


def files_of(tests):
    """The workflows that tests are of, without folders and endings."""
    return {each.partition("::")[0].rpartition("/")[2].removesuffix(".json") for each in tests}


@given(FILES, EDITS)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_that_differs_is_left_out(two, before, edits):
    """Every test that comes out differently, or is new, is selected, and comes out as it does among all."""
    made = two(before, before | dict(edits))
    selected, (everything, differ) = made.selected(), made.everything()
    assert differ <= selected.keys()
    assert selected.items() <= everything.items()


ALL = {"a", "b", "e", "d", "link"}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({"flows/a.json": says("y")}, {"a", "e"}),
        ({"flows/a.test.yaml": expects("y")}, {"a"}),
        ({"flows/b.test.yaml": None}, {"b"}),
        ({"shared/c.json": says("y")}, {"link"}),
        ({"flows/__traces__/a.json/it.outputs.json": None}, {"a"}),
        ({"README.md": "y"}, set()),
        ({"flows/conftest.py": CONFTEST.format("y")}, ALL),
        ({"flows/words.txt": None}, ALL),
        ({"flows/link.json": ("link", "b.json")}, ALL),
        ({"flows/data.json": "[]"}, ALL),
        ({"flows/broken.json": "[", "flows/other.json": "\ud800"}, ALL),
        ({"flows/new.json": says("new")}, {"new"}),
    ],
    ids=lambda value: ",".join(sorted(value)),
)
def test_no_more_than_may_differ(two, edits, expected):
    """What is known to have no part in it is left out."""
    assert expected == files_of(two(FIRST, FIRST | edits).selected())


TWINS = {
    "nesting": (
        ("_children", lambda self, file: self._named.setdefault(file, Named((), open=False)) and ()),
        {},
        {"flows/a.json": says("y")},
    ),
    "case files": (
        ("_is_changed", lambda self, file: not file.name.endswith(".test.yaml") and self.base.is_changed(file)),
        {},
        {"flows/a.test.yaml": expects("y")},
    ),
    "conftest.py": (
        ("_is_for_all", lambda *_: False),
        {"flows/a.json": WORD},
        {"flows/conftest.py": CONFTEST.format("y")},
    ),
    "snapshots": (
        ("_kept", set()),
        {"flows/a.test.yaml": KEPT},
        {"flows/__traces__/a.json/it.outputs.json": None},
    ),
    "links": (
        ("_is_changed", lambda self, file: self.base.is_changed(file)),
        {"flows/link.test.yaml": expects("x")},
        {"shared/c.json": says("y")},
    ),
}


@pytest.mark.parametrize(("twin", "first", "edits"), TWINS.values(), ids=TWINS)
def test_broken_selection_is_caught(two, monkeypatch, twin, first, edits):
    """A selection that forgets one kind of file leaves out a test that differs."""
    made = two(FIRST | first, FIRST | first | edits)
    _, differ = made.everything()
    assert differ <= made.selected().keys()
    monkeypatch.setattr(Selection, *twin)
    assert not differ <= made.selected().keys()


def test_what_git_ignores(two):
    """A workflow or a case that git knows nothing of is always run."""
    before = FIRST | {".gitignore": "b.json\ne.test.yaml\n"}
    assert {"b", "e"} == files_of(two(before, before).selected())


def test_known_only_when_it_runs(two):
    """A workflow that names another by a template may nest any, and is always run; so is what nests it."""
    before = FIRST | {"flows/b.json": OPEN, "flows/a.json": nests("b.json")}
    assert {"a", "b", "e"} == files_of(two(before, before).selected())


def test_nests_itself(two):
    """Workflows in a circle are all met by what one of them nests."""
    before = FIRST | {"flows/a.json": nests("b.json"), "flows/b.json": nests("a.json")}
    assert {"a", "b", "e"} == files_of(two(before, before | {"flows/a.json": nests("e.json")}).selected())
