"""Completion, as a real bash asks for it, and as the functions answer."""

import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def folder(write, project):
    """Workflows, and what is none."""
    write([{"id": "n", "type": "echo"}], "flows/deep.json")
    (project / "notes.txt").write_text("")
    (project / "kinds.py").write_text(
        "import sys\nprint(1)\nprint(2, file=sys.stderr)\nfrom pflow_engine import node\n"
        "def say() -> dict: return {}\n"
        "def pflow_register_nodes(registry): print(3); registry.register('of-kinds', node('of-kinds')(say))\n"
    )
    (project / "w.test.yaml").write_text("cases: []")
    (project / ".hidden").mkdir()
    (project / "bad.yaml").write_text("nodes: {")
    (project / "odd.json").write_text(
        '{"nodes": [1, {"id": 2}, {"id": "x"}], "inputs": {"a": 1, "b": {"description": 2}}}'
    )
    (project / "odder.json").write_text('{"nodes": 1, "inputs": 1}')
    return project


@pytest.fixture
def completed(process):
    """``completed("run", "tri")``: what the command answers bash, asked as its script asks."""

    def ask(*words):
        env = {
            "_PFLOW_TESTKIT_COMPLETE": "bash_complete",
            "COMP_WORDS": "\n".join(["pflow-testkit", *words]),
            "COMP_CWORD": str(len(words)),
        }
        code, out, err = process(env=env)
        assert (0, "") == (code, err)
        return [line.removeprefix("plain,") for line in out.splitlines() if line]

    return ask


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["va"], ["validate"]),
        (["-p", ""], ["flows/", "kinds.py"]),
        (["-p", "kinds.py", "nodes", "of"], ["of-kinds"]),
        (["-p", "bad.yaml", "nodes", "of"], []),
        (["run", ""], ["bad.yaml", "flows/", "odd.json", "odder.json", "triage.json"]),
        (["run", "flows/"], ["flows/deep.json"]),
        (["run", "."], [".hidden/"]),
        (["run", "no/such"], []),
        (["describe", "t"], ["triage.json"]),
        (["convert", "t"], ["triage.json"]),
        (["validate", "triage.json", "fl"], ["flows/"]),
        (["run", "triage.json", ""], ["since=", "least="]),
        (["run", "triage.json", "si"], ["since="]),
        (["run", "triage.json", "since", "=", "v1", ""], ["least="]),
        (["run", "triage.json", "since", "="], []),
        (["run", "triage.json", "since", "=", "v"], []),
        (["run", "bad.yaml", ""], []),
        (["run", "no.json", ""], []),
        (["run", "odd.json", ""], ["b="]),
        (["run", "odder.json", ""], []),
        (["run", "triage.json", "--only", ""], ["fetch", "label"]),
        (["run", "triage.json", "--only", "=", "l"], ["label"]),
        (["run", "odd.json", "--only", ""], ["x"]),
        (["run", "odder.json", "--only", ""], []),
        (["run", "--only", ""], []),
        (["nodes", "wr"], ["write-file"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["convert", "triage.json", "--to", "y"], ["yaml"]),
    ],
)
def test_answers(folder, completed, words, expected):
    """Files, inputs, nodes, node types and choices are completed; what cannot be read has nothing to offer."""
    assert expected == completed(*words)


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="no bash")
@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("run tri\t si\tv1", "run triage.json since=v1"),
        ("vali\t fl\tde\t", "validate flows/deep.json"),
        ("run triage.json --only fe\t", "run triage.json --only fetch"),
        ("nodes wri\t", "nodes write-file"),
    ],
)
def test_in_bash(folder, typed, line):
    """A bash with the script completes what is typed; behind ``since=`` and ``flows/`` one goes on at once."""
    # What is complete is shown and not run: the name is a function's by then.
    rc = (
        f'PATH={sys.prefix}/bin:$PATH\neval "$(pflow-testkit completion bash)"\n'
        "pflow-testkit() { printf 'ran <%s>' \"$*\"; }\n"
    )
    (folder / "rc").write_text(rc)
    shown = _typed(["bash", "--noprofile", "--rcfile", "rc", "-i"], f"pflow-testkit {typed}\nexit\n")
    assert f"ran <{line}>" in shown


def _typed(command, keys):
    """What a program on a terminal showed when these keys were pressed."""
    import pty  # noqa: PLC0415  # not everywhere

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "dumb", "COLUMNS": "300", "INPUTRC": "/dev/null", "HISTFILE": ""}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    os.write(ours, keys.encode())
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(ours)
    process.wait(60)
    return shown.decode()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(called, shell):
    """Each shell has a script that asks the command."""
    code, out, _ = called("completion", shell)
    assert (0, True) == (code, f"_PFLOW_TESTKIT_COMPLETE={shell}_complete" in out)


def test_goes_on_behind(called):
    """Our change to click's script for bash is in it."""
    assert "compopt -o nospace" in called("completion", "bash").out
