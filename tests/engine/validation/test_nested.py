"""Workflows that nest others: what is wrong, and where."""

import json

import pytest

from pflow_engine import InvalidWorkflow, Registry, load, validate
from pflow_engine.document import load as load_module
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems

CHILD = {
    "inputs": {"n": {"type": "integer", "description": "how many"}, "s": {"type": "string", "default": ""}},
    "nodes": [{"id": "a", "type": "echo", "params": {"n": "${n}", "s": "${s}"}}],
    "outputs": {"n": {"source": "${a.n}", "type": "integer"}, "s": {"source": "${a.s}", "type": "string"}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, *nodes, **ir):
    """A workflow file of these nodes."""
    with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123  # shorter
        json.dump({"nodes": nodes, **ir} if nodes else ir, file, indent=1)
    return load(name)


def sub(ref="child.json", name="sub", **params):
    """A node that runs another workflow."""
    return {"id": name, "type": "workflow", "params": {"workflow_ref": ref, **params}}


def found(document, severity="error"):
    """The problems of a document: code, path and message, with the file where it is another one."""
    problems = [each for each in find_problems(document, Registry.default()) if each.severity == severity]
    return [
        (each.code, each.path if each.file == document.file else f"{each.file}: {each.path}", each.message)
        for each in problems
    ]


AT = "nodes[0].params"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"param_mapping": {"n": 1}}, []),
        ({"param_mapping": {"n": "3", "s": 4}}, []),
        ({"param_mapping": "${x}"}, []),
        ({"param_mapping": {"n": "${x}", "s": "a ${x}"}, "output_mapping": {"n": "m"}}, []),
        ({}, [("missing-input", AT, "'child.json' needs its input 'n' (how many), and 'sub' gives it none")]),
        (
            {"param_mapping": {"n": 1, "t": 2}},
            [("unknown-input", f"{AT}.param_mapping.t", "'child.json' has no input 't'")],
        ),
        (
            {"param_mapping": {"n": "many"}},
            [("input-type", f"{AT}.param_mapping.n", "input 'n' of 'child.json' takes integer, not string")],
        ),
        (
            {"param_mapping": {"n": ["${x}"]}},
            [("input-type", f"{AT}.param_mapping.n", "input 'n' of 'child.json' takes integer, not array")],
        ),
        (
            {"param_mapping": {"n": 1}, "output_mapping": {"m": "x"}},
            [("unknown-output", f"{AT}.output_mapping.m", "'child.json' has no output 'm'")],
        ),
        (
            {"param_mapping": {"n": 1}, "output_mapping": {"n": "s"}},
            [("output-name", f"{AT}.output_mapping", "two outputs of 'child.json' would have the name 's'")],
        ),
        (
            {"param_mapping": {"n": 1}, "output_mapping": {"n": "${x}", "s": 3}},
            [
                ("output-name", f"{AT}.output_mapping.n", "the name for the output 'n' must be text without templates"),
                ("output-name", f"{AT}.output_mapping.s", "the name for the output 's' must be text without templates"),
            ],
        ),
        ({"param_mapping": [1]}, [("param-type", f"{AT}.param_mapping", "parameter 'param_mapping' of 'sub' (workflow) takes object, not array")]),
    ],
)  # fmt: skip
def test_mappings(params, expected):
    """What is mapped is held against what the child declares."""
    write("child.json", **CHILD)
    problems = found(write("parent.json", sub(**params), inputs={"x": {}}))
    assert expected == [
        (code, path.replace(f"{AT}.param_mapping", AT) if code == "missing-input" else path, said)
        for code, path, said in problems
    ]


def test_positions():
    """A problem has the line of the mapping in the parent."""
    write("child.json", **CHILD)
    document = write("parent.json", sub(param_mapping={"n": 1, "nn": 2}))
    (problem,) = [each for each in find_problems(document) if each.severity == "error"]
    assert ("parent.json", '"nn": 2') == (problem.file, problem.source.strip())
    assert "did you mean 'n'?" in problem.hint


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("chidl.json", "the workflow 'chidl.json': no such file"),
        ("child.txt", "the workflow 'child.txt': not a workflow file by its name"),
        (".", "the workflow '.': this is a folder, not a file"),
        ("a\0b.json", "the workflow 'a\0b.json': cannot be read: embedded null byte"),
    ],
)
def test_missing_child(ref, said):
    """A file that is not there, or no workflow by its name, is a problem of who names it."""
    write("child.json", **CHILD)
    assert [("nested-workflow", f"{AT}.workflow_ref", said)] == found(write("parent.json", sub(ref)))


def test_near_child():
    """The file that may have been meant is named."""
    write("child.json", **CHILD)
    assert "did you mean 'child.json'?" == find_problems(write("parent.json", sub("chld.json")))[0].hint


def test_no_ref():
    """A node that names no workflow cannot run."""
    (problem,) = found(write("parent.json", {"id": "sub", "type": "workflow"}))
    assert ("missing-param", "'sub' (workflow) has no parameter 'workflow_ref', which it needs") == (
        problem[0],
        problem[2],
    )


def test_broken_children(folder):
    """The problems of a child come after the parent's, once, with its own file; so do those of what it nests."""
    (folder / "syntax.yaml").write_text("nodes: [")
    write("grand.json", {"id": "a", "type": "htp"})
    write("child.json", sub("grand.json"), {"id": "b", "type": "echoo"})
    problems = found(write("parent.json", sub(), sub(name="again"), sub("syntax.yaml", "third")))
    assert [
        ("nested-workflow", f"{AT}.workflow_ref", "the workflow 'child.json' has 2 errors itself"),
        ("nested-workflow", "nodes[1].params.workflow_ref", "the workflow 'child.json' has 2 errors itself"),
        ("nested-workflow", "nodes[2].params.workflow_ref", "the workflow 'syntax.yaml' has an error itself"),
        ("nested-workflow", f"child.json: {AT}.workflow_ref", "the workflow 'grand.json' has an error itself"),
        ("unknown-type", "child.json: nodes[1].type", "unknown node type 'echoo'"),
        ("unknown-type", "grand.json: nodes[0].type", "unknown node type 'htp'"),
    ] == problems[:-1]
    assert ("syntax", "syntax.yaml: ") == problems[-1][:2]


def test_mapping_to_a_broken_child():
    """What a child declares is held against what it is given though it has errors, unless they are of its structure."""
    child = {**CHILD, "nodes": [{"id": "a", "type": "ecko"}]}
    write("child.json", **child)
    parent = write("parent.json", sub(param_mapping={"nn": 2}))
    expected = ["unknown-type", "missing-input", "unknown-input", "nested-workflow"]
    assert sorted(expected) == sorted(each.code for each in find_problems(parent) if each.severity == "error")
    write("child.json", **{**child, "inputs": {"n": {"typ": "integer"}}})
    assert "missing-input" not in [each.code for each in find_problems(parent)]


def test_warnings_stay():
    """A child's warnings are its own."""
    write("child.json", {"id": "a", "type": "echo"}, inputs={"unused": {"default": 1}})
    workflow = validate(write("parent.json", sub()))
    assert ((), ["unused-input"]) == (workflow.warnings, [each.code for each in workflow.children["sub"].warnings])


@pytest.mark.parametrize(
    ("of_batch", "text", "said"),
    [
        (False, "${sub.n} ${sub.s} ${sub.error}", None),
        (False, "${sub.m}", "node 'sub' (workflow) has no output 'm'"),
        (True, "${sub.results[0].n} ${sub.results[0].item}", None),
        (True, "${sub.results[0].m}", "an item of 'sub' (workflow) has no output 'm'"),
    ],
)
def test_outputs(of_batch, text, said):
    """An output that the child does not declare is none; those it has are named."""
    write("child.json", **CHILD)
    node = sub(param_mapping={"n": 1}) | ({"batch": {"items": [1]}} if of_batch else {})
    problems = find_problems(write("parent.json", node, {"id": "use", "type": "echo", "params": {"t": text}}))
    assert [] == problems if said is None else said in problems[0].message
    assert said is None or "n" in problems[0].hint.partition("has: ")[2]


def test_renamed_outputs():
    """A renamed output is known by its new name alone."""
    write("child.json", **CHILD)
    node = sub(param_mapping={"n": 1}, output_mapping={"n": "count"})
    uses = {"id": "use", "type": "echo", "params": {"a": "${sub.count}", "b": "${sub.n}"}}
    ((_, path, _),) = found(write("parent.json", node, uses))
    assert "nodes[1].params.b" == path


def test_undeclared():
    """A child that declares neither inputs nor outputs takes and gives any."""
    write("child.json", {"id": "a", "type": "echo", "params": {"n": "${n}"}})
    uses = {"id": "use", "type": "echo", "params": {"a": "${sub.whatever}"}}
    assert [] == found(write("parent.json", sub(param_mapping={"n": 1}), uses))


def test_itself():
    """A workflow that nests itself is refused."""
    problems = found(write("a.json", sub("a.json")))
    assert [("nested-loop", f"{AT}.workflow_ref", "'a.json' nests itself: a.json -> a.json")] == problems


def test_each_other(folder):
    """Two that nest each other are refused, with the chain, from whichever it begins; links do not hide it."""
    write("a.json", {"id": "x", "type": "echo"})
    (folder / "link.json").symlink_to("a.json")
    write("b.json", sub("link.json"))
    problems = found(write("a.json", sub("b.json")))
    assert (
        "nested-loop",
        f"b.json: {AT}.workflow_ref",
        "'link.json' nests itself: a.json -> b.json -> a.json",
    ) in problems
    assert "'b.json' nests itself: b.json -> a.json -> b.json" in [said for *_, said in found(load("b.json"))]


def chain(count):
    """Files ``w0.json`` to the last, each of which nests the next one."""
    write(f"w{count}.json", {"id": "end", "type": "echo"})
    for number in reversed(range(count)):
        write(f"w{number}.json", sub(f"w{number + 1}.json"))


def test_depth():
    """Ten workflows below each other are allowed, eleven are not, and the chain is named."""
    chain(11)
    assert [] == found(load("w1.json"))
    said = [said for *_, said in found(load("w0.json")) if "too deep" in said]
    named = " -> ".join(f"w{number}.json" for number in range(12))
    assert [f"'w11.json' is nested too deep, more than 10 workflows: {named}"] == said


def test_depth_of_known():
    """So it is where the way that was looked at first is short enough."""
    chain(10)
    write("mid.json", sub("w0.json"))
    problems = found(write("root.json", sub("w1.json"), sub("mid.json", "long")))
    assert [] == found(load("w0.json"))
    assert "'w1.json' is nested too deep, more than 10 workflows: root.json -> mid.json -> w0.json -> w1.json" in [
        said for *_, said in problems
    ]


def test_many_nodes():
    """Workflows that nest each other many times are refused before they are compiled."""
    write("w0.json", *({"id": f"n{number}", "type": "echo"} for number in range(10)))
    for number in range(1, 5):
        write(f"w{number}.json", *(sub(f"w{number - 1}.json", f"s{each}") for each in range(10)))
    problems = found(load("w4.json"))
    assert {"nested-nodes", "nested-workflow"} >= {code for code, *_ in problems}
    assert any("nodes, more than 10000" in said for *_, said in problems)


def test_read_once(monkeypatch):
    """A child is read and validated once, however many nodes nest it."""
    write("child.json", **CHILD)
    write("mid.json", sub(param_mapping={"n": 1}))
    document = write("parent.json", sub("mid.json"), *(sub(name=f"s{n}", param_mapping={"n": n}) for n in range(3)))
    read = []
    load_file = load_module.load
    monkeypatch.setattr(load_module, "load", lambda path: read.append(path.name) or load_file(path))
    workflow = validate(document)
    assert ["mid.json", "child.json"] == read
    assert workflow.children["s0"] is workflow.children["sub"].children["sub"]


def test_of_data():
    """What is no file names files as seen from the current folder."""
    write("child.json", **CHILD)
    document = from_data({"nodes": [sub(param_mapping={"n": 1})]})
    assert {"sub"} == set(validate(document).children)


def test_template_waits():
    """What a template names is looked at when it runs."""
    document = write("parent.json", sub("${which}.json"), inputs={"which": {"type": "string"}})
    assert {} == validate(document).children


@pytest.mark.parametrize("params", [{"workflow_ref": "${x.json"}, {"param_mapping": {"n": "${x"}}])
def test_malformed(params):
    """A malformed template is one problem."""
    write("child.json", **CHILD)
    node = sub(param_mapping={"n": 1})
    ((code, *_),) = found(write("parent.json", node | {"params": {**node["params"], **params}}))
    assert "malformed-template" == code


def test_raises():
    """A broken child stops its parent."""
    write("child.json", {"id": "a", "type": "htp"})
    with pytest.raises(InvalidWorkflow, match=r"child.json:.*: error: unknown node type 'htp'"):
        validate(write("parent.json", sub()))
