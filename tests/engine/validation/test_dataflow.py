"""What templates name, and whether it is there by then."""

import pytest

from pflow_engine import Interface, Node, Registry, node
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems


class Fetch(Node):
    """Two declared outputs."""

    interface = Interface(open_params=True, outputs={"response": "object", "status": "integer"})


class Echo(Node):
    """Its outputs are its params."""

    interface = Interface(open_params=True, echoes=True)


@node("any")
def anything(**values) -> dict:
    """Any output."""
    return values


@pytest.fixture(scope="module")
def registry():
    """A registry with nodes of all kinds of outputs."""
    registry = Registry()
    registry.register("fetch", Fetch)
    registry.register("echo", Echo)
    registry.register("any", anything)
    return registry


def _found(registry, *nodes, **ir):
    listed = [{"id": name, "type": kind, **fields} for name, kind, fields in nodes]
    return find_problems(from_data({"nodes": listed, **ir}), registry)


def _of_text(registry, text, **ir):
    """The problems of a text in the last of three nodes: fetch, a batch, and this one."""
    return _found(
        registry,
        ("get", "fetch", {}),
        (
            "many",
            "fetch",
            {"batch": {"items": ["${get.response}"], "as": "one"}, "params": {"x": "${one} ${__index__}"}},
        ),
        ("last", "echo", {"params": {"text": text}}),
        ("after", "any", {}),
        **ir,
    )


@pytest.mark.parametrize(
    "text",
    [
        "${get}", "${get.response.a[0]}", "${get.status}", "${get.error}", "${many.results[0].response.x}",
        "${many.results[0].item}", "${many.results[${get.status}].status}", "${many.count}", "${many.errors}",
        "${many.batch_metadata.timing}", "${many.error}", "${get[${get.status}]}", "${__llm_calls__}", "$${x.y}",
        "${many.results}", "${many.results[0]}", '${get.response ?? "x"}', "${x:-y}", "plain",
    ],
)  # fmt: skip
def test_sound(registry, text):
    """What leads to an output of a node before has no problems."""
    assert [] == _of_text(registry, text)


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("${gett.status}", "unknown-name", "${gett.status}: there is no node or input 'gett'", "did you mean 'get'?"),
        ("${nope.x}", "unknown-name", "there is no node or input 'nope'", "at hand here: get, many"),
        ("${gett}", "unknown-name", "there is no node or input 'gett'", "did you mean 'get'?"),
        ("${HOME.x}", "unknown-name", "there is no", "for the shell's variable write $${HOME}; at hand here"),
        ("${after.x}", "not-upstream", "'after' does not run before this node", "at hand here: get, many"),
        ("${last.text}", "not-upstream", "'last' is this very node", "at hand here: get, many"),
        ("${get.respons}", "unknown-output", "node 'get' (fetch) has no output 'respons'", "did you mean 'response'? it has: error (string), response (object), status (integer)"),
        ("${get.zzz}", "unknown-output", "node 'get' (fetch) has no output 'zzz'", "it has: error (string)"),
        ("${get[0]}", "unknown-output", "has no output '0'", ""),
        ("${many.response}", "unknown-output", "node 'many' (a batch of fetch) has no output 'response'", "a batch has it per item: ${many.results[0].response}"),
        ("${many.result}", "unknown-output", "a batch of fetch", "did you mean 'results'?"),
        ("${many.results[0].respons}", "unknown-output", "an item of 'many' (fetch) has no output 'respons'", "did you mean 'response'?"),
        ("${one}", "alias-outside", "'one' is the item of batch 'many', known only in its params", "use the batch's results: ${many.results}"),
        ("${one.name}", "alias-outside", "'one' is the item of batch 'many'", ""),
        ("${__index__}", "alias-outside", "'__index__' is known only in the params of a batch node", ""),
        ("${get.status ?? nope.x}", "unknown-name", "${get.status ?? nope.x}: there is no node or input 'nope'", ""),
        ("${get.response[${nope.x}]}", "unknown-name", "there is no node or input 'nope'", ""),
        ("${", "malformed-template", "malformed template ${: it is never closed", "$${"),
        ("${}", "malformed-template", "malformed template ${}: it is empty", "$${"),
        ("${get.}", "malformed-template", "a field name is missing after '.'", "$${"),
        ("${get.response[-1]}", "malformed-template", "an index is a whole number from 0", "$${"),
        ("${" + "x " * 100, "malformed-template", f"malformed template ${{{'x ' * 19}…", "$${"),
    ],
)  # fmt: skip
def test_problem(registry, text, code, message, hint):
    """What leads nowhere has its code, its words and the likely fix."""
    (problem,) = _of_text(registry, text)
    assert (code, "nodes[2].params.text", "error") == (problem.code, problem.path, problem.severity)
    assert message in problem.message
    assert hint in problem.hint


def test_every_reference(registry):
    """Every template of a text is looked at."""
    found = _of_text(registry, "${nope.a} ${get.zzz} ${} ${get.status}")
    assert ["malformed-template", "unknown-name", "unknown-output"] == sorted(problem.code for problem in found)


def test_undeclared_input(registry):
    """Where no inputs are declared, a name like no other may be given at run time: a warning."""
    (problem,) = _of_text(registry, "${topic}")
    assert ("undeclared-input", "warning", "declare it under 'inputs': topic") == (
        problem.code,
        problem.severity,
        problem.hint,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${topic}", []),
        ("${topic.x[0]}", []),
        ("${get}", ["unused-input"]),
        ("${tpic}", ["unknown-name", "unused-input"]),
    ],
)
def test_declared_input(registry, text, expected):
    """Where inputs are declared, a name has to be one; one that is never used is a warning."""
    found = _of_text(registry, text, inputs={"topic": {}})
    assert expected == sorted(problem.code for problem in found)
    assert {"warning"} >= {problem.severity for problem in found if problem.code == "unused-input"}


def test_input_used_in_output(registry):
    """An input that only an output or a batch's items use is used."""
    batch = {"batch": {"items": "${list}"}, "params": {"x": "${item}"}}
    found = _found(
        registry, ("a", "echo", batch), inputs={"dir": {}, "list": {}}, outputs={"file": {"source": "${dir}/x"}},
    )  # fmt: skip
    assert [] == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${get:-x}", 'a template with a default is ${get ?? "…"}'),
        ("${topic%.*}", None),
        ("${#x}", None),
        ("${__index__:-0}", None),
    ],
)
def test_shell_expansion(registry, text, expected):
    """A shell expansion of a name the workflow knows was likely meant as a template: a warning."""
    hints = [problem.hint for problem in _of_text(registry, text) if problem.code == "shell-expansion"]
    assert ([expected] if expected else []) == hints


def test_shell_expansion_of_item(registry):
    """A shell expansion of the item was likely meant as a template."""
    found = _found(registry, ("a", "echo", {"batch": {"items": [1]}, "params": {"x": "${item%.*} ${item%.*}"}}))
    assert ["shell-expansion"] == [problem.code for problem in found]


def test_item_in_items(registry):
    """A batch's items cannot be made of its own item."""
    (problem,) = _found(registry, ("a", "echo", {"batch": {"items": ["${item}"]}}))
    assert ("alias-outside", "nodes[0].batch.items[0]") == (problem.code, problem.path)
    assert "its items come from before: a node's output or an input" == problem.hint


def test_index_without_batch(registry):
    """Without any batch the index is known nowhere."""
    (problem,) = _found(registry, ("a", "echo", {"params": {"x": "${__index__}"}}))
    assert "alias-outside" == problem.code


def test_items_for_shell(registry):
    """Items that only a shell would understand are refused."""
    (problem,) = _found(registry, ("a", "echo", {"batch": {"items": "${x:-y}"}}))
    assert ("batch-items", "nodes[0].batch.items") == (problem.code, problem.path)


def test_malformed_items(registry):
    """Malformed items are one problem, not two."""
    (problem,) = _found(registry, ("a", "echo", {"batch": {"items": "${x.}"}}))
    assert "malformed-template" == problem.code


def test_open_outputs(registry):
    """Of a node that may leave any output, any is taken."""
    found = _found(registry, ("a", "any", {}), ("b", "echo", {"params": {"x": "${a.whatever}"}}))
    assert [] == found


def test_open_results(registry):
    """So it is of the results of a batch of such nodes."""
    batch = {"batch": {"items": [1]}}
    found = _found(registry, ("a", "any", batch), ("b", "echo", {"params": {"x": "${a.results[0].whatever}"}}))
    assert [] == found


def test_echoed_outputs(registry):
    """A node that echoes has its params as outputs."""
    (problem,) = _found(
        registry, ("a", "echo", {"params": {"x": 1}}), ("b", "echo", {"params": {"y": "${a.z} ${a.x}"}})
    )
    assert ("unknown-output", "it has: x (any)") == (problem.code, problem.hint)


def test_no_outputs(registry):
    """A node that echoes nothing has nothing."""
    (problem,) = _found(registry, ("a", "echo", {}), ("b", "echo", {"params": {"y": "${a.z}"}}))
    assert "it has: nothing" == problem.hint


def test_loop(registry):
    """In a loop a node may use what it or a later one left the last time."""
    nodes = [("a", "echo", {"params": {"x": "${b.y}"}}), ("b", "echo", {"params": {"y": "${b.y} ${a.x}"}})]
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "a", "action": "error"}]
    assert [] == [problem for problem in _found(registry, *nodes, edges=edges) if problem.severity == "error"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [("${status}", []), ("${other.x}", ["unknown-name"]), ("${many.count}", []), ("${get.status}", ["unknown-name"])],
)
def test_without_namespacing(registry, text, codes):
    """Without namespacing outputs stand at the root; a batch keeps its own corner."""
    assert codes == [problem.code for problem in _of_text_without_any(registry, text)]


def _of_text_without_any(registry, text):
    batch = {"batch": {"items": [1]}, "params": {"x": "${item}"}}
    nodes = [("get", "fetch", {}), ("many", "fetch", batch), ("last", "fetch", {"params": {"text": text}})]
    return _found(registry, *nodes, enable_namespacing=False)


def test_without_namespacing_open(registry):
    """Without namespacing a node that may leave any output may leave any name."""
    assert [] == _of_text(registry, "${whatever.x}", enable_namespacing=False)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"x": {"source": "${get.status}"}}, []),
        ({"x": {"source": "${after.anything} and more"}}, []),
        ({"x": {"source": "${get.staus}"}}, [("output-source", "error", "outputs.x.source")]),
        ({"x": {"source": "${gett.status}"}}, [("output-source", "error", "outputs.x.source")]),
        ({"x": {"source": "${}"}}, [("malformed-template", "error", "outputs.x.source")]),
        ({"x": {"source": "${one.y}"}}, [("alias-outside", "error", "outputs.x.source")]),
        ({"x": {"source": "get.status"}}, [("output-source", "error", "outputs.x.source")]),
        ({"x": {"source": "just text"}}, []),
        ({"x": {"source": "./file.txt"}}, []),
        ({"x": {}}, []),
    ],
)
def test_outputs(registry, outputs, expected):
    """An output whose source leads nowhere is an error."""
    found = _of_text(registry, "t", outputs=outputs)
    assert expected == [(problem.code, problem.severity, problem.path) for problem in found]


@pytest.mark.parametrize(
    ("name", "expected"), [("status", []), ("sttus", [("output-source", "warning", "outputs.sttus")])]
)
def test_output_without_source(registry, name, expected):
    """An output without a source is the last node's of that name: a warning where no node has one."""
    found = _found(registry, ("get", "fetch", {}), outputs={name: {}})
    assert expected == [(problem.code, problem.severity, problem.path) for problem in found]


def test_permissive_only_warns(registry):
    """In permissive mode a name that leads nowhere stays as it is written, so it is only a warning."""
    problems = _found(
        registry,
        ("a", "fetch", {}),
        ("b", "echo", {"params": {"x": "${a.respons}", "y": "${nope.z}"}}),
        template_resolution_mode="permissive",
    )
    assert [("unknown-output", "warning"), ("unknown-name", "warning")] == [(p.code, p.severity) for p in problems]


def test_long_template():
    """A name that is not there is told once for a template, however often it stands in it, and the template cut."""
    params = {"x": "${" + "nope.a ?? " * 10_000 + "nope.a}"}
    ir = {"inputs": {"y": {}}, "nodes": [{"id": "a", "type": "echo", "params": {**params, "y": "${y}"}}]}
    (problem,) = find_problems(from_data(ir), Registry.default())
    assert "unknown-name" == problem.code
    assert len(problem.message) < 300
