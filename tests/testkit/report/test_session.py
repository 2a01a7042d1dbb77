import re
import stat

import pytest

SECRET = "sk-planted-4711-secret"
WORK = {
    "inputs": {"api_key": {"type": "string", "default": SECRET}, "items": {"type": "array", "default": [1, 2, 3]}},
    "nodes": [
        {
            "id": "work",
            "type": "shell",
            "batch": {
                "items": "${items}",
                "parallel": True,
                "max_concurrent": 2,
                "max_retries": 2,
                "error_handling": "continue",
            },
            "params": {"command": "printf 'for ${api_key}' >&2; [ ${item} -ne 2 ]"},
        },
        {"id": "say", "type": "echo", "params": {"text": "with ${api_key}", "password": "hunter-two-planted"}},
    ],
    "edges": [{"from": "work", "to": "say"}],
}
CASES = "cases:\n  - name: fine\n    expect: {status: degraded}\n  - name: wrong\n    expect: {status: success, nodes: {say: {text: no}}}\n"
VOLATILE = re.compile(r'[\d.,]+ ?(ms|s)\b|(x|y|width|height)="[\d.]+%?"|made [^<]*|, on \d workers?|over \d workers?')


def _page(project, name="out.html"):
    return (project.pytester.path / name).read_text(encoding="utf-8")


def _stable(text):
    """A page without times, and without which worker had which item."""
    text = re.sub(r"<svg class=\"timeline\".*?</svg>", "", text, flags=re.DOTALL)
    return VOLATILE.sub("", text)


def test_written_and_told(project):
    """The page is written and named at the end, with each workflow, case and batch."""
    project.write("work.json", WORK)
    project.write("work.test.yaml", CASES)
    result = project.run("--pflow-report=out.html")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*- pflow report -*", "out.html (* KB)"])
    shown = _page(project)
    assert ["validate", "run[fine]", "run[wrong]"] == re.findall(r'class="name">([^<]*)<', shown)
    assert 2 == shown.count('class="timeline"')
    assert 2 == shown.count("parallel, at most 2 at a time, 3 items")
    assert 6 == shown.count('<rect class="bar ')
    assert 2 == shown.count('class="again"')
    assert "the run is degraded, expected success" in shown
    assert "item 1 failed after 2 attempts" in shown


def test_nothing_without_option(project):
    """Without the option there is no page."""
    project.hello()
    project.run()
    assert not list(project.pytester.path.glob("*.html"))


def test_no_secrets(project, monkeypatch):
    """Planted secrets are nowhere on the page, whether they come from inputs, params, the environment or a hook."""
    monkeypatch.setenv("SHOP_TOKEN", "environment-planted")
    project.write("conftest.py", "def pflow_testkit_redact(value): return value.replace('Mallory', '[name]')\n")
    project.write("work.json", WORK)
    project.write("work.test.yaml", CASES)
    project.write(
        "test_it.py",
        "def test_it(pflow):\n"
        "    result = pflow.run('work.json')\n"
        "    print(result.outputs)\n"
        "    assert result.outputs['text'] == 'environment-planted Mallory'\n",
    )
    project.run("flows", "--pflow-report=out.html")
    shown = _page(project)
    assert "test_it.py::test_it" in shown
    assert "[redacted]" in shown
    assert "[name]" in shown
    assert not [word for word in (SECRET, "hunter-two", "environment-planted", "Mallory") if word in shown]


def test_same_with_workers(project):
    """Spread over workers, the page says the same."""
    project.write("work.json", WORK)
    project.write("work.test.yaml", CASES)
    project.hello("cases:\n  - name: ada\n    inputs: {name: Ada}\n")
    project.write("bad.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    project.run("--pflow-report=out.html")
    project.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-report=two.html", "-n", "2")
    assert _stable(_page(project)) == _stable(_page(project, "two.html"))


def test_same_twice(project):
    """Two runs of the same make the same page, but for times."""
    project.write("work.json", WORK)
    project.write("work.test.yaml", CASES)
    project.run("--pflow-report=out.html")
    project.run("--pflow-report=two.html")
    assert _stable(_page(project)) == _stable(_page(project, "two.html"))


def test_nested_batches(project):
    """A batch in a nested workflow has a timeline of its own, by its path, and its workflow a section."""
    project.write(
        "low.json",
        {
            "inputs": {"x": {}},
            "nodes": [{"id": "each", "type": "echo", "batch": {"items": [1, 2]}, "params": {"text": "${x}"}}],
        },
    )
    node = {"type": "workflow", "params": {"workflow_ref": "low.json", "param_mapping": {"x": "1"}}}
    project.write("top.json", {"nodes": [{"id": "one", **node}, {"id": "all", "batch": {"items": [1, 2]}, **node}]})
    project.run("--pflow-report=out.html")
    shown = _page(project)
    paths = ["one/each", "all", "all[0]/each", "all[1]/each"]
    assert paths == re.findall(r"<figcaption><b>([^<]*)</b>", shown)
    assert 4 == shown.count('class="timeline"')
    assert 'data-name="flows/low.json"' in shown
    assert "but workflows that nest it" in shown


def test_loops_have_their_batches(project):
    """A node that runs twice has two timelines, each with its own items."""
    project.write(
        "loop.json",
        {
            "nodes": [
                {"id": "each", "type": "echo", "batch": {"items": [1, 2]}, "params": {"text": "${item}"}},
                {"id": "check", "type": "shell", "params": {"command": "[ -e seen ] || { touch seen; exit 1; }"}},
            ],
            "edges": [{"from": "each", "to": "check"}, {"from": "check", "to": "each", "action": "error"}],
        },
    )
    project.run("--pflow-report=out.html")
    assert ["each", "each"] == re.findall(r"<figcaption><b>([^<]*)</b>", _page(project))
    assert 4 == _page(project).count('<rect class="bar ok"')


def test_python_tests(project):
    """Runs of Python tests stand with their workflow; of a workflow written in a test, by the test's name."""
    project.hello()
    project.write(
        "test_it.py",
        "import pytest\n"
        "def test_file(pflow, monkeypatch, tmp_path):\n"
        "    monkeypatch.chdir(tmp_path)\n"
        "    heard = []\n"
        "    pflow.run('hello.json', {'name': 'Ada'}, on_event=heard.append)\n"
        "    assert heard\n"
        "def test_own(pflow):\n"
        "    for _ in range(8):\n"
        "        pflow.run({'nodes': [{'id': 'a', 'type': 'echo'}]})\n"
        "def test_none(pflow):\n"
        "    with pytest.raises(Exception):\n"
        "        pflow.run({'nodes': []})\n"
        "def test_other(): pass\n",
    )
    result = project.pytester.runpytest_inprocess("flows/test_it.py", "--pflow-report=out.html")
    result.assert_outcomes(passed=4)
    shown = _page(project)
    assert ["flows/hello.json", "flows/test_it.py::test_own", "tests that ran no workflow"] == re.findall(
        r'data-name="([^"]*)"', shown
    )
    assert "and 3 more runs" in shown
    assert "test_other" not in shown
    assert "<b>100%</b> of 2 workflows reached" in shown


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("@pytest.mark.xfail\ndef test_it(pflow): assert 0", "xfailed"),
        ("@pytest.mark.xfail\ndef test_it(pflow): pass", "xpassed"),
        ("@pytest.mark.skip\ndef test_it(pflow): pass", "skipped"),
        ("@pytest.fixture\ndef bad(): raise OSError\ndef test_it(pflow, bad): pass", "error"),
        ("@pytest.fixture\ndef bad():\n    yield\n    raise OSError\ndef test_it(pflow, bad): pass", "error"),
    ],
)
def test_outcomes(project, body, outcome):
    """What became of a test is said as pytest says it."""
    project.write("test_it.py", f"import pytest\n{body}\n")
    project.pytester.runpytest_inprocess("flows/test_it.py", "--pflow-report=out.html")
    assert [outcome] == re.findall(r'data-outcome="([^"]*)"', _page(project))


def test_mutants_have_their_words(project, ada):
    """What became of a mutant is said in the words of its own report."""
    project.hello(ada)
    project.run("--pflow-mutate", "--pflow-report=out.html")
    found = set(re.findall(r'data-outcome="([^"]*)"', _page(project)))
    assert {"passed", "killed"} <= found


def test_fails_before_and_after(project):
    """A test whose call and whose teardown fail says both."""
    project.write(
        "test_it.py",
        "import pytest\n@pytest.fixture\ndef bad():\n    yield\n    raise OSError('later')\n"
        "def test_it(pflow, bad):\n    pflow.run({'nodes': [{'id': 'a', 'type': 'echo'}]})\n    assert 'now' == ''\n",
    )
    project.pytester.runpytest_inprocess("flows/test_it.py", "--pflow-report=out.html")
    shown = _page(project)
    assert "later" in shown
    assert "AssertionError" in shown
    assert "the run is <b>success</b>" in shown


def test_uncollected(project):
    """A file that cannot be parsed is told, and that the session came to an early end."""
    project.write("bad.json", '{"nodes": [')
    project.run("--pflow-report=out.html")
    shown = _page(project)
    assert "could not be collected" in shown
    assert "flows/bad.json:1:12: error: not JSON" in shown
    assert 'class="ended"' in shown


def test_no_workflow(project):
    """A session without workflows writes a page that says so."""
    project.pytester.makepyfile("def test(): pass")
    project.pytester.runpytest_inprocess("--pflow-report=out.html")
    assert "No workflow was collected" in _page(project)


@pytest.mark.parametrize("option", ["--collect-only", "--pflow-init=flows/hello.json"])
def test_nothing_runs(project, option):
    """Where nothing is run, no page is written."""
    project.hello()
    project.run(option, "--pflow-report=out.html")
    assert not (project.pytester.path / "out.html").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("flows", "a page is named FILE.html; write --pflow-report=flows.html"),
        ("out.htm.txt", "a page is named FILE.html; write --pflow-report=out.htm.txt.html"),
    ],
)
def test_bad_names(project, given, said):
    """A page by another name is a usage error before anything runs."""
    project.hello()
    result = project.run(f"--pflow-report={given}")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"ERROR: --pflow-report={given}: {said}"])
    result.stdout.no_fnmatch_line("*passed*")


def test_lost_folder(project):
    """A page whose folder goes away meanwhile is told, fails the session, and leaves nothing half written."""
    project.hello()
    (project.pytester.path / "gone").mkdir()
    project.write("conftest.py", "import shutil\ndef pytest_collection_finish(): shutil.rmtree('gone')\n")
    result = project.run("--pflow-report=gone/out.html")
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines(["gone/out.html could not be written: No such file or directory"])


def test_old_page_is_replaced(project):
    """A page that is there is replaced, and keeps nothing of the old one."""
    old = project.pytester.path / "out.html"
    old.write_text("old")
    project.hello()
    project.run("--pflow-report=out.html")
    assert _page(project).startswith("<!doctype html>")
    assert stat.S_ISREG(old.stat().st_mode)
    assert ["out.html"] == [file.name for file in old.parent.glob("*out*")]


def test_beside_coverage(project):
    """With coverage too, both say the same."""
    project.write("work.json", WORK)
    project.write("work.test.yaml", CASES)
    result = project.run("--pflow-cov", "--pflow-report=out.html")
    total = next(line.split()[-1] for line in result.outlines if line.startswith("all "))
    assert f"<b>{total}</b> of 1 workflow reached" in _page(project)
