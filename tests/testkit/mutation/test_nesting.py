"""Mutants of workflows that others nest: the cases of those run them too."""

import xml.etree.ElementTree as ET

import pytest

from pflow_testkit.mutation.items import VERDICT, Told

CHILD = {
    "inputs": {"n": {"type": "integer"}},
    "nodes": [
        {"id": "keep", "type": "echo", "params": {"n": "${n}", "unit": "cm"}},
        {"id": "rest", "type": "echo", "params": {"m": 5}},
    ],
    "outputs": {"n": {"source": "${keep.n}"}, "m": {"source": "${rest.m}"}},
}


def _nests(ref, output="n", node="sub", **more):
    """A workflow that gives seven to another, and gives on one of its outputs."""
    params = {"workflow_ref": ref, "param_mapping": {"n": 7}}
    nodes = [{"id": node, "type": "workflow", "params": params, **more}]
    outputs = {"n": {"source": f"${{{node}.{output}}}"}, "m": {"source": f"${{{node}.m}}"}}
    return {"nodes": nodes, "outputs": outputs}


CHECKS_N = "cases:\n  - name: it\n    expect: {outputs: {n: 7}}\n"
CHECKS_NOTHING = "cases:\n  - name: it\n"


@pytest.fixture
def nesting(project):
    """A project with a workflow that has no case, and one that nests it."""
    project.write("child.json", CHILD)
    project.write("parent.json", _nests("child.json"))
    return project


def _verdicts(project, *options, file="child.json"):
    lines = project.run("--pflow-mutate", "-v", "-k", f"{file} and mutant", *options).stdout.lines
    mutants = [line.partition("::mutant[")[2] for line in lines if line.startswith(f"flows/{file}::mutant[")]
    return {line.partition("] ")[0]: line.partition("] ")[2].split()[0] for line in mutants}


def test_callers_case(nesting):
    """The case of the caller notices what it looks at; of a survivor it is told whose cases did not notice."""
    nesting.write("parent.test.yaml", CHECKS_N)
    result = nesting.run("--pflow-mutate", "-v", "-k", "child.json and mutant")
    verdicts = _verdicts(nesting)
    assert {"KILLED", "SURVIVED"} == set(verdicts.values())
    assert "KILLED" == verdicts["swap-outputs outputs.n.source"]
    assert "SURVIVED" == verdicts["change-number nodes.1.params.m"]
    result.stdout.fnmatch_lines(
        [
            "flows/child.json:*  change-number nodes.1.params.m",
            "  - 5",
            "  + 6",
            "  case 'it' of flows/parent.json would notice with expect: {outputs: {\"m\": 5}}",
            "  not noticed by 'it' of flows/parent.json",
        ]
    )


def test_callers_suggestion_kills(nesting):
    """The expectation that is suggested for a node below kills the mutant."""
    nesting.write("parent.test.yaml", CHECKS_N)
    told = nesting.run("--pflow-mutate", "-k", "child.json and change-text").stdout.lines
    said = next(line for line in told if "would notice" in line).partition("with expect: ")[2]
    assert '{nodes: {sub/keep: {"unit": "cm"}}}' == said
    nesting.write("parent.test.yaml", CHECKS_N.replace("{outputs: {n: 7}}", said))
    assert {"change-text nodes.0.params.unit": "KILLED"} == _verdicts(nesting, "-k", "child.json and change-text")


def test_asserts_nothing(nesting):
    """A caller's case that asserts nothing lets all pass that still runs."""
    nesting.write("parent.test.yaml", CHECKS_NOTHING)
    assert "SURVIVED" == _verdicts(nesting)["swap-outputs outputs.n.source"]


def test_callers_snapshot(nesting):
    """A snapshot of the caller's run notices what happens below."""
    nesting.write("parent.test.yaml", f"{CHECKS_NOTHING}    snapshot: [trace]\n")
    nesting.run("--snapshot-update")
    verdicts = _verdicts(nesting)
    assert {"KILLED"} == set(verdicts.values())


def test_caller_refuses(nesting):
    """A mutant that the caller does not fit any more is noticed: it would not run."""
    nesting.write("parent.test.yaml", CHECKS_NOTHING)
    assert "KILLED" == _verdicts(nesting)["drop-output outputs.m"]


def test_grandchild(nesting):
    """The case of a workflow that nests it through another notices too."""
    nesting.write("top.json", _nests("parent.json", node="up"))
    nesting.write("parent.json", _nests("child.json") | {"inputs": {"n": {"type": "integer"}}})
    nesting.write("top.test.yaml", CHECKS_N)
    result = nesting.run("--pflow-mutate", "-k", "child.json and change-text")
    result.stdout.fnmatch_lines(
        [
            '  case \'it\' of flows/top.json would notice with expect: {nodes: {up/sub/keep: {"unit": "cm"}}}',
            "  not noticed by 'it' of flows/top.json",
        ]
    )
    verdicts = _verdicts(nesting)
    assert "KILLED" == verdicts["swap-outputs outputs.n.source"]


def test_batch_of_workflows(nesting):
    """So does one that runs it for each item of a batch, in parallel."""
    batch = {"items": [1, 2, 3], "parallel": True}
    nodes = [
        {
            "id": "each",
            "type": "workflow",
            "params": {"workflow_ref": "child.json", "param_mapping": {"n": "${item}"}},
            "batch": batch,
        }
    ]
    nesting.write("parent.json", {"nodes": nodes, "outputs": {"n": {"source": "${each.results[2].n}"}}})
    nesting.write("parent.test.yaml", CHECKS_N.replace("7", "3"))
    verdicts = _verdicts(nesting)
    assert ("KILLED", "SURVIVED") == (
        verdicts["swap-outputs outputs.n.source"],
        verdicts["change-number nodes.1.params.m"],
    )


def test_stubbed_child(nesting):
    """A case that stubs the node does not run the workflow, and says nothing of its mutants."""
    nesting.write("parent.test.yaml", f"{CHECKS_N}    stubs: {{sub: {{n: 7, m: 5}}}}\n")
    result = nesting.run("--pflow-mutate", "-k", "child.json and mutant")
    assert "11 untested" in result.stdout.lines[-1]
    result.stdout.fnmatch_lines(["  no case of its own passes, nor does one of flows/parent.json that runs it: *"])


def test_stubbed_node_below(nesting):
    """Where only a node of the child is stubbed, the rest of it is tested; a mutant without that node is noticed."""
    nesting.write("child.json", {**CHILD, "outputs": {"n": {"source": "${keep.n}"}}})
    nesting.write("parent.json", _nests("child.json") | {"outputs": {"n": {"source": "${sub.n}"}}})
    nesting.write("parent.test.yaml", f"{CHECKS_N}    stubs: {{sub/rest: {{m: 5}}}}\n")
    verdicts = _verdicts(nesting)
    assert "KILLED" == verdicts["other-output outputs.n.source"]
    assert "SURVIVED" == verdicts["change-number nodes.1.params.m"]
    assert "KILLED" == verdicts["drop-node nodes.1"]


def test_folders_stub_below(nesting):
    """What the folder stubs is what the mutant has: a node that it lacks is not stubbed."""
    nesting.write(
        "conftest.py", "def pflow_testkit_stub(node):\n    return {'m': 5} if node.path == 'sub/rest' else None\n"
    )
    nesting.write("child.json", {**CHILD, "outputs": {"n": {"source": "${keep.n}"}}})
    nesting.write("parent.json", _nests("child.json") | {"outputs": {"n": {"source": "${sub.n}"}}})
    nesting.write("parent.test.yaml", CHECKS_N)
    assert "SURVIVED" == _verdicts(nesting)["drop-node nodes.1"]


def _by(project):
    project.run("--pflow-mutate", "--junit-xml=out.xml", "-k", "child.json and mutant")
    tree = ET.parse(project.pytester.path / "out.xml")
    told = [Told.of(each.get("value")) for each in tree.iter("property") if each.get("name") == VERDICT]
    return {each.name: (each.outcome, each.by) for each in told}


def test_own_cases_first(nesting):
    """Cases of its own come first; what they miss, the caller's notices."""
    own = "cases:\n  - name: own\n    inputs: {n: 1}\n    expect: {outputs: {m: 5}}\n"
    nesting.write("child.test.yaml", own)
    nesting.write("parent.test.yaml", CHECKS_N)
    by = _by(nesting)
    assert ("killed", "own") == by["change-number nodes.1.params.m"]
    assert ("killed", "it of flows/parent.json") == by["other-output outputs.n.source"]
    outcome, said = by["change-text nodes.0.params.unit"]
    assert "survived" == outcome
    assert [
        'case \'own\' would notice with expect: {nodes: {keep: {"unit": "cm"}}}',
        "not noticed by 'own', 'it' of flows/parent.json",
    ] == said.splitlines()


def test_callers_without_cases(nesting):
    """Where the caller has no case that passes, the workflow's own decide alone."""
    nesting.write("child.test.yaml", "cases:\n  - name: own\n    inputs: {n: 1}\n")
    nesting.write("parent.test.yaml", CHECKS_N.replace("7", "8"))
    assert {"SURVIVED"} == set(_verdicts(nesting).values())


def test_unreached_below(nesting):
    """A node of the child that no caller's case reaches is named."""
    nodes = [
        {"id": "try", "type": "shell", "params": {"command": "true"}},
        {"id": "fine", "type": "echo", "params": {"n": "${n}"}},
        {"id": "mourn", "type": "echo", "params": {"text": "oh"}},
    ]
    edges = [{"from": "try", "to": "fine"}, {"from": "try", "to": "mourn", "action": "error"}]
    nesting.write("child.json", {"inputs": CHILD["inputs"], "nodes": nodes, "edges": edges})
    nesting.write("parent.json", _nests("child.json") | {"outputs": {"n": {"source": "${sub.n}"}}})
    nesting.write("parent.test.yaml", CHECKS_N)
    result = nesting.run("--pflow-mutate", "-k", "child.json and change-text")
    result.stdout.fnmatch_lines(["  no case reaches node 'mourn'"])


@pytest.mark.parametrize(("folder", "outcome"), [("", "KILLED"), ("other/", "UNTESTED")])
def test_callers_fixtures(project, folder, outcome):
    """A caller's case that asks for a fixture which the child's folder does not have is not run."""
    fixture = "import pytest\n\n@pytest.fixture\ndef seven():\n    return 7\n"
    project.write(f"{folder}conftest.py", fixture)
    project.write("child.json", CHILD)
    up = "../" if folder else ""
    nodes = [
        {
            "id": "sub",
            "type": "workflow",
            "params": {"workflow_ref": f"{up}child.json", "param_mapping": {"n": "${n}"}},
        }
    ]
    ir = {"inputs": CHILD["inputs"], "nodes": nodes, "outputs": {"n": {"source": "${sub.n}"}}}
    project.write(f"{folder}parent.json", ir)
    project.write(f"{folder}parent.test.yaml", f"{CHECKS_N}    inputs: {{n: {{$fixture: seven}}}}\n")
    assert outcome == _verdicts(project)["swap-outputs outputs.n.source"]


@pytest.mark.parametrize(
    ("says", "outputs", "outcome"),
    [
        ("True", {"all": {"source": "${each.results}"}}, "THE"),
        ("threading.current_thread() is threading.main_thread()", {"all": {"source": "${each.results}"}}, "FAILED"),
        ("True", {}, "UNTESTED"),
    ],
)
def test_law_below(project, where, says, outputs, outcome):
    """That items in parallel make no difference is checked through the caller, unless it is handed how they ran."""
    project.write("conftest.py", where(says))
    batch = {"items": [1, 2], "parallel": True}
    node = {"id": "each", "type": "where", "params": {"x": "${item} ${n}"}, "batch": batch}
    project.write("child.json", {"inputs": CHILD["inputs"], "nodes": [node], "outputs": outputs})
    nodes = [
        {"id": "sub", "type": "workflow", "params": {"workflow_ref": "child.json", "param_mapping": {"n": 7}}},
        {"id": "say", "type": "echo", "params": {"text": "all of it: ${sub}"}},
    ]
    project.write("parent.json", {"nodes": nodes})
    assert outcome == _verdicts(project)["flip-parallel nodes.0.batch.parallel"]


def test_nothing_is_written_below(nesting):
    """The mutant is handed on in memory: no file of the user's is touched."""
    nesting.write("parent.test.yaml", f"{CHECKS_N}    snapshot: [trace]\n")
    nesting.run("--snapshot-update")
    before = {path: path.read_bytes() for path in nesting.flows.rglob("*") if path.is_file()}
    nesting.run("--pflow-mutate", "--snapshot-update", "-k", "mutant")
    assert before == {path: path.read_bytes() for path in nesting.flows.rglob("*") if path.is_file()}


def test_same_with_workers_below(nesting):
    """Spread over workers, the verdicts are those of one process."""
    nesting.write("parent.test.yaml", CHECKS_N)
    told = "mutants:", "not noticed by"
    alone = [line for line in nesting.run("--pflow-mutate").stdout.lines if any(word in line for word in told)]
    spread = nesting.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-mutate", "-n", "2").stdout.lines
    assert alone == [line for line in spread if any(word in line for word in told)] != []


def test_survivors_of_the_nested(nesting):
    """A nested workflow without a case of its own may have a case file that explains its survivors, and no more."""
    survivors = "survivors:\n  - mutant: change-text nodes.0.params.unit\n    because: it is shown and never read\n"
    nesting.write("child.test.yaml", survivors)
    nesting.write("parent.test.yaml", CHECKS_N)
    result = nesting.run("--pflow-mutate", "-k", "child.json and change-text")
    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        [
            "1 mutant: 1 survived; 0 of 0 noticed (100%), 1 explained",
            "  flows/child.json:*  change-text nodes.0.params.unit: it is shown and never read",
        ]
    )


ALONE = "flows/child.json::mutant[change-text nodes.0.params.unit]"
NO_CASE = "  the workflow has no case of its own: write a case file beside it"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([ALONE], f"{NO_CASE}; or collect the workflows that nest it, too"),
        (["flows/child.json", "-k", "change-text"], f"{NO_CASE}; or collect the workflows that nest it, too"),
        (["flows/child.json", "flows/parent.json", "-k", "child.json and change-text"], "  not noticed by 'it' of *"),
        (["flows", "-k", "child.json and change-text"], "  not noticed by 'it' of *"),
    ],
)
def test_callers_not_collected(nesting, arguments, said):
    """A mutant that is asked for alone, without the workflows that nest it, says that these can be collected."""
    nesting.write("parent.test.yaml", CHECKS_N)
    nesting.run(*arguments, "--pflow-mutate").stdout.fnmatch_lines([said])


def test_whole_folder(nesting):
    """Where the whole folder is collected there is nothing more to collect."""
    (nesting.flows / "parent.json").unlink()
    result = nesting.run("--pflow-mutate", "-k", "change-text")
    result.stdout.fnmatch_lines([NO_CASE])


def test_callers_live(nesting):
    """Where the caller's cases are live alone, that is why the mutant is untested."""
    nesting.write("parent.test.yaml", f"{CHECKS_N}    live: true\n")
    result = nesting.run("--pflow-mutate", "-k", "child.json and change-text")
    result.stdout.fnmatch_lines(["  all cases that might run it are live, *"])
