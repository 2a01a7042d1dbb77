import json

import pytest

from pflow_testkit.mutation import judge

SUM = {
    "inputs": {"number": {"type": "integer", "default": 4}},
    "nodes": [
        {"id": "give", "type": "echo", "params": {"one": "${number}", "two": 20}},
        {"id": "say", "type": "echo", "params": {"text": "${give.one} and ${give.two}"}},
    ],
    "outputs": {"text": {"source": "${say.text}"}},
}
STRICT = "cases:\n  - name: it\n    inputs: {number: 7}\n    expect: {outputs: {text: 7 and 20}}\n"
LAX = "cases:\n  - name: it\n    inputs: {number: 7}\n"


def _verdicts(result):
    lines = [line.split() for line in result.stdout.lines if "::mutant[" in line]
    return {" ".join(words[:-2]).partition("::")[2]: words[-2] for words in lines}


@pytest.fixture
def summing(project):
    """A project with a workflow that says two numbers."""
    project.write("sum.json", SUM)
    return project


def test_strict_case(summing):
    """A case that says what must come out notices each change of it."""
    summing.write("sum.test.yaml", STRICT)
    result = summing.run("--pflow-mutate")
    assert 0 == result.ret
    assert "8 killed" in result.stdout.lines[-1]
    assert "2 survived" in result.stdout.lines[-1]  # the default, which the case does not use


def test_lax_case(summing):
    """One that only wants a run without an error lets nearly all of them pass, and is told what would notice."""
    summing.write("sum.test.yaml", LAX)
    result = summing.run("--pflow-mutate")
    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        [
            "*- pflow mutants -*",
            "10 mutants: 10 survived; 0 of 10 noticed (0%)",
            "flows/sum.json:*  change-number nodes.0.params.two",
            "  - 20",
            "  + 21",
            '  case \'it\' would notice with expect: {outputs: {"text": "7 and 20"}}',
        ]
    )


def test_suggestion_kills(summing):
    """The expectation that is suggested for a survivor kills it."""
    summing.write("sum.test.yaml", LAX)
    said = next(
        line for line in summing.run("--pflow-mutate", "-k", "change-number").stdout.lines if "would notice" in line
    )
    summing.write("sum.test.yaml", f"{LAX}    {said.partition('with ')[2]}\n")
    assert "1 killed" in summing.run("--pflow-mutate", "-k", "change-number").stdout.lines[-1]


def test_snapshot_notices(summing):
    """A snapshot notices what no expectation names."""
    summing.write("sum.test.yaml", f"{LAX}    snapshot: [trace]\n")
    summing.run("--snapshot-update")
    result = summing.run("--pflow-mutate")
    assert "2 survived" in result.stdout.lines[-1]
    assert 0 == result.ret


def test_nothing_is_written(summing):
    """A mutant's run writes no snapshot, under --snapshot-update neither."""
    summing.write("sum.test.yaml", f"{LAX}    snapshot: [trace]\n")
    summing.run("--snapshot-update")
    file = summing.flows / "__traces__" / "sum.json" / "it.trace.json"
    before = file.read_bytes()
    summing.run("--pflow-mutate", "--snapshot-update", "-k", "mutant")
    assert before == file.read_bytes()


def test_same_with_workers(summing):
    """Spread over workers, the verdicts are those of one process."""
    summing.write("sum.test.yaml", STRICT)
    alone = [line for line in summing.run("--pflow-mutate").stdout.lines if "mutants:" in line]
    spread = summing.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-mutate", "-n", "2").stdout.lines
    assert alone == [line for line in spread if "mutants:" in line] != []


@pytest.mark.parametrize(("under", "code"), [("80", 0), ("81", 1)])
def test_fail_under(summing, under, code):
    """A session whose cases notice less than they should fails, and says so."""
    summing.write("sum.test.yaml", STRICT)
    result = summing.run(f"--pflow-mutate-fail-under={under}")
    assert code == result.ret
    if code:
        result.stdout.fnmatch_lines(["80% noticed, which is less than --pflow-mutate-fail-under=81"])


def test_share_over_hundred(summing):
    """A share is a percentage."""
    result = summing.run("--pflow-mutate-fail-under=-1")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*--pflow-mutate-fail-under: a percentage from 0 to 100, not -1"])


SURVIVORS = """\
survivors:
  - mutant: change-default inputs.number.default
    because: every case gives the number
"""


def test_explained_survivors(summing):
    """A survivor that the case file explains is told apart, with the reason."""
    summing.write("sum.test.yaml", STRICT + SURVIVORS)
    result = summing.run("--pflow-mutate")
    result.stdout.fnmatch_lines(
        [
            "explained in case files (1):",
            "  flows/sum.json:*  change-default inputs.number.default: every case gives the number",
        ]
    )


@pytest.mark.parametrize(
    ("survivors", "ends", "code"),
    [(SURVIVORS, "8 of 9 noticed (88%), 1 explained", 0), ("", "8 of 10 noticed (80%)", 1)],
)
def test_explained_counts_no_more(summing, survivors, ends, code):
    """What is explained counts against nobody, and how many that are is told."""
    summing.write("sum.test.yaml", STRICT + survivors)
    result = summing.run("--pflow-mutate-fail-under=88")
    assert code == result.ret
    assert [line for line in result.stdout.lines if line.endswith(ends)]


def test_all_explained(summing):
    """Where all that is left is explained nothing is missing."""
    summing.write("sum.test.yaml", LAX + SURVIVORS)
    result = summing.run("--pflow-mutate-fail-under=100", "-k", "change-default")
    assert 0 == result.ret
    result.stdout.fnmatch_lines(["1 mutant: 1 survived; 0 of 0 noticed (100%), 1 explained"])


@pytest.mark.parametrize("cases", ["", "cases: []\n"])
def test_survivors_alone(summing, cases):
    """A case file of survivors alone leaves a workflow that runs by itself the case it has without one."""
    summing.write("sum.test.yaml", cases + SURVIVORS)
    result = summing.run("--pflow-mutate", "-v")
    result.stdout.fnmatch_lines(["flows/sum.json::run[[]defaults[]] PASSED*", "explained in case files (1):"])


def test_stale_explanation(summing):
    """A survivor that is explained, and noticed, is told."""
    summing.write(
        "sum.test.yaml", STRICT.replace("inputs: {number: 7}", "inputs: {}").replace("7 and", "4 and") + SURVIVORS
    )
    result = summing.run("--pflow-mutate")
    result.stdout.fnmatch_lines(["explained in case files, but noticed now (take the explanation out):"])


def test_unknown_mutant(summing):
    """An explanation of no mutant fails, with the nearest name."""
    summing.write("sum.test.yaml", STRICT + SURVIVORS.replace("change-default", "change-defaults"))
    result = summing.run("--pflow-mutate", "-k", "change-defaults")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        [
            "flows/sum.test.yaml:*:*: error: *there is no such mutant [[]unknown-mutant]",
            "  at survivors[[]0].mutant",
            "  hint: did you mean 'change-default inputs.number.default'?*",
        ]
    )


def test_unreached_node(project):
    """A change where no case comes is survived, and the node is named."""
    ir = {
        "nodes": [
            {"id": "try", "type": "shell", "params": {"command": "true"}},
            {"id": "fine", "type": "echo"},
            {"id": "mourn", "type": "echo", "params": {"text": "oh"}},
        ],
        "edges": [{"from": "try", "to": "fine"}, {"from": "try", "to": "mourn", "action": "error"}],
    }
    project.write("try.json", ir)
    result = project.run("--pflow-mutate", "-k", "change-text")
    result.stdout.fnmatch_lines(["  no case reaches node 'mourn'"])


@pytest.mark.parametrize(
    "cases", ["cases:\n  - name: it\n    expect: {status: failed}\n", "cases:\n  - name: it\n    inputs: {nope: 1}\n"]
)
def test_failing_case_says_nothing(summing, cases):
    """A case that fails on the workflow as it is notices nothing."""
    summing.write("sum.test.yaml", cases)
    result = summing.run("--pflow-mutate", "-k", "mutant")
    assert "10 untested" in result.stdout.lines[-1]
    result.stdout.fnmatch_lines(["  no case of the workflow passes as it is"])


def test_unsound_workflow(project):
    """Of a workflow with problems there are no mutants."""
    project.write("bad.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    project.run("--pflow-mutate").stdout.fnmatch_lines(["no mutant was run: *"])


BATCH = {
    "nodes": [{"id": "each", "type": "where", "params": {"x": "${item}"}, "batch": {"items": [1, 2], "parallel": True}}]
}


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ("True", "passed"),
        ("threading.current_thread() is threading.main_thread()", "failed"),
        ("id(threading.current_thread()) + __import__('time').time_ns()", "passed"),
    ],
)
def test_law_the_other_way(project, where, says, outcome):
    """Where items run in parallel or one by one must make no difference: a node that sees it is found out.

    What differs from run to run anyway is not held against it.
    """
    project.write("conftest.py", where(says))
    project.write("each.json", BATCH)
    result = project.run("--pflow-mutate", "-k", "flip-parallel")
    assert (outcome == "failed") == (result.ret == 1)
    if outcome == "failed":
        result.stdout.fnmatch_lines(
            [
                "the engine promises that this makes no difference: flows/each.json:*flip-parallel*: true -> false",
                "defaults: each#0.*",
            ]
        )


def test_hanging_mutant(project, where, monkeypatch):
    """A mutant that does not come to an end is asked to stop, and counts as noticed."""
    monkeypatch.setattr(judge, "_PATIENCE", 0.1)
    wait = where('self.params["until"] == "now" or not self.context.cancel.wait(30)')
    project.write("conftest.py", wait)
    project.write("wait.json", {"nodes": [{"id": "wait", "type": "where", "params": {"until": "now"}}]})
    assert "1 timed out" in project.run("--pflow-mutate", "-k", "change-text").stdout.lines[-1]


def test_hanging_process(project, monkeypatch):
    """So is a process that does not end."""
    monkeypatch.setattr(judge, "_PATIENCE", 0.1)
    params = {"command": "read said; [ $said = now ] || exec sleep 60", "stdin": "now"}
    project.write("wait.json", {"nodes": [{"id": "wait", "type": "shell", "params": params}]})
    assert "1 timed out" in project.run("--pflow-mutate", "-k", "change-text").stdout.lines[-1]


def test_verdict_in_junit(summing):
    """JUnit has the verdict among the properties of the item."""
    summing.write("sum.test.yaml", STRICT)
    summing.run("--pflow-mutate", "--junit-xml=out.xml", "-k", "change-number")
    text = (summing.pytester.path / "out.xml").read_text()
    told = json.loads(text.partition('name="pflow_mutant" value="')[2].partition('" />')[0].replace("&quot;", '"'))
    assert "killed" in told


def test_verbose_words(summing):
    """With -v the outcome stands beside the item."""
    summing.write("sum.test.yaml", STRICT)
    result = summing.run("--pflow-mutate", "-v", "-k", "change-number")
    result.stdout.fnmatch_lines(["flows/sum.json::mutant[[]change-number nodes.0.params.two[]] KILLED*"])


def test_off_by_default(summing):
    """Without the option there are no mutants."""
    summing.run().stdout.no_fnmatch_line("*mutant*")


def test_secrets_are_not_told(project):
    """What a mutant changes, and what would notice it, is told without the secrets in it."""
    nodes = [
        {"id": "say", "type": "echo", "params": {"text": "open ${api_key}", "auth_token": "s3cr3t", "say": "s3cr3t"}},
        {
            "id": "ask",
            "type": "http",
            "params": {"url": "http://x.example", "headers": {"Authorization": "Bearer abcdef"}},
        },
    ]
    project.write("say.json", {"inputs": {"api_key": {"type": "string", "default": "hunter2"}}, "nodes": nodes})
    project.write("say.test.yaml", "cases:\n  - name: it\n    stubs: {ask: {response: 1}}\n    snapshot: [outputs]\n")
    project.run("--snapshot-update")
    result = project.run("--pflow-mutate", "--junitxml=out.xml")
    said = "\n".join(result.stdout.lines) + (project.pytester.path / "out.xml").read_text(encoding="utf-8")
    assert [] == [secret for secret in ("hunter2", "s3cr3t", "abcdef") if secret in said]
    result.stdout.fnmatch_lines(
        [
            "*  change-text nodes.1.params.headers.Authorization",
            "  - [[]redacted]",
            "  + another",
            "  only a secret differs, which no snapshot holds: a test in Python sees it in pflow.calls(…)",
        ]
    )


def test_no_case_of_its_own(project):
    """Of a workflow without a case, since nothing gives its input, it is told that it has none."""
    project.write("sum.json", {**SUM, "inputs": {"number": {"type": "integer"}}})
    result = project.run("--pflow-mutate", "-k", "change-number")
    result.stdout.fnmatch_lines(
        ["1 mutant: 1 untested; *", "  the workflow has no case of its own: write a case file*"]
    )


LIVE = "cases:\n  - name: it\n    live: true\n"
WRONG = "  - name: other\n    expect: {status: failed}\n"


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (
            LIVE,
            "all cases that might run it are live, and a mutant reaches nothing: write one with stubs or a cassette",
        ),
        (
            LIVE + WRONG,
            "no case of the workflow passes as it is, but for those that are live, which no mutant is put to",
        ),
        (f"cases:\n{WRONG}", "no case of the workflow passes as it is"),
    ],
)
def test_live_cases(summing, cases, said):
    """A live case is never tried, and where that is why nothing is known it is said."""
    summing.write("sum.test.yaml", cases)
    result = summing.run("--pflow-mutate", "-k", "change-number")
    result.stdout.fnmatch_lines(["1 mutant: 1 untested; *", f"  {said}"])


def test_no_mutants(project):
    """Where there is nothing to change that is said, and nothing under --collect-only."""
    project.write("say.json", {"nodes": [{"id": "say", "type": "echo"}]})
    project.run("--pflow-mutate").stdout.fnmatch_lines(["*- pflow mutants -*", "no mutant was run: *"])
    project.run("--pflow-mutate", "--collect-only").stdout.no_fnmatch_line("*pflow mutants*")


CHANGES = """\
import itertools, random
from pflow_engine import node
numbers = itertools.count()

@node("random", outputs={"n": float, "kind": str, "twice": str})
def give(kind: str) -> dict:
    n = random.SystemRandom().random()
    return {"n": n, "kind": kind, "twice": f"{n} {kind}"}

@node("counting", outputs={"n": int, "kind": str})
def count(kind: str) -> dict:
    return {"n": next(numbers), "kind": kind}

def pflow_register_nodes(registry):
    registry.register("random", give)
    registry.register("counting", count)
"""


@pytest.fixture
def changing(project):
    """``changing(kind, case)``: a workflow with a node of this kind, and its case."""

    def write(kind, case=""):
        project.write("conftest.py", CHANGES)
        outputs = {"kind": {"source": "${give.kind}"}}
        nodes = [{"id": "give", "type": kind, "params": {"kind": "dice"}}]
        project.write("give.json", {"nodes": nodes, "outputs": outputs})
        project.write("give.test.yaml", f"cases:\n  - name: it\n{case}")
        return project

    return write


SNAPPED = "    snapshot: [trace]\n"
STUBBED = "    stubs: {give: {n: 0.5, kind: dice}}\n"


@pytest.mark.parametrize(("more", "outcome"), [("", "untested"), (STUBBED, "killed")])
def test_snapshot_never_holds(changing, more, outcome):
    """A case whose snapshot no run holds is one that fails as it is; with the node stubbed it counts."""
    project = changing("random", SNAPPED + more)
    project.run("--snapshot-update")
    result = project.run("--pflow-mutate", "-k", "change-text")
    assert f"1 {outcome}" in result.stdout.lines[-1]
    if outcome == "untested":
        result.stdout.fnmatch_lines(["1 mutant: 1 untested; 0 of 1 noticed (0%)", "  no case of the workflow passes*"])


@pytest.mark.parametrize(
    ("kept", "outcome"), [("", "untested"), ("no JSON", "untested"), ("{}", "untested"), (None, "killed")]
)
def test_snapshot_must_hold(summing, kept, outcome):
    """So is one whose snapshot is not there, is none, or holds something else."""
    summing.write("sum.test.yaml", f"{LAX}    snapshot: [trace]\n")
    summing.run("--snapshot-update")
    file = summing.flows / "__traces__" / "sum.json" / "it.trace.json"
    file.unlink() if kept == "" else file.write_text(kept or json.dumps(json.loads(file.read_text())))
    result = summing.run("--pflow-mutate", "-k", "change-number")
    assert f"1 {outcome}" in result.stdout.lines[-1]


@pytest.mark.parametrize(("least", "outcome"), [(0, "untested"), ("{$type: integer}", "killed")])
def test_passes_by_chance(changing, least, outcome):
    """A case that the second run does not pass, with nothing changed, notices nothing either."""
    project = changing("counting", f"    expect: {{nodes: {{give: {{n: {least}, kind: dice}}}}}}\n")
    assert f"1 {outcome}" in project.run("--pflow-mutate", "-k", "change-text").stdout.lines[-1]


def test_random_is_not_named(changing):
    """What would notice a mutant is told without what is another in each run anyway."""
    project = changing("random")
    project.write("give.json", {"nodes": [{"id": "give", "type": "random", "params": {"kind": "dice"}}]})
    result = project.run("--pflow-mutate", "-k", "change-text")
    result.stdout.fnmatch_lines(['  case \'it\' would notice with expect: {outputs: {"kind": "dice"}}'])
    result.stdout.no_fnmatch_line("*twice*")


def test_only_random_differs(changing):
    """Where only that differs no snapshot is suggested: it would never hold."""
    project = changing("random", "    expect: {nodes: {give: {kind: dice}}}\n")
    ir = {"nodes": [{"id": "give", "type": "random", "params": {"kind": "dice"}}, {"id": "say", "type": "echo"}]}
    ir["nodes"][1]["params"] = {"text": "${give.n}"}
    project.write("give.json", ir)
    result = project.run("--pflow-mutate", "-k", "other-output")
    result.stdout.fnmatch_lines(["  the run is another each time, so no snapshot would hold: stub what changes, *"])


def test_own_folder_is_no_difference(project):
    """Where a run takes place says nothing: a snapshot with its folder in it does not notice what makes no difference."""
    nodes = [
        {"id": "where", "type": "shell", "params": {"command": "pwd"}},
        {"id": "say", "type": "echo", "params": {"text": "in ${where.stdout}"}, "batch": {"items": [1, 2]}},
    ]
    project.write("where.json", {"nodes": nodes, "outputs": {"text": {"source": "${where.stdout}"}}})
    project.write("where.test.yaml", "cases:\n  - name: it\n    snapshot: [outputs]\n")
    project.run("--snapshot-update")
    assert "1 survived" in project.run("--pflow-mutate", "-k", "drop-item").stdout.lines[-1]


def test_status_is_told(project):
    """Where a case lets a run end in any way, the way it ends as it is would notice a mutant that ends otherwise."""
    params = {"command": "read said; [ $said = now ]", "stdin": "now"}
    project.write("ask.json", {"nodes": [{"id": "ask", "type": "shell", "params": params}]})
    project.write("ask.test.yaml", "cases:\n  - name: it\n    expect: {sound: true}\n")
    result = project.run("--pflow-mutate", "-k", "change-text")
    result.stdout.fnmatch_lines(["  case 'it' would notice with expect: {status: success}"])
