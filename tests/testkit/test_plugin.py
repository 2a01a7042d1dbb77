import subprocess
import sys

HEAVY = ("pflow_engine", "jsonschema", "yaml", "httpx", "syrupy", "hypothesis", "rich")


def test_start_up_is_light():
    """Loading the plugin loads nothing that only workflows need."""
    script = f"import sys, pflow_testkit.plugin; print([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == shown.stdout


def test_start_up_is_options():
    """Of its own, the plugin loads what reads options, and none of what they ask for."""
    script = "import sys, pflow_testkit.plugin; print(*{'.'.join(name.split('.')[:2]) for name in sys.modules})"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name for name in shown.stdout.split() if name.startswith("pflow_testkit.")}
    assert {"pflow_testkit.ledger", "pflow_testkit.options", "pflow_testkit.plugin"} == loaded


def test_unrelated_run_stays_light(pytester):
    """A pytest run without workflows loads none of it from its start to its end."""
    pytester.makeconftest(
        "import sys\n\ndef pytest_unconfigure(config):\n"
        f"    print('loaded:', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    pytester.makepyfile("def test(): pass\ndef test_equal(): assert {'a': 1} == {'a': 1}")
    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:syrupy")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["loaded: [[][]]"])
