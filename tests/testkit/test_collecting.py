from pathlib import Path

import pytest


def test_items_of_a_workflow(project, ada):
    """A workflow is one item for validation and one for each case."""
    project.hello(ada)
    result = project.run("--collect-only", "-q")
    result.stdout.fnmatch_lines(["flows/hello.json::validate", "flows/hello.json::run[[]ada[]]", "2 tests collected*"])


def test_collect_only_runs_nothing(project):
    """--collect-only starts no node."""
    project.write("touch.json", {"nodes": [{"id": "t", "type": "shell", "params": {"command": "touch ran"}}]})
    project.run("--collect-only").assert_outcomes()
    assert [] == list(project.pytester.path.rglob("ran"))


def test_both_pass(project, ada):
    """A sound workflow and a case that holds pass."""
    project.hello(ada)
    project.run().assert_outcomes(passed=2)


def test_yaml_workflow(project):
    """YAML workflows are collected like JSON ones."""
    project.write("hello.yaml", "nodes:\n  - {id: a, type: echo, params: {text: hi}}\n")
    project.run("-v").stdout.fnmatch_lines(["*hello.yaml::validate PASSED*", "*hello.yaml::run[[]defaults[]] PASSED*"])


@pytest.mark.parametrize("folder", ["flows", "flows/hello.pflow.md"])
def test_markdown_workflow(project, folder):
    """*.pflow.md is a workflow with the case file of its name; any other Markdown is none."""
    text = "## Steps\n\n### a\n\nSays hello.\n\n- type: echo\n- text: ${name}\n\n## Inputs\n\n### name\n\nWho.\n"
    project.write("hello.pflow.md", text)
    project.write(
        "hello.test.yaml", "cases:\n- name: ada\n  inputs: {name: Ada}\n  expect: {nodes: {a: {text: Ada}}}\n"
    )
    project.write("README.md", text)
    result = project.pytester.runpytest_inprocess("-v", f"--pflow-workflows={folder}")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*hello.pflow.md::validate PASSED*", "*hello.pflow.md::run[[]ada[]] PASSED*"])


def test_unparsable_markdown(project):
    """A Markdown file that does not parse is a collection error with its place."""
    project.write("broken.pflow.md", "## Steps\n\n### a\n\nx\n\n```\nls\n```\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["flows/broken.pflow.md:7:1: error: a fenced block without a tag*"])


def test_shared_case_file(project, ada):
    """hello.json and hello.pflow.json share the case file of their name."""
    project.hello(ada)
    project.write("hello.pflow.json", (project.flows / "hello.json").read_text())
    project.run().assert_outcomes(passed=4)


def test_defaults_case(project):
    """A workflow whose inputs all have defaults runs once without a case file."""
    workflow = {
        "inputs": {"name": {"type": "string", "default": "you"}},
        "nodes": [{"id": "a", "type": "echo", "params": {"text": "${name}"}}],
    }
    project.write("a.json", workflow)
    project.run("-v").stdout.fnmatch_lines(["*::run[[]defaults[]] PASSED*"])


@pytest.mark.parametrize(
    "inputs", [{"name": {"type": "string"}}, {}], ids=["required input", "name known only at run time"]
)
def test_no_defaults_case(project, inputs):
    """A workflow that has to be given something is only validated."""
    nodes = [{"id": "a", "type": "echo", "params": {"text": "${name}"}}]
    project.write("a.json", {"inputs": inputs, "nodes": nodes} if inputs else {"nodes": nodes})
    project.run("-W", "ignore").assert_outcomes(passed=1)


@pytest.mark.parametrize("content", ["[1, 2]", '{"name": "data"}', '"text"'])
def test_other_files_are_passed_over(project, content):
    """A JSON file without nodes is no workflow."""
    project.write("data.json", content)
    assert pytest.ExitCode.NO_TESTS_COLLECTED == project.run().ret


def test_unparsable_file(project):
    """A file that does not parse is a collection error with its place."""
    project.write("broken.json", '{"nodes": [\n  {"id": "a",}\n]}')
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["flows/broken.json:2:14: error: not JSON:*", "*hint: take out the comma before it"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_only_opted_in_folders(project, ada):
    """Without the option no workflow is claimed."""
    project.hello(ada)
    project.pytester.makepyfile("def test_one(): pass")
    project.pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_ini_folders(project, ada):
    """Folders of the ini file are collected beside the test paths."""
    project.hello(ada)
    project.pytester.makepyfile("def test_one(): pass")
    project.pytester.makepyprojecttoml("[tool.pytest]\npflow_workflows = ['flows']\n")
    project.pytester.runpytest_inprocess().assert_outcomes(passed=3)


def test_ini_folder_outside_test_paths(project, ada):
    """An ini folder outside testpaths is collected all the same."""
    project.hello(ada)
    project.pytester.mkdir("tests").joinpath("test_one.py").write_text("def test_one(): pass")
    project.pytester.makepyprojecttoml("[tool.pytest]\npflow_workflows = ['flows']\ntestpaths = ['tests']\n")
    project.pytester.runpytest_inprocess().assert_outcomes(passed=3)


def test_option_is_a_path(project, ada):
    """A folder on the command line is a path there: the default paths are not run beside it."""
    project.hello(ada)
    project.pytester.makepyfile("def test_one(): pass")
    project.run().assert_outcomes(passed=2)


def test_option_and_paths(project, ada):
    """Other paths on the command line are run beside the folder."""
    project.hello(ada)
    test_file = project.pytester.makepyfile("def test_one(): pass")
    project.run(str(test_file)).assert_outcomes(passed=3)


def test_folder_given_twice(project, ada):
    """A folder that is an argument too is collected once."""
    project.hello(ada)
    project.run("flows").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("node_id", "passed"),
    [
        ("flows/hello.json", 2),
        ("flows/hello.json::validate", 1),
        ("flows/hello.json::run[ada]", 1),
        ("flows/hello.json::run", 1),
    ],
)
def test_node_ids(project, ada, node_id, passed):
    """A node id runs just what it names, not the whole folder."""
    project.hello(ada)
    project.hello(ada, name="other")
    project.run(node_id).assert_outcomes(passed=passed)


def test_single_file_folder(project, ada):
    """The option takes a file too."""
    project.hello(ada)
    project.hello(ada, name="other")
    result = project.pytester.runpytest_inprocess("--pflow-workflows=flows/other.json")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("", "takes a folder, and got an empty name"),
        ("a" * 300, "File name too long*"),
        ("flows/data.txt", "is no workflow file*"),
        ("flows/hello.test.yaml", "is no workflow file*"),
        ("flows/README.md", "is no workflow file*"),
    ],
)
def test_folder_that_is_none(project, ada, folder, said):
    """What is no folder and no workflow file is a usage error."""
    project.hello(ada)
    project.write("data.txt", "text")
    project.write("README.md", "## Steps\n")
    result = project.pytester.runpytest_inprocess(f"--pflow-workflows={folder}")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"ERROR: --pflow-workflows*{said}"])


def test_missing_ini_folder(project):
    """A folder of the ini file that is not there names the ini file."""
    project.pytester.makepyprojecttoml("[tool.pytest]\npflow_workflows = ['flow']\n")
    result = project.pytester.runpytest_inprocess()
    result.stderr.fnmatch_lines(
        ["ERROR: pflow_workflows in *pyproject.toml: there is no folder '*flow'; did you mean *"]
    )


def test_ini_folder_and_arguments(project, ada):
    """With paths on the command line the ini folders are not run, as testpaths are not."""
    project.hello(ada)
    test_file = project.pytester.makepyfile("def test_one(): pass")
    project.pytester.makepyprojecttoml("[tool.pytest]\npflow_workflows = ['flows']\n")
    project.pytester.runpytest_inprocess(str(test_file)).assert_outcomes(passed=1)
    project.pytester.runpytest_inprocess("flows/hello.json::validate").assert_outcomes(passed=1)


def test_missing_folder(project):
    """A folder that is not there is a usage error that names the nearest one."""
    result = project.pytester.runpytest_inprocess("--pflow-workflows=flow")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: --pflow-workflows: there is no folder '*flow'; did you mean '*flows'?"])


def test_keyword_selection(project, ada):
    """-k selects cases by name."""
    project.hello(ada)
    project.run("-k", "ada").assert_outcomes(passed=1, deselected=1)


def test_last_failed(project, ada):
    """--lf runs only what failed."""
    project.hello(ada)
    project.hello(ada.replace("Hello Ada", "Bye Ada"), name="wrong")
    project.run().assert_outcomes(passed=3, failed=1)
    project.run("--lf").assert_outcomes(failed=1)


@pytest.mark.parametrize("args", [("-n", "2"), ("-n", "2", "flows/hello.json::run[ada]")])
def test_xdist(project, ada, args):
    """Workers collect the same items as a single process."""
    project.hello(ada)
    expected = 2 if len(args) == 2 else 1
    result = project.pytester.runpytest_subprocess("--pflow-workflows=flows", *args)
    result.assert_outcomes(passed=expected)


def test_line_of_the_case(project, ada):
    """An item's place is the line of its case in the case file."""
    project.hello(ada)
    items, _ = project.pytester.inline_genitems("--pflow-workflows=flows")
    assert [("flows/hello.json", 0), ("flows/hello.test.yaml", 1)] == [item.location[:2] for item in items]


def test_orphan_case_file(project, ada):
    """A case file without its workflow is an error that names the nearest workflow."""
    project.hello()
    project.write("helo.test.yaml", ada)
    result = project.run()
    result.stdout.fnmatch_lines(
        ["flows/helo.test.yaml: error: there is no workflow 'helo'*", "*did you mean 'hello'?*"]
    )


@pytest.mark.parametrize("name", ["hello.test.yml", "hello.tests.yaml", "hello.test.json", "hello_test.yaml"])
def test_misnamed_case_file(project, ada, name):
    """A file beside a workflow with almost the name of its case file says how to name it."""
    project.hello()
    project.write(name, ada)
    project.run().stdout.fnmatch_lines(["*case files end with .test.yaml*", "*rename it to hello.test.yaml"])


@pytest.mark.parametrize("name", ["hello-test.json", "smoke_test.json", "load.tests.json"])
def test_named_like_a_test(project, ada, name):
    """A workflow whose own name ends with test is collected with its cases, beside another one too."""
    project.hello()
    project.hello(ada, name.removesuffix(".json"))
    project.run("-k", name).assert_outcomes(passed=2, deselected=1)


def test_case_file_of_no_workflow(project, ada):
    """A file with a case file but without nodes is no data file, it is a mistake."""
    project.write("hello.json", {"node": []})
    project.write("hello.test.yaml", ada)
    project.run().stdout.fnmatch_lines(["flows/hello.json:1:1: error: no workflow: it has no 'nodes'*"])


def test_dangling_case_file(project):
    """A case file that is a link to nowhere is an error, not a workflow without cases."""
    project.hello()
    (project.flows / "hello.test.yaml").symlink_to("nowhere.yaml")
    project.run().stdout.fnmatch_lines(["flows/hello.test.yaml: error: a link to nowhere.yaml, which is not there*"])


@pytest.mark.parametrize(
    "workflow",
    [
        {"nodes": 5},
        {"nodes": None},
        {"nodes": [{"id": ["a"], "type": "echo"}]},
        {"nodes": [{"id": "a", "batch": {"as": {}}}]},
    ],
    ids=str,
)
def test_invalid_shapes(project, workflow):
    """A workflow of a wrong shape fails its validation, it does not stop the collecting."""
    project.write("a.json", workflow)
    result = project.run("-k", "validate")
    assert 1 == result.parseoutcomes()["failed"]
    result.stdout.no_fnmatch_line("*Traceback*")


def test_warnings_as_errors(project):
    """Under -W error what validation warns of fails, and is shown as plainly as an error."""
    nodes = [{"id": "a", "type": "echo", "params": {"text": "hi"}}]
    project.write("a.json", {"inputs": {"unused": {"default": "x"}}, "nodes": nodes})
    result = project.run("-W", "error", "-k", "validate")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["flows/a.json:3:5: warning: input 'unused' is never used*"])
    result.stdout.no_fnmatch_line("*in warn*")


def test_markers_and_fixtures(project):
    """The marker, the fixture and the options are described."""
    pytester = project.pytester
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.pflow_workflow(path): *"])
    pytester.runpytest_inprocess("--fixtures").stdout.fnmatch_lines(["pflow -- *", "*Run pflow workflows*"])
    pytester.runpytest_inprocess("--help").stdout.fnmatch_lines(["pflow workflows*", "*--pflow-workflows=DIR*"])


def test_header_names_folders(project, ada):
    """The header says which folders are opted in."""
    project.hello(ada)
    project.run().stdout.fnmatch_lines(["pflow workflows: *flows"])


def test_warnings_are_shown(project):
    """What validation only warns of is a pytest warning, and the item passes."""
    workflow = {
        "inputs": {"unused": {"type": "string", "default": "x"}},
        "nodes": [{"id": "a", "type": "echo", "params": {"text": "hi"}}],
    }
    project.write("a.json", workflow)
    result = project.run("-W", "default")
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*flows/a.json:3:5: warning: input 'unused' is never used*"])


def test_folder_is_listed_once(project, ada, monkeypatch):
    """However many case files a folder has, it is looked through once for what they belong to."""
    listed, iterdir = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or iterdir(self))
    for name in "abcd":
        project.hello(ada, name)
    project.run("--collect-only").stdout.fnmatch_lines(["*8 tests collected*"])
    assert [project.flows] == listed
