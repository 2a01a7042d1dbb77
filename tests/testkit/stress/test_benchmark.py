"""The benchmark script works, and shows what it says it measures; how fast anything is, no test asks."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "stress.py"


def test_tables_are_printed():
    """Asked for quickly, the tables of costs and of sound twins are there, and nothing is accused."""
    command = [sys.executable, str(SCRIPT), "--quick", "cost", "sound"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line]
    assert {"an opcode step, pct", "a schedule of 8 items by 8 workers, hook", "lost_update", "torn_invariant"} <= {
        *rows
    }
