import pytest

from pflow_testkit.hooks import InvalidHook, UserHooks

TRACED = {"nodes": [{"id": "stamp", "type": "shell", "params": {"command": "date +%N"}}]}
CASES = "cases:\n- name: a\n  snapshot: [trace]\n"


def test_no_hooks_change_nothing():
    """Without hooks everything stays as it is."""
    hooks = UserHooks()
    assert {"a": ["b"]} == hooks.redact({"a": ["b"]})
    assert {"nodes": []} == hooks.normalise({"nodes": []})
    assert hooks.stub(None) is None


def test_deepest_stub_counts():
    """Of several hooks that have a stub the deepest is heard, and one without an answer is passed over."""
    hooks = UserHooks((lambda node: f"top {node}", lambda node: f"deep {node}", lambda node: node.get("no")))
    assert "deep {}" == hooks.stub({})


def test_each_normaliser_in_turn():
    """Each hook gets what the one above it left, changed in place or returned."""

    def in_place(trace):
        trace["seen"] = ["top"]

    def returned(trace):
        return {**trace, "seen": [*trace["seen"], "deep"]}

    assert {"seen": ["top", "deep"]} == UserHooks((), (in_place, returned)).normalise({})


def test_redact_meets_every_text():
    """Every text is looked at, names of values too, and None leaves it."""
    hooks = UserHooks((), (), (lambda value: value.replace("card", "[card]") if "card" in value else None,))
    assert {"[card]": ["my [card]", 1, None, {"a": "b"}]} == hooks.redact({"card": ["my card", 1, None, {"a": "b"}]})


@pytest.mark.parametrize("answer", [3, "text", ["trace"]])
def test_normaliser_returns_a_trace(answer):
    """A hook that returns something else is told so."""
    with pytest.raises(InvalidHook, match="not a trace"):
        UserHooks((), (lambda trace: trace.get("no", answer),)).normalise({})


def test_failing_hook_is_named():
    """What a hook raises names the hook, its file and the line."""

    def broken(value):
        raise KeyError(value)

    with pytest.raises(InvalidHook, match=r"test_hooks.py.*pflow_testkit_redact raised KeyError: 'a'") as raised:
        UserHooks((), (), (broken,)).redact("a")
    assert "see line" in raised.value.problems[0].hint


def test_hooks_by_folder(project):
    """A conftest.py holds for its own folder and those below it; the deepest comes last."""
    mask = "def pflow_testkit_normalise(trace):\n    trace['nodes'][0]['outputs']['stdout'] = '{}'\n"
    for folder in ("", "deep/"):
        project.write(f"{folder}stamp.json", TRACED)
        project.write(f"{folder}stamp.test.yaml", CASES)
        project.write(f"{folder}conftest.py", mask.format(folder or "top"))
    project.write("beside/stamp.json", TRACED)
    project.run("--snapshot-update").assert_outcomes(passed=6)
    kept = {path.parts[-4]: path.read_text() for path in project.flows.rglob("a.trace.json")}
    assert '"stdout": "top"' in kept["flows"]
    assert '"stdout": "deep/"' in kept["deep"]
    project.run().assert_outcomes(passed=6)


def test_stub_for_a_folder(project):
    """A conftest.py stubs every node of a kind below it; a case's own stub wins; what it gives is checked."""
    project.write(
        "conftest.py", "def pflow_testkit_stub(node):\n    return {'response': 'ok'} if node.type == 'http' else None\n"
    )
    project.write(
        "fetch.json", {"nodes": [{"id": "fetch", "type": "http", "params": {"url": "https://example.invalid/"}}]}
    )
    project.write(
        "fetch.test.yaml",
        "cases:\n- name: by folder\n  expect: {nodes: {fetch: {response: ok}}}\n"
        "- name: own\n  stubs: {fetch: {response: mine}}\n  expect: {nodes: {fetch: {response: mine}}}\n",
    )
    project.run().assert_outcomes(passed=3)
    project.write("conftest.py", "def pflow_testkit_stub(node):\n    return {'respons': 'ok'}\n")
    project.run("-k", "folder").stdout.fnmatch_lines(
        ["*a http node has no output 'respons'*", "*did you mean 'response'?*"]
    )


def test_stub_of_a_missing_type(project):
    """A type that is not installed may be stubbed by a conftest.py, too."""
    project.write(
        "conftest.py", "def pflow_testkit_stub(node):\n    return {'answer': 42} if node.type == 'oracle' else None\n"
    )
    project.write("ask.json", {"nodes": [{"id": "ask", "type": "oracle", "params": {"question": "?"}}]})
    project.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("name", ["pflow_testkit_normalise", "pflow_testkit_redact", "pflow_testkit_stub"])
def test_wrong_signature(project, name):
    """A hook with other parameters is named with its file and the right form."""
    project.write("conftest.py", f"def {name}(config, everything): ...\n")
    project.write("stamp.json", TRACED)
    project.write("stamp.test.yaml", CASES)
    project.run("-k", "run").stdout.fnmatch_lines(
        [f"*conftest.py: error: a hook that cannot be called: {name}*", f"*def {name}(*)*"]
    )


def test_fixtures_by_folder(project):
    """An autouse fixture and pytest's own hooks of a folder's conftest.py hold for the workflow items below it alone."""
    project.write(
        "deep/conftest.py",
        "import pytest\n\n@pytest.fixture(autouse=True)\ndef _mood(monkeypatch): monkeypatch.setenv('MOOD', 'fine')\n\n"
        "def pytest_runtest_setup(item):\n    print('set up by deep:', item.nodeid)\n",
    )
    say = {"nodes": [{"id": "say", "type": "shell", "params": {"command": "echo mood: $MOOD"}}]}
    for name, mood in (("say", ""), ("deep/say", "fine")):
        project.write(f"{name}.json", say)
        project.write(
            f"{name}.test.yaml",
            f"cases:\n- name: a\n  expect: {{nodes: {{say: {{stdout: {{$match: '^mood:\\s*{mood}\\s*$'}}}}}}}}\n",
        )
    result = project.run("-s")
    result.assert_outcomes(passed=4)
    assert 2 == result.stdout.str().count("set up by deep: flows/deep/say.json::")
    assert 0 == result.stdout.str().count("set up by deep: flows/say.json::")


CARD = "import re\n\n\ndef pflow_testkit_redact(value):\n    return re.sub(r'\\b4\\d{15}\\b', '[card]', value)\n"
SAY = {"nodes": [{"id": "say", "type": "echo", "params": {"text": "card 4111111111111111"}}]}


def test_hooks_of_the_workflows_folder(project):
    """What a workflow's folder takes out of snapshots is taken out of those of Python tests elsewhere, too."""
    project.write("conftest.py", CARD)
    project.write("say.json", SAY)
    tests = project.pytester.mkdir("elsewhere")
    (tests / "test_say.py").write_text(
        "def test_say(pflow, trace_snapshot):\n    assert pflow.run('../flows/say.json') == trace_snapshot\n"
    )
    result = project.pytester.runpytest_inprocess("elsewhere", "--pflow-workflows=flows", "--snapshot-update")
    result.assert_outcomes(passed=3)
    kept = (tests / "__traces__" / "test_say.py" / "test_say.trace.json").read_text()
    assert "[card]" in kept
    assert "4111" not in kept


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def pflow_testkit_normalize(trace): ...", "*there is no hook 'pflow_testkit_normalize'*"),
        ("pflow_testkit_redact = 5", "*pflow_testkit_redact is of type integer*"),
        ("async def pflow_testkit_redact(value): ...", "*pflow_testkit_redact is no plain function*"),
        ("def pflow_testkit_normalise(trace): return {'nodes': 3}", "*returned a trace whose nodes are no maps*"),
        ("def pflow_testkit_normalise(trace): return {'nodes': [1, 2]}", "*returned a trace whose nodes are no maps*"),
        ("def pflow_testkit_redact(value): raise KeyError('boo')", "*pflow_testkit_redact raised KeyError: 'boo'*"),
    ],
)
def test_misused_hooks(project, code, said):
    """A hook that is misspelt or misused fails cases and Python tests in words that name its file, without our frames."""
    project.write("conftest.py", code)
    project.write("say.json", SAY)
    project.write("say.test.yaml", CASES)
    project.write(
        "test_say.py", "def test_say(pflow, trace_snapshot):\n    assert pflow.run('say.json') == trace_snapshot\n"
    )
    result = project.pytester.runpytest_inprocess("flows", "--pflow-workflows=flows", "-k", "run or test_say")
    assert 2 == result.parseoutcomes().get("failed", 0) + result.parseoutcomes().get("errors", 0)
    result.stdout.fnmatch_lines([f"*conftest.py: error: {said}"])
    for ours in ("hooks.py", "seen.py", "snapshots.py", "session.py"):
        result.stdout.no_fnmatch_line(f"*{ours}:*")


def test_wrong_stub_names_the_hook(project):
    """A stub of a hook's that does not fit is the hook's, not the case file's."""
    project.write("conftest.py", "def pflow_testkit_stub(node): return {'nope': 1}\n")
    project.write("fetch.json", {"nodes": [{"id": "fetch", "type": "http", "params": {"url": "x"}}]})
    project.write("fetch.test.yaml", "cases:\n- name: a\n")
    project.run("-k", "run").stdout.fnmatch_lines(
        ["*what pflow_testkit_stub gives for node 'fetch': a http node has no output 'nope'*"]
    )


def test_host_secrets_are_hidden(project, monkeypatch):
    """A variable of the host that looks like a secret is not seen by a run, so its value never changes a snapshot."""
    project.write(
        "say.json",
        {"nodes": [{"id": "say", "type": "shell", "params": {"command": "echo fix the build: $SECRET_BACKEND"}}]},
    )
    project.write("say.test.yaml", CASES)
    project.run("--snapshot-update").assert_outcomes(passed=2)
    monkeypatch.setenv("SECRET_BACKEND", "build")
    project.run().assert_outcomes(passed=2)
    project.write(
        "conftest.py",
        "import pytest\n@pytest.fixture(autouse=True)\ndef own(monkeypatch): monkeypatch.setenv('SECRET_BACKEND', 'mine-12345')\n",
    )
    project.run("-k", "run").stdout.fnmatch_lines(["*fix the build: [[]redacted[]]*"])
