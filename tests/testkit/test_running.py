import json

import pytest

FETCH = {
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "https://example.invalid/"}},
        {
            "id": "show",
            "type": "echo",
            "batch": {"items": "${fetch.response}", "max_retries": 2, "error_handling": "continue"},
            "params": {"text": "${item}"},
        },
    ]
}


def test_difference_names_node_and_item(project):
    """A result that is not as expected names node, item and both values, at its line of the case file."""
    project.write("fetch.json", FETCH)
    project.write(
        "fetch.test.yaml",
        "cases:\n- name: a\n  stubs: {fetch: {response: [one, two]}}\n"
        "  expect:\n    nodes:\n      show:\n        results:\n        - text: one\n        - text: three\n",
    )
    project.run("-k", "run").stdout.fnmatch_lines(
        [
            'flows/fetch.test.yaml:9:17: error: node \'show\', item 1: results[[]1[]].text is "two", expected "three"*',
            "  9 |         - text: three",
            "    |                 ^",
            "✓ Workflow completed in *",
            "  ✓ show (*ms) - 2/2 items succeeded",
        ]
    )


def test_hermetic_by_default(project):
    """A network node without a stub is not run; the failure has a stub to paste."""
    project.write("fetch.json", FETCH)
    project.write("fetch.test.yaml", "cases:\n  - name: a\n")
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "flows/fetch.test.yaml:2:*node 'fetch' (http) reaches for the network, and there is no stub for it*",
            "*live: [[]fetch[]]*--pflow-live*",
            "    stubs:",
            "      fetch:",
            "        response: *",
            "        status_code: 0",
        ]
    )


def test_hermetic_without_cases(project):
    """Without a case file the failure has a whole one to write."""
    project.write("fetch.json", {"nodes": FETCH["nodes"][:1]})
    lines = project.run().stdout.lines
    assert (
        "flows/fetch.json: error: node 'fetch' (http) reaches for the network, and there is no stub for it [not-stubbed]"
        in lines
    )
    start = lines.index("    cases:")
    end = next(number for number, line in enumerate(lines) if number > start and not line.startswith("    "))
    project.write("fetch.test.yaml", "\n".join(lines[start:end]))
    project.run().assert_outcomes(passed=2)


def test_pasted_stub_passes(project):
    """The stub of the message, pasted into its case, stands in for the node."""
    project.write("fetch.json", {"nodes": FETCH["nodes"][:1]})
    project.write("fetch.test.yaml", "cases:\n  - name: a\n")
    lines = project.run().stdout.lines
    start = lines.index("    stubs:")
    end = next(number for number, line in enumerate(lines) if number > start and not line.startswith("    "))
    project.write("fetch.test.yaml", "\n".join(["cases:", "  - name: a", *lines[start:end]]))
    project.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("name", ["type:oracle", "ask"])
def test_stub_of_unknown_type(project, name):
    """A type that is not installed need not be, once it or its node is stubbed."""
    project.write("a.json", {"nodes": [{"id": "ask", "type": "oracle", "params": {"prompt": "?"}}]})
    project.write(
        "a.test.yaml",
        f"cases: [{{name: a, stubs: {{'{name}': {{response: bug}}}}, expect: {{outputs: {{response: bug}}}}}}]",
    )
    project.run().assert_outcomes(passed=2)


def test_unknown_type_left_over(project):
    """A second node of a type that is not installed and not stubbed says so when it runs."""
    project.write("a.json", {"nodes": [{"id": "ask", "type": "oracle"}, {"id": "more", "type": "oracle"}]})
    project.write("a.test.yaml", "cases: [{name: a, stubs: {ask: {response: bug}}}]")
    project.run("-k", "run").stdout.fnmatch_lines(
        ["*node type 'oracle' is not installed*", "*stub each node of this type*"]
    )


def test_stub_by_type(project):
    """A stub for a type stands in for every node of it."""
    project.write("a.json", {"nodes": [{"id": "ask", "type": "oracle"}, {"id": "more", "type": "oracle"}]})
    project.write(
        "a.test.yaml",
        "cases: [{name: a, stubs: {'type:oracle': {response: x}}, expect: {nodes: {more: {response: x}}}}]",
    )
    project.run().assert_outcomes(passed=2)


def test_stub_per_item_and_attempt(project):
    """Rules of a stub are for items, attempts of a rule for attempts."""
    project.write("a.json", {"nodes": [{**FETCH["nodes"][1], "batch": {"items": [1, 2], "max_retries": 2}}]})
    project.write(
        "a.test.yaml",
        "cases:\n- name: a\n  stubs:\n    show:\n    - when: {item: 2}\n      attempts: [{raises: busy}, {text: at last}]\n"
        "    - text: at once\n"
        "  expect:\n    nodes:\n      show:\n        results: [{text: at once}, {text: at last}]\n"
        "        batch_metadata: {retried: 1}\n",
    )
    project.run().assert_outcomes(passed=2)


def test_stub_without_rule(project):
    """An item no rule is for fails, and the rule to add is named."""
    project.write("a.json", {"nodes": [{**FETCH["nodes"][1], "batch": {"items": [1]}}]})
    project.write("a.test.yaml", "cases: [{name: a, stubs: {show: [{when: {item: 2}, text: x}]}}]")
    project.run().stdout.fnmatch_lines(["*no rule of the stub of 'show' fits*"])


def test_stub_action(project):
    """A stub can return an action."""
    workflow = {
        "nodes": [{"id": "a", "type": "shell", "params": {"command": "false"}}, {"id": "b", "type": "echo"}],
        "edges": [{"from": "a", "to": "b", "action": "error"}],
    }
    project.write("a.json", workflow)
    project.write(
        "a.test.yaml", "cases: [{name: a, stubs: {a: {action: error, exit_code: 9}}, expect: {order: [a, b]}}]"
    )
    project.run().assert_outcomes(passed=2)


def test_stub_attempts_in_a_loop(project):
    """Outside a batch, attempts are the times the node runs."""
    workflow = {
        "nodes": [{"id": "poll", "type": "http", "params": {"url": "x"}}, {"id": "end", "type": "echo"}],
        "edges": [{"from": "poll", "to": "poll", "action": "again"}, {"from": "poll", "to": "end"}],
    }
    project.write("a.json", workflow)
    project.write(
        "a.test.yaml",
        "cases: [{name: a, stubs: {poll: {attempts: [{action: again}, {action: again}, {response: ok}]}},"
        " expect: {order: [poll, poll, poll, end]}}]",
    )
    project.run("-W", "ignore").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("stubs: {ftch: {response: 1}}", "no node 'ftch' to stub*"),
        ("stubs: {'type:htp': {response: 1}}", "no node of type 'htp' to stub*"),
        ("stubs: {fetch: {respons: 1}}", "a http node has no output 'respons'*"),
        ("live: [ftch]", "no node 'ftch'*"),
        ("expect: {order: [ftch]}", "no node 'ftch'*"),
        ("expect: {nodes: {ftch: {}}}", "no node 'ftch'*"),
        ("inputs: {x: 1}", "declares no input 'x'*"),
        ("inputs: {name: [1]}", "input 'name' takes string, got array*"),
        ("env: {A: 1}", "required input 'name' is missing*"),
    ],
)
def test_case_does_not_fit(project, case, said):
    """A case that does not fit its workflow says where, and what would."""
    project.write("a.json", {"inputs": {"name": {"type": "string"}}, **FETCH})
    given = case if "inputs" in case or "env" in case else f"inputs: {{name: Ada}}, {case}"
    project.write("a.test.yaml", f"cases:\n  - {{name: a, {given}}}\n")
    result = project.run("-k", "run", "-W", "ignore")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines([f"flows/a.test.yaml:2:*error: *{said}"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_own_place(project):
    """A case runs in a folder, home and environment of its own."""
    project.write(
        "a.json", {"nodes": [{"id": "a", "type": "shell", "params": {"command": "pwd; cat n/a; cd; pwd; echo $X"}}]}
    )
    project.write(
        "a.test.yaml",
        'cases: [{name: a, files: {n/a: "text\\n"}, env: {X: 1},'
        " expect: {outputs: {stdout: {$match: 'work\\ntext\\n.*home\\n1\\n'}}}}]",
    )
    before = sorted(project.flows.iterdir())
    project.run().assert_outcomes(passed=2)
    assert before == sorted(project.flows.iterdir())


def test_fixture_values(project):
    """{$fixture: name} in a case is the value of a pytest fixture, from a conftest.py of the folder."""
    project.hello("cases: [{name: a, inputs: {name: {$fixture: who}}, expect: {outputs: {text: Hello Grace}}}]")
    project.write("conftest.py", "import pytest\n@pytest.fixture\ndef who(): return 'Grace'\n")
    project.run().assert_outcomes(passed=2)


def test_unknown_fixture(project):
    """A fixture that does not exist is named."""
    project.hello("cases: [{name: a, inputs: {name: {$fixture: whom}}}]")
    project.run("-k", "run").stdout.fnmatch_lines(["*fixture 'whom' not found*"])


def test_conftest_nodes(project):
    """Node types of a conftest.py are known in its folder and below, not beside it."""
    conftest = (
        "from pflow_engine import node\n"
        "@node('double', outputs={'value': int})\n"
        "def double(value: int) -> dict: return {'value': value * 2}\n"
        "def pflow_register_nodes(registry): registry.register('double', double)\n"
    )
    workflow = {
        "nodes": [{"id": "a", "type": "double", "params": {"value": 2}}],
        "outputs": {"v": {"source": "${a.value}"}},
    }
    project.write("team/conftest.py", conftest)
    project.write("team/deep/a.json", workflow)
    project.write("beside/a.json", workflow)
    result = project.run("-v")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*beside/a.json::validate FAILED*", "*team/deep/a.json::validate PASSED*"])


def test_status_not_as_expected(project):
    """A failed run fails the case, and shows the run's error."""
    project.write("a.json", {"nodes": [{"id": "a", "type": "shell", "params": {"command": "exit 3"}}]})
    result = project.run()
    result.stdout.fnmatch_lines(["*the run is failed, expected success*", "❌ Workflow failed after*", "*exit code 3*"])


def test_expected_failure(project):
    """A case may expect a failure, and what its error says."""
    project.write("a.json", {"nodes": [{"id": "a", "type": "shell", "params": {"command": "exit 3"}}]})
    project.write(
        "a.test.yaml",
        "cases: [{name: a, expect: {error: exit code 3}}, {name: b, expect: {status: failed}},"
        " {name: c, expect: {error: {$match: 'code \\d'}}}]",
    )
    project.run().assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("error: exit code 4", "the error does not contain 'exit code 4'*"),
        ("error: {$match: 'code 4'}", "the error is *expected text that matches*"),
        ("{status: failed, order: [a, b]}", "the nodes ran in the order a; expected a, b*"),
        ("{status: failed, nodes: {b: {text: x}}}", "node 'b' did not run (ran: a)*"),
        ("{status: failed, nodes: {a: {exit_code: 4}}}", "node 'a': exit_code is 3, expected 4*"),
        ("{status: degraded}", "the run is failed, expected degraded*"),
    ],
)
def test_expectation_not_met(project, expect, said):
    """Each kind of expectation that is not met says so."""
    nodes = [{"id": "a", "type": "shell", "params": {"command": "exit 3"}}, {"id": "b", "type": "echo"}]
    project.write("a.json", {"nodes": nodes})
    written = expect if expect.startswith("{") else f"{{{expect}}}"
    project.write("a.test.yaml", f"cases:\n  - name: a\n    expect: {written}\n")
    project.run("-k", "run").stdout.fnmatch_lines([f"*{said}"])


def test_live_case(project, httpserver_url):
    """Nodes named under live, and all under --pflow-live, reach out."""
    workflow = {
        "inputs": {"url": {"type": "string"}},
        "nodes": [{"id": "get", "type": "http", "params": {"url": "${url}"}}],
    }
    project.write("a.json", workflow)
    cases = [
        {
            "name": "live",
            "live": ["get"],
            "inputs": {"url": httpserver_url},
            "expect": {"outputs": {"status_code": 200}},
        },
        {"name": "not", "inputs": {"url": httpserver_url}, "expect": {"outputs": {"status_code": 200}}},
    ]
    project.write("a.test.yaml", json.dumps({"cases": cases}))
    project.run().assert_outcomes(passed=2, failed=1)
    project.run("--pflow-live").assert_outcomes(passed=3)


def test_fixture_that_changes_folder(project, ada):
    """A fixture that changes the working folder does not move the workflow away."""
    project.hello(ada)
    conftest = (
        "import pytest\n@pytest.fixture(autouse=True)\ndef f(tmp_path, monkeypatch): monkeypatch.chdir(tmp_path)\n"
    )
    project.write("conftest.py", conftest)
    project.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_fixture_scopes(project, scope):
    """Fixtures of every scope work for workflow items, autouse and by name."""
    project.hello("cases: [{name: a, inputs: {name: {$fixture: who}}, expect: {outputs: {text: Hello Grace}}}]")
    project.write(
        "conftest.py",
        f"import pytest\n@pytest.fixture(autouse=True, scope='{scope}')\ndef auto(request): assert request.module or True\n"
        f"@pytest.fixture(scope='{scope}')\ndef who(): return 'Grace'\n".replace(
            "request.module or ", "" if scope in ("session", "package") else "request.module and "
        ),
    )
    project.run().assert_outcomes(passed=2)


def test_hook_that_cannot_be_called(project, ada):
    """A hook of a conftest.py with wrong parameters is named with its file."""
    project.hello(ada)
    project.write("conftest.py", "def pflow_register_nodes(reg): pass\n")
    result = project.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*conftest.py: error: a hook that cannot be called*", "*def pflow_register_nodes(registry)*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_invalid_workflow_is_told_once(project):
    """The problems of an invalid workflow are shown at length by validate, in a line each by its cases."""
    project.write("a.json", {"nodes": [{"id": "a", "type": "eco"}]})
    project.run("-k", "run").stdout.fnmatch_lines(
        ["the workflow is invalid, see its item 'validate':", "flows/a.json:5:15: error: unknown node type 'eco'*"]
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("files", "{'a.txt': object()}", "*error: *a.txt*"),
        ("env", "{'A': object()}", "*error: *"),
        ("env", "5", "*error: env is values by name*"),
    ],
)
def test_fixture_of_a_wrong_shape(project, field, value, said):
    """What a fixture gives is held against the same rules as what is written in the case."""
    project.hello(f"cases: [{{name: a, inputs: {{name: x}}, {field}: {{$fixture: odd}}}}]")
    project.write("conftest.py", f"import pytest\n@pytest.fixture\ndef odd(): return {value}\n")
    result = project.run("-k", "run")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*Traceback*")
