import pytest


@pytest.fixture
def python_test(project):
    """Runs a Python test beside a workflow hello.json."""

    def run(body: str, *args: str) -> pytest.RunResult:
        project.hello()
        project.pytester.makepyfile(body)
        return project.pytester.runpytest_inprocess(*args)

    return run


def test_run(python_test):
    """pflow.run runs a file and gives its result."""
    python_test(
        "def test(pflow):\n"
        "    result = pflow.run('flows/hello.json', {'name': 'Ada'})\n"
        "    assert (result.status, result.outputs) == ('success', {'text': 'Hello Ada'})\n"
    ).assert_outcomes(passed=1)


def test_run_a_dict(python_test):
    """pflow.run takes an IR too, and the options of Flow.run."""
    python_test(
        "def test(pflow):\n"
        "    seen = []\n"
        "    ir = {'nodes': [{'id': 'a', 'type': 'echo', 'params': {'x': 1}}]}\n"
        "    assert pflow.run(ir, on_event=seen.append).outputs == {'x': 1}\n"
        "    assert [event.kind for event in seen] == ['run_start', 'node_start', 'node_end', 'run_end']\n"
    ).assert_outcomes(passed=1)


def test_marker(python_test):
    """The marker gives a test its workflow."""
    python_test(
        "import pytest\n"
        "@pytest.mark.pflow_workflow('flows/hello.json')\n"
        "def test(pflow):\n"
        "    assert pflow.run(inputs={'name': 'Ada'}).outputs['text'] == 'Hello Ada'\n"
        "    assert [node.id for node in pflow.load().nodes] == ['hello']\n",
        "--strict-markers",
    ).assert_outcomes(passed=1)


def test_empty_marker(python_test):
    """The marker without its path says what it takes."""
    result = python_test("import pytest\n@pytest.mark.pflow_workflow\ndef test(pflow): pass\n")
    result.stdout.fnmatch_lines(["*@pytest.mark.pflow_workflow takes one path*"])


def test_no_workflow(python_test):
    """Without marker and path the error says what to do."""
    result = python_test("def test(pflow):\n    pflow.run()\n")
    result.stdout.fnmatch_lines(["*pflow.run was given no workflow*", "*@pytest.mark.pflow_workflow('path')*"])


def test_load_reports_problems(python_test):
    """pflow.load raises what validation finds."""
    python_test(
        "import pytest\nfrom pflow_engine import InvalidWorkflow\n"
        "def test(pflow):\n"
        "    with pytest.raises(InvalidWorkflow, match='unknown node type'):\n"
        "        pflow.load({'nodes': [{'id': 'a', 'type': 'eco'}]})\n"
    ).assert_outcomes(passed=1)


def test_stub_and_calls(python_test):
    """Stubs stand in for nodes, and calls tell what they were given, in order of items and attempts."""
    python_test(
        "import pytest\nfrom pflow_engine import InvalidWorkflow\n"
        "def test(pflow):\n"
        "    pflow.stub('ask', [{'when': {'item': 2}, 'attempts': [{'raises': 'busy'}, {'response': 'b'}]},\n"
        "                       {'response': 'a'}])\n"
        "    ask = {'id': 'ask', 'type': 'http', 'params': {'url': 'x/${item}'},\n"
        "           'batch': {'items': [1, 2, 3], 'parallel': True, 'max_retries': 2}}\n"
        "    result = pflow.run({'nodes': [ask]})\n"
        "    assert [entry['response'] for entry in result.outputs['results']] == ['a', 'b', 'a']\n"
        "    calls = pflow.calls('ask')\n"
        "    assert [(call.index, call.item, call.attempt) for call in calls] == [(0, 1, 1), (1, 2, 1), (1, 2, 2), (2, 3, 1)]\n"
        "    assert calls[0].params == {'url': 'x/1'}\n"
        "    with pytest.raises(InvalidWorkflow, match=\"did you mean 'ask'\"):\n"
        "        pflow.calls('aks')\n"
    ).assert_outcomes(passed=1)


def test_stub_of_one_run(python_test):
    """Stubs given to run hold for that run; named outputs are a stub too."""
    python_test(
        "def test(pflow):\n"
        "    ir = {'nodes': [{'id': 'get', 'type': 'http', 'params': {'url': 'x'}}]}\n"
        "    pflow.stub('get', response=1)\n"
        "    assert pflow.run(ir, stubs={'get': {'response': 2}}).outputs == {'response': 2}\n"
        "    assert pflow.run(ir).outputs == {'response': 1}\n"
    ).assert_outcomes(passed=1)


def test_stub_that_is_not_there(python_test):
    """A stub for a node the workflow does not have is an error that names the nearest."""
    result = python_test(
        "def test(pflow):\n    pflow.stub('helo', text='x')\n    pflow.run('flows/hello.json', {'name': 'x'})\n"
    )
    result.stdout.fnmatch_lines(["*no node 'helo' to stub*", "*did you mean 'hello'?*"])


def test_hermetic(python_test):
    """A network node without a stub fails the test with a stub to paste."""
    result = python_test(
        "def test(pflow):\n    pflow.run({'nodes': [{'id': 'get', 'type': 'http', 'params': {'url': 'x'}}]})\n"
    )
    result.stdout.fnmatch_lines(["*node 'get' (http) reaches for the network*", "*pflow.stub('get', response=…, *"])


def test_conftest_nodes(project):
    """Node types of the conftest.py above a Python test are known to its runs."""
    project.pytester.makeconftest(
        "from pflow_engine import node\n"
        "@node('double', outputs={'value': int})\n"
        "def double(value: int) -> dict: return {'value': value * 2}\n"
        "def pflow_register_nodes(registry): registry.register('double', double)\n"
    )
    project.pytester.makepyfile(
        "def test(pflow):\n"
        "    ir = {'nodes': [{'id': 'a', 'type': 'double', 'params': {'value': 2}}]}\n"
        "    assert pflow.run(ir).outputs == {'value': 4}\n"
    )
    project.pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_own_folder(project):
    """Runs take place in pflow.folder, with a home of their own; nothing is left in the project."""
    project.pytester.makepyfile(
        "def test(pflow):\n"
        "    (pflow.folder / 'in.txt').write_text('text')\n"
        "    shell = {'id': 'a', 'type': 'shell', 'params': {'command': 'cat in.txt; touch out.txt; cd; pwd'}}\n"
        "    assert pflow.run({'nodes': [shell]}).outputs['stdout'].startswith('text' + str(pflow.folder.parent))\n"
        "    assert (pflow.folder / 'out.txt').exists()\n"
    )
    project.pytester.runpytest_inprocess().assert_outcomes(passed=1)
    assert [] == [path.name for path in project.pytester.path.iterdir() if path.suffix == ".txt"]


def test_stub_given_twice(python_test):
    """A stub is a dict or named outputs, not both."""
    result = python_test("def test(pflow):\n    pflow.stub('get', {'response': 1}, response=2)\n")
    result.stdout.fnmatch_lines(
        ["E *TypeError: pflow.stub('get', …) takes a dict of outputs or outputs by name, not both"]
    )


@pytest.mark.parametrize("stubs", ["'text'", "[1]", "5"])
def test_stubs_of_a_wrong_shape(python_test, stubs):
    """Stubs that are no map are refused in words."""
    result = python_test(f"def test(pflow):\n    pflow.run('flows/hello.json', {{'name': 'x'}}, stubs={stubs})\n")
    result.stdout.fnmatch_lines(["E *InvalidWorkflow: error: *stubs*"])
