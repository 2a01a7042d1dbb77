"""Every example of the README runs, and every terminal picture is what the terminal shows."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest
import yaml
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

from pflow_engine import compile_ir_to_flow, run
from pflow_engine.cli.codes import TOLD
from pflow_engine.nodes.mcp.configuration import servers_for
from pflow_testkit.gate import RULES
from pflow_testkit.gate.page import anchor_of, rules_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BROKEN = """\
{
  "inputs": {"since": {"type": "string"}},
  "nodes": [
    {"id": "fetch", "type": "htp", "params": {"url": "https://commits.example/since/${sinse}"}},
    {"id": "count", "type": "echo", "batch": {"items": "${fetch.response}", "paralel": true}}
  ]
}
"""


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    text = re.sub(r"^````markdown\n.*?^````", "", README, flags=re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def block(language: str, words: str) -> str:
    """The one fenced block of a language that has these words."""
    (found,) = [text for text in blocks(language) if words in text]
    return found


def picture(name: str) -> tuple[list[str], list[str]]:
    """The arguments of a picture's command, and what it shows."""
    pattern = rf"<!-- picture: {name} -->\n```console\n\$ pytest (.*?)\n(.*?)```\n<!-- end -->"
    found = re.search(pattern, README, re.DOTALL)
    assert found is not None
    return shlex.split(found[1]), timeless(found[2].splitlines())


def screen(name: str) -> list[tuple[str, list[str]]]:
    """The commands of a terminal, each with what it shows."""
    found = re.search(rf"<!-- screen: {name} -->\n```console\n(.*?)```\n<!-- end -->", README, re.DOTALL)
    assert found is not None
    commands = re.split(r"^\$ ", found[1], flags=re.MULTILINE)[1:]
    return [
        (command, timeless(shown.splitlines())) for command, _, shown in (each.partition("\n") for each in commands)
    ]


def timeless(lines: list[str]) -> list[str]:
    """Lines without what differs from run to run."""
    return [re.sub(r"\b\d+(\.\d+)?(ms|s| KB)\b", "…", line).strip("= ") for line in lines]


def shown(result: pytest.RunResult) -> list[str]:
    """What a run printed from its first failure or error on."""
    lines = timeless(result.stdout.lines)
    start = next(number for number, line in enumerate(lines) if line in ("FAILURES", "ERRORS"))
    return lines[start:]


@pytest.fixture
def five_minutes(pytester: pytest.Pytester) -> pytest.Pytester:
    """The project of the README's first guide."""
    flows = pytester.mkdir("flows")
    (flows / "triage.json").write_text(blocks("json")[0])
    (flows / "conftest.py").write_text(blocks("python")[0])
    (flows / "triage.test.yaml").write_text(blocks("yaml")[0])
    return pytester


def test_five_minutes(five_minutes):
    """The first guide's project passes, as it says."""
    guide = next(block for block in blocks("console") if "triage.json::validate PASSED" in block)
    command, *said = guide.splitlines()
    result = five_minutes.runpytest_inprocess(*shlex.split(command)[2:])
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"{line.replace('[', '[[]')}*" for line in said])


def test_stub_rules(five_minutes):
    """The example of rules and attempts passes."""
    (five_minutes.path / "flows" / "triage.test.yaml").write_text(block("yaml", "attempts: "))
    five_minutes.runpytest_inprocess("--pflow-workflows=flows").assert_outcomes(passed=2)


def test_fault_examples(five_minutes):
    """The examples of faults pass, as a case and as a Python test."""
    flows = five_minutes.path / "flows"
    (flows / "triage.test.yaml").write_text(block("yaml", "faults:"))
    (flows / "test_triage.py").write_text(block("python", "pflow_faults.hang"))
    workflow = flows / "triage.json"
    assert '"max_retries": 2' in workflow.read_text()
    five_minutes.runpytest_inprocess("flows", "--pflow-workflows=flows").assert_outcomes(passed=3)


def test_snapshot_example(five_minutes):
    """The example of snapshots in Python writes them, and passes from then on."""
    (five_minutes.path / "flows" / "test_triage.py").write_text(block("python", "batch_snapshot(timing=True)"))
    for args in (["--snapshot-update"], []):
        five_minutes.runpytest_inprocess("flows/test_triage.py", *args).assert_outcomes(passed=1)


def test_hooks_example(five_minutes):
    """The example of a conftest.py stubs, normalises and redacts as it says."""
    flows = five_minutes.path / "flows"
    (flows / "conftest.py").write_text(block("python", "def pflow_testkit_stub"))
    (flows / "triage.test.yaml").write_text("cases:\n- name: it\n  inputs: {since: v1}\n  snapshot: [trace]\n")
    five_minutes.runpytest_inprocess("--pflow-workflows=flows", "--snapshot-update").assert_outcomes(passed=2)
    kept = (flows / "__traces__" / "triage.json" / "it.trace.json").read_text()
    assert "Fix the build, card [card]" in kept
    assert "4111" not in kept


def test_first_case_example(five_minutes):
    """The command that writes a first case lists the stub to fill."""
    case = five_minutes.path / "flows" / "triage.test.yaml"
    case.unlink()
    five_minutes.runpytest_inprocess("--pflow-init", "flows/triage.json").stdout.fnmatch_lines(
        ["*  fetch (http): response*"]
    )
    assert "fetch:" in case.read_text()


@pytest.fixture
def commits_url(tmp_path):
    """A server on this machine with the commits since a release."""
    (tmp_path / "v1.0.json").write_text('[{"message": "Fix the build"}]')
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_cassette_path(five_minutes, commits_url):
    """A cassette lies where it says, and a run replays from it."""
    flows = five_minutes.path / "flows"
    workflow = flows / "triage.json"
    workflow.write_text(
        workflow.read_text().replace("https://commits.example/since/${since}", f"{commits_url}/${{since}}.json")
    )
    (flows / "triage.test.yaml").write_text("cases:\n  - name: two commits\n    inputs: {since: v1.0}\n")
    five_minutes.runpytest_inprocess("--pflow-workflows=flows", "--pflow-record=once").assert_outcomes(passed=2)
    (flows / "__cassettes__" / "triage.json" / "two-commits.json").rename(flows / "seen")
    five_minutes.runpytest_inprocess("--pflow-workflows=flows").assert_outcomes(passed=1, failed=1)
    (flows / "seen").rename(flows / "__cassettes__" / "triage.json" / "two-commits.json")
    five_minutes.runpytest_inprocess("--pflow-workflows=flows").assert_outcomes(passed=2)


def test_model_example(pytester, model_server):
    """The example of a model asks the one that its list of models has, at the prices of its list of prices."""
    (pytester.mkdir("flows") / "classify.yaml").write_text(block("yaml", "type: llm"))
    model = block("yaml", "api_base:").replace("http://models.example/v1", model_server.url)
    (model_server.user / "extra-openai-models.yaml").write_text(model.replace("qwen3", "says"))
    (model_server.user / "keys.json").write_text('{"house": "key-of-the-house"}')
    (model_server.user / "prices.yaml").write_text(block("yaml", "cache_read: "))
    calls = run(pytester.path / "flows" / "classify.yaml").store["__llm_calls__"]
    assert [("classify", 0, 3.8e-6), ("classify", 1, 3.8e-6)] == [
        (call["node_id"], call["item_index"], call["cost_usd"]) for call in calls
    ]


def test_markdown_example(pytester):
    """The example of a Markdown workflow runs."""
    flows = pytester.mkdir("flows")
    found = re.search(r"^````markdown\n(.*?)^````", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    (flows / "weigh.pflow.md").write_text(found[1])
    case = "cases:\n- name: two\n  inputs: {notes: [one, two words]}\n  expect: {outputs: {counts: [{result: 1}, {result: 2}]}}\n"
    (flows / "weigh.test.yaml").write_text(case)
    pytester.runpytest_inprocess("--pflow-workflows=flows").assert_outcomes(passed=2)


@pytest.fixture
def weigh(tmp_path):
    """A folder with the example of a Markdown workflow, and the first conftest.py."""
    found = re.search(r"^````markdown\n(.*?)^````", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "weigh.pflow.md").write_text(found[1])
    (tmp_path / "flows" / "conftest.py").write_text(blocks("python")[0])
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_screens(weigh):
    """What terminals show in the section on the command line is what they show."""
    env = {**os.environ, "PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}"}
    for name in ("run", "inputs", "only", "plugin"):
        for command, expected in screen(name):
            options = {"shell": True, "cwd": weigh, "env": env, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            shown = subprocess.run(command, check=False, text=True, **options).stdout
            assert expected == timeless(shown.splitlines())
    assert [1, 2] == [each["result"] for each in json.loads((weigh / "again.json").read_text())["outputs"]["results"]]


def test_exit_codes():
    """The table of exit codes has those of the command's help."""
    told = dict(re.findall(r"^  (\d+) +(\w+)", TOLD, re.MULTILINE))
    table = re.search(r"^\| Exit code .*?\n\n", README, re.DOTALL | re.MULTILINE)
    assert table is not None
    assert sorted(told) == sorted(re.findall(r"^\| (\d+) \|", table[0], re.MULTILINE))


def test_nested_example(five_minutes):
    """The example of a workflow in a workflow runs with the stubs of its case."""
    flows = five_minutes.path / "flows"
    post = {
        "id": "post",
        "type": "http",
        "params": {"url": "https://chat.example/post", "body": "${classify.success_count}"},
    }
    triage = json.loads((flows / "triage.json").read_text())
    triage["nodes"].append(post)
    triage["outputs"]["label_count"] = triage["outputs"].pop("count")
    (flows / "triage.json").write_text(json.dumps(triage))
    (flows / "releases.yaml").write_text(
        "inputs: {releases: {type: array, default: [v1, v2]}}\n" + block("yaml", "workflow_ref: triage.json")
    )
    case = block("yaml", "sub/fetch:").replace("    stubs:", "    expect: {status: failed}\n    stubs:")
    (flows / "releases.test.yaml").write_text(case)
    (flows / "triage.test.yaml").unlink()
    five_minutes.runpytest_inprocess("--pflow-workflows=flows", "-k", "releases").assert_outcomes(
        passed=2, deselected=1
    )


def test_ini_example(five_minutes):
    """The example of the ini file opts in."""
    five_minutes.makepyprojecttoml(blocks("toml")[0])
    five_minutes.runpytest_inprocess().assert_outcomes(passed=2)


def test_python_test_example(five_minutes):
    """The example of a Python test passes beside the workflow."""
    (five_minutes.path / "flows" / "test_triage.py").write_text(block("python", "def test_every_commit"))
    five_minutes.runpytest_inprocess("--strict-markers").assert_outcomes(passed=1)


def test_engine_example(five_minutes, capsys):
    """The example of the engine runs as a script."""
    script = five_minutes.makepyfile(block("python", "format_success_as_text"))
    result = five_minutes.runpython(script)
    result.stdout.fnmatch_lines(["✓ Workflow completed in *", "  ✓ twice (*ms) - 3/3 items succeeded"])
    assert 0 == result.ret


def test_progress_example(pytester):
    """The example of a listener tells of each item once."""
    result = pytester.runpython(pytester.makepyfile(block("python", "def show(event)")))
    result.stdout.fnmatch_lines_random(["say: [1-3]/3 completed, attempts: 1"] * 3)
    assert 0 == result.ret


def test_spans_example(pytester):
    """The example of OpenTelemetry prints what it says."""
    result = pytester.runpython(pytester.makepyfile(block("python", "ConsoleSpanExporter(")))
    assert ["node say: completed", "workflow hello: success"] == result.outlines
    assert 0 == result.ret


def test_chart_example(pytester):
    """The example of a chart prints the one that is shown."""
    result = pytester.runpython(pytester.makepyfile(block("python", "import mermaid")))
    assert (0, blocks("mermaid")[0].splitlines()) == (result.ret, result.outlines[:-1])


def test_mcp_example(pytester):
    """The server of the example starts, and describes a workflow."""
    pytester.path.joinpath(".mcp.json").write_text(block("json", '"pflow-testkit"'))
    pytester.path.joinpath("say.json").write_text('{"nodes": [{"id": "say", "type": "echo"}]}')
    (server,) = json.loads(pytester.path.joinpath(".mcp.json").read_text())["mcpServers"].values()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    async def describe(errors):
        given = StdioServerParameters(**server, cwd=pytester.path, env={**os.environ, "PATH": path})
        async with Client(stdio_client(given, errlog=errors)) as client:
            return await client.call_tool("workflow_describe", {"path": "say.json"})

    with pytester.path.joinpath("stderr.txt").open("w") as errors:
        described = asyncio.run(describe(errors))
    assert "say.json" == described.structured_content["file"]


def test_dask_example(local_cluster):
    """The three lines for a cluster run on one."""
    flow = compile_ir_to_flow(
        {
            "nodes": [
                {"id": "b", "type": "echo", "params": {"at": "${item}"}, "batch": {"items": "${xs}", "parallel": True}}
            ]
        }
    )
    with local_cluster(1) as cluster:
        names = {"flow": flow, "inputs": {"xs": [1, 2, 3]}}
        exec(block("python", "DaskExecutor").replace("tcp://scheduler:8786", cluster.address), names)  # ours
    assert [1, 2, 3] == [entry["at"] for entry in names["result"].outputs["results"]]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rename", '"label"', '"labels"'),
        ("swap", '"fix": "bug", "crash": "bug", "add": "feature"', '"fix": "feature", "crash": "bug", "add": "bug"'),
    ],
)
def test_picture_of_a_break(pytester, name, old, new):
    """The pictures of a break are what the broken demo shows."""
    demo = Path(shutil.copytree(ROOT / "tests" / "workflows", pytester.path / "tests" / "workflows"))
    conftest = demo / "conftest.py"
    assert old in conftest.read_text()
    conftest.write_text(conftest.read_text().replace(old, new))
    arguments, expected = picture(name)
    assert expected == shown(pytester.runpytest_inprocess(*arguments))


def test_picture_of_a_snapshot(five_minutes):
    """The picture of a snapshot is what the guide's project shows when a node says something else."""
    flows = five_minutes.path / "flows"
    stub = "stubs: {fetch: {response: [{message: Fix the build}, {message: Add a page}]}}"
    case = f"cases:\n  - name: two commits\n    inputs: {{since: v1.0}}\n    {stub}\n    snapshot: [trace]\n"
    (flows / "triage.test.yaml").write_text(case)
    five_minutes.runpytest_inprocess("--pflow-workflows=flows", "--snapshot-update").assert_outcomes(passed=2)
    conftest = flows / "conftest.py"
    conftest.write_text(conftest.read_text().replace('{"label": "bug" if', '{"label": "defect" if'))
    arguments, expected = picture("snapshot")
    assert expected == shown(five_minutes.runpytest_inprocess(*arguments))


@pytest.fixture
def tallied(pytester):
    """The project of the guide to stress."""
    flows = pytester.mkdir("flows")
    (flows / "conftest.py").write_text(block("python", "class Tally(Node)"))
    (flows / "tally.test.yaml").write_text(block("yaml", "stress: {schedules: 200}"))
    batch = {"items": ["a", "b"], "parallel": True}
    (flows / "tally.json").write_text(json.dumps({"nodes": [{"id": "tally", "type": "tally", "batch": batch}]}))
    (pytester.path / "test_seats.py").write_text(block("python", "class Seats"))
    return pytester


@pytest.mark.parametrize("name", ["stress", "seats"])
def test_picture_of_stress(tallied, name):
    """The pictures of a race are what the guide's projects show."""
    arguments, expected = picture(name)
    assert expected == shown(tallied.runpytest_inprocess(*arguments))


def test_replay_of_a_picture(tallied):
    """The command that a picture ends with fails in the same way."""
    command = re.search(r"replay: pytest (.*)", README)
    assert command
    tallied.runpytest_inprocess(*shlex.split(command[1])).stdout.fnmatch_lines(
        ["parallel != sequential: tally.results*"]
    )


def test_fixture_of_stress(tallied):
    """The example of the fixture finds the race, too."""
    result = tallied.runpytest_inprocess("test_seats.py", "-k", "with_fixture")
    result.stdout.fnmatch_lines(["*1 switch (from *) · replayed 10/10", "*<- switched here"])


@pytest.fixture
def renamed_output(five_minutes, monkeypatch):
    """The guide's project under git, where an output was renamed in the workflow and in its case."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    (five_minutes.path / ".gitignore").write_text("__pycache__\n.pytest_cache\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for args in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *args], check=True)
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], check=True)
    for name in ("triage.json", "triage.test.yaml"):
        file = five_minutes.path / "flows" / name
        file.write_text(file.read_text().replace('"count"', '"labels"').replace("{count:", "{labels:"))
    return five_minutes


def test_picture_of_the_gate(renamed_output):
    """The picture of the gate is what the guide's project shows when an output is renamed."""
    arguments, expected = picture("gate")
    assert expected == shown(renamed_output.runpytest_inprocess(*arguments))


def test_picture_of_a_replay(renamed_output):
    """The picture of a replay is what the guide's project shows when what a node is given changes."""
    arguments, expected = picture("replay")
    subprocess.run(["git", "checkout", "-q", "--", "."], check=True)
    file = renamed_output.path / "flows" / "triage.json"
    file.write_text(file.read_text().replace('"message": "${commit.message}"', '"message": "fix ${commit.message}"'))
    lines = timeless(renamed_output.runpytest_inprocess(*arguments).stdout.lines)
    assert expected == lines[next(number for number, line in enumerate(lines) if "pflow gate -" in line) :]


def test_approval_example(renamed_output):
    """The example of approvals lets the renamed output of the picture pass."""
    renamed_output.makepyprojecttoml(block("toml", "pflow_gate_allow"))
    result = renamed_output.runpytest_inprocess("--pflow-workflows=flows", "--pflow-against=origin/main")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*approved: the dashboard that read it is gone", "*warning:*flows/old.json*"])


def test_reports_of_the_gate(renamed_output):
    """The files of the gate say what its picture shows; JUnit's file has the properties that are named."""
    arguments, _ = picture("gate")
    written = ("--pflow-sarif=gate.sarif", "--pflow-summary=gate.md", "--junitxml=gate.xml")
    renamed_output.runpytest_inprocess(*arguments, *written)
    sarif, summary, junit = ((renamed_output.path / f"gate.{kind}").read_text() for kind in ("sarif", "md", "xml"))
    results = json.loads(sarif)["runs"][0]["results"]
    assert ["output-removed", "output-added", "replay-differs"] == [each["ruleId"] for each in results]
    assert "output 'count' is gone" in summary
    named = re.findall("`(pflow_gate_(?!allow)[a-z]+)`", README)
    assert sorted(named) == sorted(re.findall('property name="(pflow_gate_.*?)"', junit))


def test_job_example(tmp_path):
    """The example of a job is a workflow of GitHub's, and gives the ready job nothing that it does not take."""
    example = block("yaml", "pflow-gate.yml@")
    (tmp_path / "example.yml").write_text(example)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    subprocess.run([*command, str(tmp_path / "example.yml")], check=True, capture_output=True)
    job = yaml.safe_load(example)["jobs"]["gate"]
    ready = yaml.load(ROOT.joinpath(".github/workflows/pflow-gate.yml").read_text(), Loader=yaml.BaseLoader)
    known = ready["on"]["workflow_call"]["inputs"]
    assert {"folder"} <= set(job["with"]) <= set(known)
    assert job["permissions"] == ready["jobs"]["gate"]["permissions"]
    assert all(f"`{name}`" in README for name in set(known) - set(job["with"]))


def test_hooks_of_pre_commit(tmp_path):
    """The example of hooks is a configuration of pre-commit, of hooks that are there."""
    example = block("yaml", "id: pflow-validate")
    (tmp_path / "example.yaml").write_text(example)
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(tmp_path / "example.yaml")]
    subprocess.run(command, check=True, capture_output=True)
    there = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert there == {hook["id"] for hook in yaml.safe_load(example)["repos"][0]["hooks"]}


@pytest.fixture
def badges(pytester):
    """The project of the guide to fuzzing."""
    flows = pytester.mkdir("flows")
    (flows / "badge.json").write_text(block("json", '"type": "badge"'))
    (flows / "conftest.py").write_text(block("python", "def badge("))
    return pytester


def test_picture_of_fuzzing(badges):
    """The picture of a finding is what the guide's project shows; pasted, its case fails in the same words."""
    arguments, expected = picture("fuzz")
    assert expected == shown(badges.runpytest_inprocess(*arguments))
    case = "\n".join(README.partition("for flows/badge.test.yaml:\n")[2].partition("\n\n")[0].splitlines())
    (badges.path / "flows" / "badge.test.yaml").write_text(f"{case}\n")
    result = badges.runpytest_inprocess("--pflow-workflows=flows", "-k", "run")
    result.stdout.fnmatch_lines(["*: error: node 'badge' (badge) raised IndexError: string index out of range (flows*"])


def test_strategies_example(pytester):
    """The example of the strategies passes."""
    pytester.makepyfile(test_own=block("python", "from pflow_testkit.strategies import"))
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_picture_of_problems(pytester):
    """The picture of problems is what the broken file shows."""
    (pytester.mkdir("flows") / "triage.json").write_text(BROKEN)
    arguments, expected = picture("problems")
    assert expected == shown(pytester.runpytest_inprocess(*arguments))


def test_mcp_tools(pytester):
    """The case about MCP tools passes without a server, and both servers of the file are understood."""
    flows = pytester.mkdir("flows")
    (flows / ".mcp.json").write_text(block("json", "tracker-mcp"))
    (flows / "issues.yaml").write_text(block("yaml", "mcp-tracker-list_issues\n"))
    (flows / "issues.test.yaml").write_text(block("yaml", "type:mcp-tracker-list_issues"))
    assert {"tracker": "stdio", "my-notes": "http"} == {
        name: server.transport for name, server in servers_for(flows).items()
    }
    pytester.runpytest_inprocess("--pflow-workflows=flows", "-k", "run").assert_outcomes(passed=1)


def test_picture_of_a_missing_stub(five_minutes):
    """The picture of a missing stub is what the guide's project shows without its stub."""
    case = five_minutes.path / "flows" / "triage.test.yaml"
    case.write_text("cases:\n  - name: two commits\n    inputs: {since: v1.0}\n")
    arguments, expected = picture("stub")
    assert expected == shown(five_minutes.runpytest_inprocess(*arguments))


def test_commands():
    """The two commands are there once each, and need nothing but Python."""
    for name in ("demo", "tests"):
        found = re.findall(rf"<!-- command: {name} -->\n```console\n\$ (.*)\n```\n<!-- end -->", README)
        assert 1 == len(found)
        assert found[0].startswith("python3 -m venv .venv && ")


def test_compare_example(five_minutes, capsys):
    """The example of two versions prints what changed."""
    text = blocks("json")[0].replace("label-commit", "echo")
    (five_minutes.path / "flows" / "triage.json").write_text(text)
    (five_minutes.mkdir("old") / "triage.json").write_text(text.replace('"max_retries": 2', '"max_retries": 3'))
    exec(block("python", "import compare"), {})
    said = "BEHAVIOUR batch-retries-lowered batch 'classify' tries an item fewer times: 3 -> 2\n"
    assert said == capsys.readouterr().out


def test_rules_table():
    """The table of rules is that of the gate; each link to a rule leads somewhere."""
    found = re.search(r"<!-- rules -->\n(.*?)\n<!-- end -->", README, re.DOTALL)
    assert found is not None
    assert rules_table() == found[1]
    assert all(f'id="{anchor_of(rule)}"' in found[1] for rule in RULES.values())


@pytest.mark.parametrize(("name", "heading"), [("coverage", "pflow coverage"), ("report", "pflow report")])
def test_picture_of_the_demo(pytester, name, heading):
    """What is told of coverage and of the page is what the demo gives."""
    arguments, expected = picture(name)
    shutil.copytree(ROOT / "tests" / "workflows", pytester.path / "tests" / "workflows")
    assert expected == _from(heading, pytester.runpytest_inprocess(*arguments))


def test_picture_of_mutants(five_minutes):
    """What is told of mutants is what the first guide's project gives."""
    arguments, expected = picture("mutants")
    assert expected == _from("pflow mutants", five_minutes.runpytest_inprocess(*arguments))


def test_picture_of_nested_mutants(five_minutes):
    """So is what is told of those of a workflow that only another one has a case for."""
    arguments, expected = picture("nested mutants")
    flows = five_minutes.path / "flows"
    (flows / "triage.test.yaml").unlink()
    nodes = "nodes: [{id: sub, type: workflow, params: {workflow_ref: triage.json, param_mapping: {since: v1.0}}}]\n"
    (flows / "releases.yaml").write_text(nodes)
    case = "cases:\n- name: two commits\n  stubs: {sub/fetch: {response: [{message: one}, {message: two}]}}\n"
    (flows / "releases.test.yaml").write_text(case)
    assert expected == _from("pflow mutants", five_minutes.runpytest_inprocess(*arguments))


def _from(heading, result):
    lines = timeless(result.stdout.lines)
    return lines[next(number for number, line in enumerate(lines) if heading in line) :]


def test_survivors_example(pytester):
    """The example of an explained survivor is a case file's."""
    schema = json.loads((ROOT / "src" / "pflow_testkit" / "case.schema.json").read_text())
    example = yaml.safe_load(block("yaml", "survivors:"))
    jsonschema.validate(example, schema)
