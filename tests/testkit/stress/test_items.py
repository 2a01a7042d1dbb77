"""Stress in pytest: case files, the marker, the fixture, the options."""

import re
import shlex

import pytest

CONFTEST = """
    from pflow_engine import Node

    class Tally(Node):
        total = 0
        def exec(self, prep_result):
            n = Tally.total
            Tally.total = n + 1
            return n + 1
        def post(self, shared, prep_result, exec_result):
            shared["total"] = exec_result

    class Double(Node):
        def post(self, shared, prep_result, exec_result):
            shared["double"] = 2 * self.params["value"]

    def pflow_register_nodes(registry):
        registry.register("tally", Tally)
        registry.register("double", Double)
"""
RACE = """
    import threading
    import pytest

    class Tally:
        total = 0
        def add(self):
            n = self.total
            self.total = n + 1

    def two(work):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
"""


def batch(kind, **more):
    """A workflow of one parallel batch."""
    items = {"items": [1, 2], "parallel": True, **more}
    return {"nodes": [{"id": kind, "type": kind, "batch": items, "params": {"value": "${item}"}}]}


@pytest.fixture
def flows(project):
    """A project with a broken and a sound node type, a workflow of each, and a case of each that asks for stress."""
    project.pytester.makeconftest(CONFTEST)
    for kind in ("tally", "double"):
        project.write(f"{kind}.json", batch(kind))
        project.write(f"{kind}.test.yaml", "cases:\n- name: two\n  stress: {schedules: 50}\n")
    return project


def test_case_is_stressed(flows):
    """A case with 'stress' has an item of its own: the race fails it, and is shown with the command that replays it."""
    result = flows.run()
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "parallel != sequential: tally.results[[]*[]].total is *, was *     seed 0 · 1 switch (from *) · replayed 10/10",
            "  item 0  conftest.py:6   n = Tally.total",
            "  item 1  conftest.py:6   n = Tally.total          <- switched here",
            "  item 1  conftest.py:7   Tally.total = n + 1",
            "  item 0  conftest.py:7   Tally.total = n + 1      <- item 1's update of Tally.total is lost",
            "  replay: pytest --pflow-workflows=flows 'flows/tally.json::stress[[]two[]]' --pflow-schedule=pct:0:*",
        ]
    )


def test_replay_command_fails(flows):
    """The command of the report runs one schedule, which fails in the same way."""
    said = flows.run().stdout.str()
    command = re.search(r"replay: pytest (.*)", said)[1]
    result = flows.pytester.runpytest_subprocess(*shlex.split(command))
    result.assert_outcomes(failed=1)
    assert f"  replay: pytest {command}" in result.outlines


def test_every_case(flows):
    """--pflow-stress stresses every case, but those that say no."""
    flows.write("double.test.yaml", "cases:\n- name: a\n- name: b\n  stress: false\n")
    result = flows.run("--pflow-stress", "--pflow-schedules=5", "--collect-only", "-q", "-k", "double")
    assert ["flows/double.json::stress[a]"] == [line for line in result.outlines if "stress[" in line]


def test_expectations_hold(flows):
    """What a case expects must come of each schedule."""
    flows.write("double.test.yaml", "cases:\n- name: a\n  stress: true\n  expect: {status: failed}\n")
    flows.run("-k", "double and stress").stdout.fnmatch_lines(["*the run is success, expected failed*"])


def test_files_are_fresh(flows):
    """Each schedule finds the files of its case, as they were written."""
    node = {"id": "w", "type": "write-file", "params": {"file_path": "out.txt", "content": "x"}}
    read = {"id": "r", "type": "read-file", "params": {"file_path": "in.txt"}}
    flows.write("f.json", {"nodes": [read, node], "edges": [{"from": "r", "to": "w"}]})
    flows.write(
        "f.test.yaml", "cases:\n- name: a\n  files: {in.txt: hello}\n  stress: {schedules: 5, granularity: hook}\n"
    )
    flows.run("-k", "f.json").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("stress", "said"),
    [
        ("{schedules: 0}", "*0*"),
        ("{strategy: fair}", "*'strategy' cannot be 'fair'*"),
        ("{often: 3}", "*often*"),
        ("{budget: soon}", "*budget is a time like 10s, 500ms or 2m, not 'soon'*"),
    ],
)
def test_wrong_stress_in_case(flows, stress, said):
    """A wrong option of a case is refused with its line."""
    flows.write("double.test.yaml", f"cases:\n- name: a\n  stress: {stress}\n")
    result = flows.run()
    assert result.ret
    result.stdout.fnmatch_lines([f"*flows/double.test.yaml:3:*{said}"])


def test_marked_test(pytester):
    """A marked test is run under its schedules; it fails with the report."""
    pytester.makepyfile(
        RACE
        + """
    @pytest.mark.pflow_stress(schedules=100)
    def test_tally():
        tally = Tally()
        two(tally.add)
        assert 2 == tally.total

    @pytest.mark.pflow_stress(schedules=20, granularity="line", budget="5s")
    def test_fine(tmp_path):
        two(lambda: None)
    """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "AssertionError: assert 2 == 1* seed 0 · 1 switch (from *) · replayed 10/10",
            "  thread 2  test_marked_test.py:*self.total = n + 1",
            "  thread 1  test_marked_test.py:*self.total = n + 1      <- thread 2's update of self.total is lost",
            "  replay: pytest test_marked_test.py::test_tally --pflow-schedule=pct:0:*",
        ]
    )


def test_fixture(pytester):
    """The fixture explores a function, checks what it gives, and says how far it came."""
    pytester.makepyfile(
        RACE
        + """
    def test_broken(stress):
        def fn():
            tally = Tally()
            two(tally.add)
            return tally.total
        def check(total):
            assert 2 == total
        stress.explore(fn, check=check, schedules=100, seed=3)

    def test_sound(stress):
        done = stress.explore(lambda: two(lambda: None), schedules=7)
        assert (7, None) == (done.schedules, done.found)

    def test_skip(stress):
        stress.explore(lambda: pytest.skip("not here"))
    """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*seed 3 · 1 switch*"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("often=3", "*pflow_stress has no option 'often'; it has schedules, strategy,*"),
        ("strategy='fair'", "*strategy is one of pct, random, threads, not 'fair'*"),
        ("budget='soon'", "*budget is a time like 10s, 500ms or 2m, not 'soon'*"),
        ("200", "*takes its options by name*"),
    ],
)
def test_wrong_marker(pytester, options, said):
    """A wrong option of the marker fails the test in one line."""
    pytester.makepyfile(f"import pytest\n@pytest.mark.pflow_stress({options})\ndef test_it(): pass\n")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("option", "said"),
    [("--pflow-schedule=soon", "*looks like pct:41:2a*"), ("--pflow-schedules=0", "*at least 1, not 0*")],
)
def test_wrong_option(pytester, option, said):
    """A wrong option on the command line is a usage error in one line."""
    result = pytester.runpytest_inprocess(option)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([said])


def test_options_win(flows):
    """The command line's number and seed count more than the case's."""
    result = flows.run("-k", "double and stress", "--pflow-schedules=3", "--pflow-seed=9", "-rP")
    result.stdout.fnmatch_lines(["3 schedules, 3 threads, * points, * s"])


def test_junit_has_token(flows):
    """JUnit carries the token and the number of schedules."""
    flows.run("-k", "stress", "--junit-xml=out.xml", "-o", "junit_family=xunit1")
    text = (flows.pytester.path / "out.xml").read_text()
    assert re.search(r'<property name="pflow_schedule" value="pct:0:[^"]+" ?/>', text)
    assert '<property name="pflow_schedules" value="50" />' in text


def test_same_under_xdist(flows):
    """On xdist's workers the same schedule is found, and printed."""
    token = re.compile(r"--pflow-schedule=(\S+)")
    alone = token.search(flows.run("-k", "stress").stdout.str())[1]
    spread = flows.pytester.runpytest_subprocess("--pflow-workflows=flows", "-k", "stress", "-n", "2").stdout.str()
    assert alone == token.search(spread)[1]
