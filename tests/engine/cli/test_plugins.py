"""The plugins that a command line names."""

import json
import os

import pytest

TYPES = """\
import sys
from pflow_engine import node

print("on the way")

@node("label", outputs={"label": str})
def label(text: str) -> dict:
    return {"label": text.upper()}

def pflow_register_nodes(registry):
    registry.register("label", label)
"""
LABEL = {
    "id": "n",
    "type": "label",
    "params": {"text": "${item}"},
    "batch": {"items": ["a", "b"], "parallel": True},
}


@pytest.fixture
def plugin(project, write):
    """The file of a plugin, and ``w.json``, a workflow that needs it."""
    write([LABEL], outputs={"last": {"type": "string", "source": "${n.results[1].label}"}})
    (project / "flows").mkdir()
    (project / "flows" / "conftest.py").write_text(TYPES)
    return "flows/conftest.py"


def test_every_command(called, plugin):
    """run, validate, describe, nodes and convert know its types; what it prints goes to stderr."""
    assert (0, "B\n") == called("-p", plugin, "run", "w.json")[:2]
    assert (0, "", "on the way\n1 workflow, 0 errors\n") == called("--plugin", plugin, "validate", "w.json")
    assert "label" in called("-p", plugin, "describe", "w.json").out
    assert called("-p", plugin, "nodes", "label").out.startswith("label\n  text: string, required\n")
    code, out, _ = called("-p", plugin, "convert", "w.json", "-o", "flows/w.yaml")
    assert (0, "") == (code, out)
    assert 0 == called("-p", plugin, "run", "flows/w.yaml", "--only", "n").code


def test_unknown_without(called, plugin):
    """Without the option its types are unknown."""
    code, out, _ = called("validate", "w.json")
    assert (1, True) == (code, "unknown node type 'label'" in out)


def test_likely_plugin(called, plugin, project, write):
    """Where types are unknown the conftest.py that may have them is named, unless it was; no other is."""
    write([LABEL, {"id": "m", "type": "no-such"}], "flows/deep/w.json")
    said = "Node types of a conftest.py are known to: pflow-testkit -p flows/conftest.py …\n"
    assert f"{said}1 workflow, 2 errors\n" == called("validate", "flows").err
    assert called("run", "flows/deep/w.json").err.endswith(f"\n{said}")
    assert called("describe", project / "flows" / "deep" / "w.json").err.endswith(f"\n{said}")
    assert "1 workflow, 1 error\n" == called("-p", plugin, "validate", "flows").err.removeprefix("on the way\n")
    (project / "flows" / "conftest.py").write_text("")
    assert "1 workflow, 2 errors\n" == called("validate", "flows").err


def test_environment(called, plugin, project, monkeypatch):
    """PFLOW_PLUGINS has several, as PATH has; an option takes its place."""
    (project / "more.py").write_text(TYPES.replace("label", "more"))
    monkeypatch.setenv("PFLOW_PLUGINS", os.pathsep.join(["", plugin, "more.py"]))
    assert (0, 0) == (called("nodes", "label").code, called("nodes", "more").code)
    assert 2 == called("-p", plugin, "nodes", "more").code


def test_wrong_plugins(called, plugin):
    """What is wrong with plugins is a mistake of the call; with --json it is JSON."""
    code, out, err = called("-p", "no_such", "-p", "no.py", "run", "w.json")
    assert (2, "") == (code, out)
    assert ["error: there is no module 'no_such' [plugin]", "no.py: error: no such file [plugin]"] == [
        line for line in err.splitlines() if "error: " in line
    ]
    code, out, err = called("-p", "no.py", "validate", "w.json", "--json")
    assert (2, ["plugin"], "") == (code, [each["code"] for each in json.loads(out)["problems"]], err)


def test_not_asked_for(called):
    """What needs no node types looks at no plugin."""
    assert 0 == called("-p", "no.py", "completion", "bash").code


def test_wraps_nodes(called, plugin, project):
    """A plugin may put layers around nodes."""
    (project / "loud.py").write_text("def pflow_wrap_node(spec, layer):\n    print('around', spec.id)\n")
    code, out, err = called("-p", "loud.py", "-p", plugin, "run", "w.json")
    assert (0, "B\n", True) == (code, out, "around n\n" in err)


def test_on_dask(local_cluster, process, plugin):
    """Workers get what stands in a file; they could not import it."""
    with local_cluster(1) as cluster:
        code, out, err = process("-p", plugin, "run", "w.json", "--dask", cluster.address)
    assert (0, "B\n") == (code, out), err
