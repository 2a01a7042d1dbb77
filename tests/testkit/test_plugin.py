import subprocess
import sys

HEAVY = ("pflow_engine", "jsonschema", "yaml", "httpx", "syrupy", "hypothesis", "rich")


def test_start_up_is_light():
    """Loading the plugin loads nothing that only workflows need."""
    script = f"import sys, pflow_testkit.plugin; print([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == shown.stdout


def test_unrelated_run_stays_light(pytester):
    """A pytest run without workflows never loads the engine."""
    pytester.makepyfile("import sys\ndef test(): assert 'pflow_engine' not in sys.modules")
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)
