"""Names of modules and files to plugins."""

import sys

import pytest

from pflow_engine import InvalidInput, Registry
from pflow_engine.nodes.plugins import is_of_file, load_plugins

TYPES = """\
from pflow_engine import node

print("on the way")

@node("{name}")
def say() -> dict:
    return {{}}

def pflow_register_nodes(registry):
    registry.register("{name}", say)
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write(name, text)``: a file in the current folder; no module and no path of it is left."""
    monkeypatch.chdir(tmp_path)
    # As a new process finds modules: not from a folder of an earlier test.
    tests = str(tmp_path.parent)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place and not place.startswith(tests)])
    monkeypatch.setattr(sys, "modules", {name: each for name, each in sys.modules.items() if name != "flows"})

    def put(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        return name

    return put


def wrong(*names):
    """What is said of plugins that cannot be used."""
    with pytest.raises(InvalidInput) as error:
        load_plugins(names)
    return str(error.value)


def test_file(write, capsys):
    """The types of a file are known; what it prints is no result."""
    (plugin,) = load_plugins([write("flows/conftest.py", TYPES.format(name="say"))])
    assert "say" in Registry.default([plugin])
    assert ("", "on the way\n") == capsys.readouterr()


def test_files_of_one_name(write):
    """Each conftest.py is a module of its own, and stands in nobody's place."""
    names = [write(f"{name}/conftest.py", TYPES.format(name=name)) for name in ("one", "two")]
    plugins = load_plugins(names)
    assert {"one", "two"} <= set(Registry.default(plugins))
    assert ("conftest" in sys.modules, True) == (False, all(map(is_of_file, plugins)))


def test_named_twice(write):
    """A file that is named in two ways is one plugin: it wraps nodes once."""
    name = write("types.py", TYPES.format(name="say"))
    assert 1 == len(load_plugins([f"./{name}", name, name]))


def test_beside_it(write):
    """A file imports what stands beside it, in a package in the relative way, too; it hides nothing."""
    write("flat/words.py", "NAME = 'flat'")
    write("flat/json.py", "raise ValueError")
    write("pack/__init__.py", "")
    write("pack/deep/__init__.py", "")
    write("pack/deep/words.py", "NAME = 'deep'")
    rest = "import json\ndef pflow_register_nodes(registry): registry.register(NAME, lambda: {})\n"
    flat = write("flat/plug.py", f"from words import NAME\n{rest}")
    deep = write("pack/deep/plug.py", f"from .words import NAME\n{rest}")
    with pytest.raises(InvalidInput):  # a lambda is no node: it came as far as that
        load_plugins([flat, deep])
    assert {"words", "pack.deep.words"} <= sys.modules.keys()


def test_module(write, monkeypatch):
    """A module is named as it is imported."""
    write("lib/ours/types.py", TYPES.format(name="say"))
    monkeypatch.syspath_prepend("lib")
    (plugin,) = load_plugins(["ours.types"])
    assert ("ours.types", False) == (plugin.__name__, is_of_file(plugin))


def test_all_that_is_wrong(write):
    """Each plugin that cannot be used is told, with its likely fix."""
    write("flows/conftest.py", "")
    write("ours.py", "")
    write("notes.txt", "")
    write("typo.py", "def pflow_register_node(registry): ...")
    names = ["no_such", "ours", "json", "flows", "flows/conftest.py", "no/such.py", "./notes.txt", "a b", "", "typo.py"]
    text = wrong(*names)
    for each in (
        "error: there is no module 'no_such' [plugin]\n  hint: install it, or name a .py file\n",
        "error: there is no module 'ours' [plugin]\n  hint: did you mean './ours.py'?\n",
        "error: 'json' has no hook of pflow's [plugin]\n  hint: define in it: def pflow_register_nodes(registry)\n",
        "error: there is no module 'flows' [plugin]\n  hint: did you mean 'flows/conftest.py'?\n",
        "no/such.py: error: no such file [plugin]\n",
        "./notes.txt: error: this is no .py file [plugin]\n",
        "error: 'a b' is no name of a module, and no path of a .py file [plugin]",
        "error: '' is no name of a module, and no path of a .py file [plugin]",
        "hint: did you mean 'pflow_register_nodes'?",
    ):
        assert each in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import no_such\n",
            "p.py:1:1: error: the plugin raised ModuleNotFoundError: No module named 'no_such' [plugin]",
        ),
        ("def f(:\n", "p.py:1:7: error: the plugin raised SyntaxError: invalid syntax [plugin]"),
        (
            "x = '\0'",
            "p.py: error: the plugin raised SyntaxError: source code string cannot contain null bytes [plugin]",
        ),
        ("def f():\n  raise SystemExit(3)\nf()\n", "p.py:2:3: error: the plugin raised SystemExit: 3 [plugin]"),
        ("import os\n{}[os.environ['A_TOKEN']]", "p.py:2:1: error: the plugin raised KeyError: '[redacted]' [plugin]"),
        ("import json\njson.loads('{')", "p.py:2:1: error: the plugin raised JSONDecodeError"),
        ("import pytest\npytest.skip('no', allow_module_level=True)", "p.py:2:1: error: the plugin raised Skipped: no"),
        (
            "def pflow_register_nodes(registry):\n  registry.register('x', 5)",
            "p.py:2:3: error: 'x' is 5, which is no node",
        ),
        ("def pflow_register_nodes(registry):\n  1 / 0", "p.py:2:3: error: the plugin raised ZeroDivisionError: "),
        ("def pflow_register_nodes(kinds): ...", "  hint: define it as: def pflow_register_nodes(registry)"),
        ("async def pflow_wrap_node(spec, layer): ...", "  hint: define it as: def pflow_wrap_node(spec, layer)"),
    ],
)
def test_broken(write, monkeypatch, text, expected):
    """A file or a hook that cannot be used is told with its own line, and without secrets; no module of it is left."""
    monkeypatch.setenv("A_TOKEN", "s3cr3t-one")
    before = set(sys.modules)
    said = wrong(write("p.py", text))
    assert any(line.startswith(expected) for line in said.splitlines()), said
    if "def pflow" not in text:
        assert [] == [name for name in set(sys.modules) - before if is_of_file(sys.modules[name])]


def test_broken_module(write, monkeypatch):
    """A module that cannot be imported is told with the line that stopped it."""
    write("lib/broken.py", "\nimport no_such_module\n")
    monkeypatch.syspath_prepend("lib")
    assert wrong("broken").startswith("lib/broken.py:2:1: error: the plugin raised ModuleNotFoundError: ")


def test_interrupted(write):
    """Ctrl-C while a plugin is loaded is no mistake of it."""
    with pytest.raises(KeyboardInterrupt):
        load_plugins([write("p.py", "raise KeyboardInterrupt")])
