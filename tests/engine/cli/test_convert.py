"""Workflows from one form to another."""

import contextlib
import io
import json
import os
import threading
from itertools import pairwise

import pytest
from generated import meaning, workflows
from hypothesis import HealthCheck, given, settings

from pflow_engine.cli.main import ended
from pflow_engine.document.load import load

NODE = {"id": "a", "type": "echo", "purpose": "It acts."}
quiet = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet
@given(ir=workflows())
def test_round_trip(project, ir):
    """JSON to YAML to Markdown to JSON, each through a file, is the same workflow."""
    (project / "1.json").write_text(json.dumps(ir))
    names = ["1.json", "2.yaml", "3.pflow.md", "4.json"]
    for source, target in pairwise(names):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            assert ("", 0) == (said.getvalue(), ended(["convert", source, "-o", target, "--force"])), said.getvalue()
    assert meaning(ir) == meaning(load("4.json").ir)


@pytest.mark.parametrize(("form", "begins"), [("json", "{\n"), ("yaml", "nodes:\n"), ("markdown", "## Steps\n")])
def test_to_stdout(called, write, form, begins):
    """Without a target the text is all of stdout."""
    code, out, err = called("convert", write([NODE], ir_version="0.1.0"), "--to", form)
    assert (0, "", True) == (code, err, begins in out)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "say which form with --to, or the file to write with -o"),
        (["-o", "x.md"], "'x.md' must end with .json, .yaml, .yml or .pflow.md"),
        (["-o", "", "--to", "yaml"], "'' must end with .json"),
        (["-o", "x.json", "--to", "yaml"], "'x.json' is json by its name, not yaml"),
        (["--to", "toml"], "'toml' is not one of"),
    ],
)
def test_usage(called, write, options, said):
    """A target that does not say its form, or another one, is a mistake of the call."""
    code, out, err = called("convert", write([NODE]), *options)
    assert (2, "", True) == (code, out, said in err)


def test_never_overwrites(called, write, project):
    """A file that is there stays as it was, unless it is forced."""
    file = write([NODE])
    (project / "x.yaml").write_text("mine")
    refused = called("convert", file, "-o", "x.yaml")
    assert (2, "", "x.yaml: error: there is a file of that name [exists]\n  hint: --force overwrites it\n") == refused
    assert "mine" == (project / "x.yaml").read_text()
    assert (0, "", "") == called("convert", file, "-o", "x.yaml", "--force")
    assert [NODE] == load("x.yaml").ir["nodes"]


def test_one_of_many_writes(write, start):
    """Of many that write the same file at once, one does, and the others are refused."""
    file = write([NODE])
    ends = [process.wait(60) for process in [start("convert", file, "-o", "x.yaml") for _ in range(4)]]
    assert [0, 2, 2, 2] == sorted(ends)


def test_whole_or_not_at_all(called, write, project, monkeypatch):
    """What cannot be written leaves nothing behind."""
    file = write([NODE])

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    before = sorted(project.iterdir())
    code, out, err = called("convert", file, "-o", "x.yaml")
    assert (2, "") == (code, out)
    assert "x.yaml: error: cannot be written: no space left on device [unwritable]\n  hint: look at its folder\n" == err
    assert before == sorted(project.iterdir())


def test_no_folder(called, write):
    """A folder that is not there is not made."""
    code, _, err = called("convert", write([NODE]), "-o", "no/x.yaml")
    assert (2, True) == (code, "cannot be written: no such file or directory" in err)


def test_no_words(called, write, project):
    """What Markdown cannot say is told with its places, all at once, and nothing is written."""
    nodes = [{"id": "A", "type": "echo", "purpose": "p"}, {"id": "b", "type": "echo"}]
    code, out, err = called("convert", write(nodes, inputs={"x": {}}), "-o", "x.pflow.md")
    assert (1, "") == (code, out)
    assert [
        "w.json:1:12: error: Markdown has no words for the name 'A' [no-markdown]",
        "w.json:1:57: error: Markdown has no words for 'b', which has no purpose [no-markdown]",
        "w.json:1:103: error: Markdown has no words for 'x', which has no description [no-markdown]",
    ] == [line for line in err.splitlines() if "error: " in line]
    assert not (project / "x.pflow.md").exists()


def test_unsound(called, write):
    """What is no workflow is not converted."""
    code, out, err = called("convert", write([{"id": 1}]), "--to", "yaml")
    assert (1, "") == (code, out)
    assert err.startswith("w.json:1:")


def test_wrapper(called, project):
    """Of what stands around a wrapped workflow its name is kept; of the rest it is told that it is not."""
    (project / "w.json").write_text(json.dumps({"name": "n", "author": "me", "ir": {"nodes": [NODE]}}))
    code, _, err = called("convert", "w.json", "-o", "x.yaml")
    assert (0, "w.json:1:15: warning: 'author' beside the IR is not kept [not-kept]") == (code, err.splitlines()[0])
    assert "n" == load("x.yaml").ir["name"]


@pytest.fixture
def nested(write):
    """A workflow in ``flows`` that nests one below it."""
    write([NODE], "flows/sub/kid.json")
    return write(
        [{"id": "s", "type": "workflow", "purpose": "It nests.", "params": {"workflow_ref": "sub/kid.json"}}],
        "flows/top.json",
    )


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("flows/x.yaml", "sub/kid.json"),
        ("x.pflow.md", "flows/sub/kid.json"),
        ("flows/sub/x.yaml", "kid.json"),
        ("other/deep/x.json", "../../flows/sub/kid.json"),
    ],
)
def test_nested_elsewhere(called, nested, project, target, expected):
    """Nested workflows are found from the folder of the target."""
    (project / "other" / "deep").mkdir(parents=True)
    assert (0, "", "") == called("convert", nested, "-o", target)
    assert expected == load(target).ir["nodes"][0]["params"]["workflow_ref"]
    assert (0, "", "1 workflow, 0 errors\n") == called("validate", target)


def test_nested_absolute(called, write, project):
    """A nested workflow that is named from the root stays so; other nodes' params of that name are theirs."""
    write([NODE], "kid.json")
    kid = str(project / "kid.json")
    nodes = [
        {"id": "s", "type": "workflow", "params": {"workflow_ref": kid}},
        {"id": "e", "type": "echo", "params": {"workflow_ref": "kid.json"}},
        {"id": "u", "type": "unknown"},
    ]
    (project / "d").mkdir()
    assert 0 == called("convert", write(nodes), "-o", "d/x.json").code
    assert [kid, "kid.json"] == [node["params"]["workflow_ref"] for node in load("d/x.json").ir["nodes"][:2]]


def test_nested_by_template(called, write, project):
    """A nested workflow that is named by a template cannot be found from elsewhere: that is refused."""
    node = {"id": "s", "type": "workflow", "params": {"workflow_ref": "${name}.json"}}
    file = write([node], inputs={"name": {}})
    (project / "d").mkdir()
    code, out, err = called("convert", file, "-o", "d/x.json")
    assert (1, "") == (code, out)
    assert err.startswith("w.json:1:72: error: the file of this workflow is named by a template")
    assert not (project / "d" / "x.json").exists()
    assert 0 == called("convert", file, "-o", "x.json").code


def test_never_half(called, write, project):
    """Whoever reads while a file is overwritten sees a whole workflow."""
    files = [write([{**NODE, "params": {"x": letter * 200_000}}], f"{letter}.json") for letter in "ab"]
    assert 0 == called("convert", files[0], "-o", "x.json").code
    done, seen = threading.Event(), []

    def read():
        while not done.is_set():
            seen.append(len(load(project / "x.json").ir["nodes"]))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(10):
        assert 0 == called("convert", files[number % 2], "-o", "x.json", "--force").code
    done.set()
    reader.join()
    assert {1} == set(seen)
