"""The benchmark script works and shows all it says it measures; how fast anything is, no test asks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "benchmarks" / "batch.py"
ROWS = [
    "parallel batch",
    "sequential batch",
    "an item's cost when 5 nodes follow",
    "an item's cost when the store has 10 keys",
    "an item's cost when an input has 0.01 MB",
    "20 items of 5 ms",
    "peak memory, 100 items of 1 KB, parallel",
    "peak memory, 100 items of 1 KB, sequential",
    "compile 8 nodes",
    "resolve ${a.b.c}",
    "Dask",
]
OTHERS = ("pocketflow", "langgraph", "distributed")


def python(code, *arguments):
    """What Python code prints that runs beside the benchmarks' modules, as a script would."""
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {str(SCRIPT.parent)!r}\n{code}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def table(*options):
    """The cells of the script's table, line by line, on a machine where no other engine is installed."""
    done = python(
        f"import runpy; sys.modules.update(dict.fromkeys({OTHERS!r}))\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        "--quick",
        *options,
    )
    assert "" == re.sub(r"^measuring: \w+\n", "", done.stderr, flags=re.MULTILINE)
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[2:]]
    assert ["row", "ours", "goal", "reached", "beside"] == lines[0]
    return lines[2:]


def test_all_rows():
    """Every goal of batches has its row, with a figure or with why there is none."""
    rows = [line for line in table() if line[0]]
    assert ROWS == [next((name for name in ROWS if row[0].startswith(name)), row[0]) for row in rows]
    assert [] == [row[0] for row in rows if not re.search(r"\d|not installed", row[1])]


def test_absent_engines_are_shown():
    """An engine that is not installed is shown with the command that installs it."""
    told = " ".join(line[4] for line in table("--only", "overhead", "--only", "dask"))
    for package in (*OTHERS, "pflow-cli"):
        assert f"not installed (pip install {package}" in told


def test_quick_judges_nothing():
    """Tiny sizes say nothing about a goal, so none is called reached or missed."""
    assert [["resolve ${a.b.c}", "-"]] == [[line[0], line[3]] for line in table("--only", "resolve")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "a b a b a b {'a': [3, 5], 'b': [4, 6]} 5.0 1.2666666666666666"),
        (", warm=False", "a b a b {'a': [1, 3], 'b': [2, 4]} 3.0 1.6666666666666665"),
    ],
)
def test_contestants_take_turns(options, expected):
    """Each contestant is warmed once unless that is idle, then all run in turn, round after round."""
    done = python(
        "from timing import Contestant, interleaved\n"
        "said = []\n"
        "entries = [Contestant(name, lambda name=name: said.append(name) or len(said)) for name in 'ab']\n"
        f"figures = interleaved(entries, 2{options})\n"
        "print(*said, figures.rounds, figures.median('b'), figures.ratio('b', 'a'))"
    )
    assert f"{expected}\n" == done.stdout


def test_undone_work_is_refused():
    """A contestant that leaves out an item ends the benchmark, however fast it was."""
    done = python("from work import doubled; doubled(2)([{'value': 0}, {'value': 2}]); doubled(2)([{'value': 0}])")
    assert "AssertionError: not the 2 results that were asked for" == done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("judged", "expected"), [(True, "yes no"), (False, "- -")])
def test_reached(judged, expected):
    """A row says whether its goal was reached, if anything is to be judged."""
    done = python(
        "from table import Row, render\n"
        "rows = [Row('a', '1', '<= 2', True), Row('b', '3', '<= 2', False)]\n"
        f"print(*[line.split('|')[4].strip() for line in render(rows, judged={judged}).splitlines()[2:]])"
    )
    assert f"{expected}\n" == done.stdout


def test_plugin_rows():
    """The script about the plugin has a row for snapshots, their growth, and start-up, each with a figure."""
    command = [sys.executable, str(SCRIPT.with_name("plugin.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "" == done.stderr
    rows = [line for line in done.stdout.splitlines()[2:] if not line.startswith("|  ")]
    names = ["verify 8 trace snapshots", "what a snapshot adds", "what an unrelated run pays"]
    assert names == [next((name for name in names if name in row), row) for row in rows]
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


def test_reading_rows():
    """The script that reads dense files shows a time for each form."""
    script = str(SCRIPT.with_name("reading.py"))
    done = python(f"import runpy; runpy.run_path({script!r}, run_name='__main__')", "--quick", "--runs", "1")
    assert "" == done.stderr
    rows = [line.split("|")[1:3] for line in done.stdout.splitlines() if " s  " in line or " s |" in line]
    assert {"markdown", "yaml", "json"} == {name.split(":")[0].strip() for name, _ in rows}


def test_comparing_rows():
    """The script about comparing has a row for equal pairs, a folder of them and renamed nodes, each with a figure."""
    command = [sys.executable, str(SCRIPT.with_name("comparing.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "" == done.stderr
    rows = done.stdout.splitlines()[2:]
    assert ["equal pairs", "as one folder", "all nodes renamed"] == [
        row.split("|")[1].partition(",")[0].strip() for row in rows
    ]
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


def test_mutant_rows():
    """The script about mutants has a row for each size, with what whole validations would take beside it."""
    command = [sys.executable, str(SCRIPT.with_name("mutants.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "" == done.stderr
    rows = [[cell.strip() for cell in row.split("|")[1:]] for row in done.stdout.splitlines()[2:]]
    assert ["3", "10"] == [re.search(r"of (\d+) nodes", row[0])[1] for row in rows]
    assert all(re.search(r"\d", row[1]) and re.search(r"whole: \d", row[4]) for row in rows)
