"""The gate as part of a pytest run: its items, its table, its options."""

import json
import os

import pytest

APPROVED = {"rule": "output-removed", "path": "outputs.text", "reason": "nobody reads it"}


def with_approval(workflow, **approval):
    """A workflow with an approval in itself."""
    return {**workflow, "metadata": {"pflow_gate": {"allow": [{**APPROVED, **approval}]}}}


def ini(repo, *entries):
    """Approvals in the ini file."""
    repo.write("pyproject.toml", f"[tool.pytest]\npflow_gate_allow = {json.dumps(entries)}\n")


def test_breaking_change(repo):
    """A breaking change fails the item of its workflow, says how to mend it and how to approve it."""
    repo.write("flows/b.json")
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    result = repo.run("-v")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "pflow gate: against HEAD",
            "flows/a.json::gate FAILED*",
            "flows/a.json breaks those who use it, compared with HEAD:",
            "BREAKING  output-removed  flows/a.json:1:*  output 'text' is gone",
            "output-removed: Keep the output;*",
            "to approve it, say why in the workflow:",
            '    "metadata": {"pflow_gate": {"allow": [[]{"rule": "output-removed", "path": "outputs.text", "reason": "…"}]}}',
            "-* pflow gate -*",
            "1 workflow compared: 1 BREAKING, 2 BEHAVIOUR",
            "BREAKING   output-removed  flows/a.json:1:*  output 'text' is gone",
            "BEHAVIOUR  output-added    flows/a.json:1:*  output 'words' is new",
            "BEHAVIOUR  replay-differs  flows/a.json:1:*  case 'defaults': output 'text' removed (and 1 more)",
        ]
    )


def test_no_change(repo):
    """Where nothing changed there is nothing to compare, and no item."""
    result = repo.run()
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*workflow compared*")


def test_cosmetic_change(repo):
    """What reads differently is shown, and passes; what only looks differently is no change."""
    repo.write("flows/a.json", {**repo.named, "description": "Says hi."})
    repo.run().stdout.fnmatch_lines(["1 workflow compared: 1 COSMETIC", "COSMETIC  description-changed  *"])
    repo.write("flows/a.json", json.dumps(repo.named, indent=4))
    repo.run().stdout.fnmatch_lines(["1 workflow compared: no change"])


def test_met_by_its_child(repo):
    """A workflow is compared when what it nests changed, wherever that lies."""
    nested = {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "../shared/c.json"}}]}
    repo.write("flows/b.json", nested)
    repo.write("shared/c.json", repo.named)
    repo.commit()
    repo.write("shared/c.json", repo.broken)
    repo.run("-k", "gate").stdout.fnmatch_lines(
        ["BREAKING *child-contract-broken *flows/b.json:1:*", "*1 failed, 4 deselected*"]
    )


def test_approved(repo):
    """What is approved in the workflow passes, and is shown with the reason."""
    repo.write("flows/a.json", with_approval(repo.broken))
    result = repo.run()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "1 workflow compared: 1 BREAKING (approved), 2 BEHAVIOUR, 1 COSMETIC",
            "BREAKING *",
            "  *approved: nobody reads it",
        ]
    )


def test_approved_in_ini(repo):
    """So does what is approved in the ini file, as for a workflow that is gone."""
    repo.write("flows/b.json", repo.say)
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    (repo.path / "flows/b.json").unlink()
    ini(repo, "flows/a.json::output-removed[outputs.text]: it", "flows/b.json::workflow-removed: moved")
    result = repo.run()
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*approved: it", "*approved: moved"])
    result.stdout.no_fnmatch_line("*stale*")


def test_how_to_approve_a_removal(repo):
    """What to write of a workflow that is gone is said as it stands in the ini file."""
    (repo.path / "flows/a.json").unlink()
    repo.run().stdout.fnmatch_lines(['    pflow_gate_allow = [[]"flows/a.json::workflow-removed: …"]'])


def test_how_to_approve_in_markdown(repo):
    """Of a workflow in Markdown, as it stands in its frontmatter."""
    text = "## Steps\n\n### say\n\nSays it.\n\n- type: echo\n- text: hi\n\n## Outputs\n\n### {}\n\nIt.\n\n- source: ${{say.text}}\n"
    repo.write("flows/b.pflow.md", text.format("text"))
    repo.commit()
    repo.write("flows/b.pflow.md", text.format("words"))
    result = repo.run()
    result.stdout.fnmatch_lines(
        ["*say why in the frontmatter*", '    pflow_gate: {"allow": [[]{"rule": "output-removed", *']
    )


@pytest.mark.parametrize(("kind", "failed"), [("default", 0), ("error", 1)])
def test_stale_approval(repo, kind, failed):
    """An approval of a change that is not made is a warning with its place."""
    repo.write("flows/a.json", with_approval(repo.named))
    result = repo.run("-W", kind)
    result.assert_outcomes(passed=3 - failed, failed=failed, warnings=1 - failed)
    result.stdout.fnmatch_lines(
        ["*flows/a.json:1:*: warning: the approval of 'output-removed' at 'outputs.text' matches no change*"]
    )


def test_stale_approval_in_ini(repo):
    """So is one of the ini file, where the run was to find the change."""
    ini(repo, "flows/a.json::output-removed[outputs.text]: it", "flows/x.json::workflow-removed: gone")
    result = repo.run()
    result.stdout.fnmatch_lines(
        [
            "*pflow gate -*",
            "pyproject.toml:2:*: warning: the approval of 'output-removed' at 'outputs.text' matches no change of 'flows/a.json'*",
            "pyproject.toml:2:*: warning: the approval of 'workflow-removed' matches no change of 'flows/x.json'*",
        ]
    )
    for part in (("-k", "validate"), ("flows/a.json::validate",)):
        repo.run(*part).stdout.no_fnmatch_line("*matches no change*")
    repo.write("flows/a.json", {**repo.named, "description": "x"})
    repo.run("-k", "gate").stdout.fnmatch_lines(["*matches no change of 'flows/a.json'*"])


def test_bad_approval(repo):
    """An approval that is none fails the item, with its place."""
    repo.write("flows/a.json", with_approval(repo.broken, reason=""))
    result = repo.run("-k", "gate")
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["flows/a.json:1:*: error: an approval without a reason*"])


def test_bad_approvals_of_ini(repo):
    """Those of the ini file stop the run before it begins, all at once."""
    ini(repo, "a.json::output-removed", "words")
    said = repo.refused("--pflow-against=HEAD")
    assert "pyproject.toml:2:" in said
    assert "without a reason" in said
    assert "'words' is no approval" in said


def test_invalid_workflow(repo):
    """A workflow that has errors now is told as such; one that had them is not compared."""
    repo.write("flows/b.json", {"nodes": [{"id": "x", "type": "nothing"}]})
    repo.write("flows/c.json", '{"nodes": [')
    repo.commit()
    repo.write("flows/a.json", {"nodes": [{"id": "x", "type": "nothing"}]})
    repo.write("flows/b.json")
    repo.write("flows/c.json")
    result = repo.run("-k", "gate")
    result.assert_outcomes(failed=1, passed=2, deselected=6)
    result.stdout.fnmatch_lines(["BREAKING  *workflow-made-invalid*", "BEHAVIOUR  workflow-made-valid *b.json*"])


def test_invalid_twice(repo):
    """Of one that had errors and has errors it is not said that nothing changed alone, on the terminal nor in the summary."""
    repo.write("flows/b.json", {"nodes": [{"id": "x", "type": "nothing"}]})
    repo.commit()
    repo.write("flows/b.json", {"nodes": [{"id": "y", "type": "nothing"}]})
    repo.run("-k", "gate", "--pflow-summary=found.md").stdout.fnmatch_lines(
        ["1 workflow compared: no change", "with errors before and now, so what changed is not known: flows/b.json"]
    )
    assert "is not known: `flows/b.json`." in (repo.path / "found.md").read_text()


def test_was_no_workflow(repo):
    """What was other data is new as a workflow; what is other data now is gone."""
    repo.write("flows/b.json", "[]")
    repo.write("flows/c.json", repo.say)
    repo.commit()
    repo.write("flows/b.json", {**repo.named, "name": "b"})
    repo.write("flows/c.json", "[]")
    result = repo.run("-k", "gate")
    result.stdout.fnmatch_lines(
        ["BREAKING *workflow-removed *flows/c.json *", "BEHAVIOUR *workflow-added *flows/b.json *"]
    )


def test_stubbed_types(repo):
    """A type that is not installed but has a stub is known to both sides."""
    flow = {**repo.named, "nodes": [{"id": "say", "type": "robot", "params": {"text": "${name}"}}]}
    repo.write("flows/b.json", flow)
    repo.write("flows/b.test.yaml", "cases:\n- {name: it, stubs: {say: {text: hi}}}\n")
    repo.commit()
    repo.write("flows/b.json", {**flow, "outputs": {}})
    repo.run("-k", "gate").stdout.fnmatch_lines(["BREAKING *output*-removed *flows/b.json*"])
    repo.write("flows/b.test.yaml", "cases: x")
    repo.commit()
    repo.write("flows/b.json", flow)
    repo.write("flows/b.test.yaml", "cases:\n- {name: it, stubs: {say: {text: hi}}}\n")
    repo.run("-k", "gate").assert_outcomes(passed=1, deselected=4)


def test_part_of_the_tests(repo):
    """One workflow alone is compared as among all: a rename is seen, and what was not asked for is left out."""
    repo.write("flows/b.json", repo.say)
    repo.write("flows/.hidden/c.json", repo.say)
    repo.commit()
    repo.git("mv", "flows/a.json", "flows/new.json")
    for name in ("b.json", ".hidden/c.json"):
        (repo.path / "flows" / name).unlink()
    result = repo.run("flows/new.json::gate")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*workflow-renamed*"])
    repo.run("-k", "gate", "--ignore=flows/b.json").assert_outcomes(passed=2, deselected=2)


def test_last_failed(repo):
    """--lf runs the gate that failed again."""
    repo.write("flows/b.json")
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    (repo.path / "flows/b.json").unlink()
    repo.run().assert_outcomes(failed=2, passed=2)
    result = repo.run("--lf", "-v")
    result.stdout.fnmatch_lines(["flows/a.json::gate FAILED*", "flows/b.json::gate FAILED*"])


def test_workers(repo):
    """The workers of xdist come to what one process comes to, and all of it is shown."""
    for name in "bcdef":
        repo.write(f"flows/{name}.json", {**repo.named, "name": name})
    repo.commit()
    for name in "abc":
        repo.write(f"flows/{name}.json", {**repo.broken, "name": name})
    (repo.path / "flows/d.json").unlink()
    light = ("-p", "no:hypothesispytest")
    args = ("--pflow-workflows=flows", "--pflow-against=HEAD", "--pflow-changed", "--junitxml=../out.xml", *light)
    before = repo.git("--no-optional-locks", "status", "--porcelain")
    alone, spread = (repo.pytester.runpytest_subprocess(*args, "-n", number) for number in ("0", "2"))
    alone.assert_outcomes(failed=4, passed=6, deselected=4)
    spread.assert_outcomes(failed=4, passed=6)
    table = [line for line in alone.outlines if line.startswith(("BREAKING   ", "BEHAVIOUR", "4 workflows compared"))]
    assert 1 + 4 + 6 == len(table)
    assert table == [line for line in spread.outlines if line in table]
    assert 'classname="flows.d.json" name="gate"' in (repo.path.parent / "out.xml").read_text()
    assert before == repo.git("--no-optional-locks", "status", "--porcelain")


def test_everything_is_run(repo):
    """Where everything is run, it is said why."""
    repo.write("flows/conftest.py", "")
    result = repo.run("--pflow-changed")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["pflow gate: everything is run, since anything may depend on 'flows/conftest.py', which changed"]
    )


def test_python_tests_are_run(repo):
    """Tests in Python are none of those that are left out."""
    repo.write("flows/test_it.py", "def test_it(): pass")
    repo.commit()
    repo.run("--pflow-changed").assert_outcomes(passed=1, deselected=2)


def test_one_file(repo):
    """A file that is opted in by itself is compared, too."""
    repo.write("flows/a.json", repo.broken)
    result = repo.pytester.runpytest_inprocess("--pflow-workflows=flows/a.json", "--pflow-against=HEAD")
    result.assert_outcomes(passed=2, failed=1)


def test_from_a_folder_below(repo):
    """Names are as seen from where pytest was started."""
    repo.write("flows/a.json", repo.broken)
    os.chdir(repo.path / "flows")
    result = repo.pytester.runpytest_inprocess("--pflow-workflows=.", "--pflow-against=HEAD", "-k", "gate")
    result.stdout.fnmatch_lines(["BREAKING  output-removed  a.json:1:*"])


@pytest.mark.parametrize("option", ["--pflow-against=HEAD", "--pflow-changed"])
def test_without_workflows(repo, option):
    """Without workflows there is nothing to compare."""
    result = repo.pytester.runpytest_inprocess(option)
    result.stderr.fnmatch_lines(
        [f"*{option.partition('=')[0]} needs to know where the workflows are: --pflow-workflows=DIR"]
    )


def test_first_cases(repo):
    """--pflow-init writes its case file, and compares nothing."""
    repo.run("--pflow-init=flows/a.json").stdout.no_fnmatch_line("*pflow gate*")
    assert (repo.path / "flows/a.test.yaml").exists()


def test_conftest_that_git_ignores(repo):
    """With a conftest.py of which git knows nothing, everything is run, and that is said."""
    repo.write(".gitignore", "conftest.py\n")
    repo.write("flows/conftest.py", "")
    repo.commit()
    result = repo.run("--pflow-changed")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["pflow gate: everything is run, since git does not know 'flows/conftest.py'"])


def test_changed_alone(repo):
    """--pflow-changed by itself selects what differs from the upstream, and judges nothing."""
    repo.git("switch", "-q", "-c", "mine", "--track", "main")
    repo.write("flows/b.json")
    (repo.path / "flows/a.json").unlink()
    repo.write("flows/c.json", repo.say)
    repo.commit()
    repo.write("flows/b.json", repo.named)
    result = repo.pytester.runpytest_inprocess("--pflow-workflows=flows", "--pflow-changed", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*::gate*")
    result.stdout.fnmatch_lines(["pflow gate: against main"])


def test_own_reports(repo):
    """What the last run wrote is no reason to run everything in the next one, unless it is not a report any more."""
    repo.write("out/found.sarif", "of the last run")
    repo.write("flows/found.md", "of the last run")
    reports = "--pflow-sarif=out/found.sarif", "--pflow-summary=flows/found.md"
    assert [] == repo.selected(*reports)
    assert repo.selected(reports[0])
    assert repo.selected(reports[1])
