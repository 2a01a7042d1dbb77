"""Bytes to what the readers and the validator make of them, guided by coverage; run by hand.

    pip install atheris
    python tests/engine/document/fuzz_by_hand.py markdown -max_total_time=300 [-max_len=8192] [CORPUS_FOLDER]
    python tests/engine/document/fuzz_by_hand.py time [BYTES]

Targets: json, yaml, markdown, case. Anything that is neither a success nor a PflowError with a position ends the run,
and atheris leaves the bytes in a file ``crash-…``: give that file as the last argument to see it again. ``time`` says
how long each kind of hostile file takes: a megabyte is to take a second at most.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

INSTRUMENT = sys.argv[1:2] != ["time"] and find_spec("atheris") is not None
if INSTRUMENT:
    import atheris

with atheris.instrument_imports(include=["pflow_engine", "pflow_testkit"]) if INSTRUMENT else contextlib.nullcontext():
    from pflow_engine import InvalidWorkflow, PflowError, Registry
    from pflow_engine.document.load import load, locate
    from pflow_engine.validation import find_problems
    from pflow_testkit.cases import load_cases

from conftest import BOUNDED, ENDINGS, HOSTILE  # noqa: E402  # what is instrumented comes first

HERE = Path(__file__).parent
NAMES = {"json": "w.json", "yaml": "w.yaml", "markdown": "w.pflow.md", "case": "w.test.yaml"}
MEGABYTE = 1_000_000
REGISTRY = Registry.default()


def main() -> None:
    """Do what the first argument says."""
    target = sys.argv.pop(1)
    if target == "time":
        tell_times(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTE)
    elif INSTRUMENT:
        fuzz(target)
    else:
        sys.exit("pip install atheris first")


def fuzz(target: str) -> None:
    """Fuzz one target with the arguments that libFuzzer takes."""
    file = Path(tempfile.mkdtemp()) / NAMES[target]
    take: Callable[[Path], None] = read_cases if target == "case" else read

    def one(data: bytes) -> None:
        file.write_bytes(data)
        take(file)
        if target != "case":
            locate_all(file)

    corpus = Path(tempfile.mkdtemp())
    for number, seed in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([*sys.argv, str(corpus)], one)
    atheris.Fuzz()


def tell_times(size: int) -> None:
    """Print how long each kind of hostile file takes to read, and the most memory held until then."""
    for (form, kind), make in (HOSTILE | BOUNDED).items():
        file = Path(tempfile.mkdtemp()) / f"w{ENDINGS[form]}"
        file.write_text(make(size), encoding="utf-8", newline="")
        started = time.process_time()
        read(file)
        took = time.process_time() - started
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(f"{took:7.2f} s {held:7.0f} MB  {form} {kind}", flush=True)  # noqa: T201  # run by hand


def read(file: Path) -> None:
    """Read a workflow and look for its problems; each has a place."""
    try:
        document = load(file)
    except InvalidWorkflow as error:
        placed(error)
        return
    shown(find_problems(document, REGISTRY))


def locate_all(file: Path) -> None:
    """What parses also has places."""
    with contextlib.suppress(InvalidWorkflow):
        document = load(file)
        locate(document.text, document.form)


def read_cases(file: Path) -> None:
    """Read a case file."""
    try:
        load_cases(file, file.name)
    except PflowError as error:
        placed(error)


def placed(error: PflowError) -> None:
    """Each problem has a place, and there is one."""
    assert error.problems
    assert all(problem.position is not None for problem in error.problems), error.problems
    shown(error.problems)


def shown(problems: Any) -> None:
    """Each problem can be shown anywhere."""
    for problem in problems:
        str(problem).encode()


def seeds(target: str) -> Iterator[bytes]:
    """What fuzzing begins with: the project's own files, and a small one of each hostile kind."""
    ending = NAMES[target].removeprefix("w")
    yield from (path.read_bytes() for path in (HERE.parents[1] / "workflows").rglob(f"*{ending}") if path.is_file())
    yield from (make(200).encode() for (form, _), make in HOSTILE.items() if form == target)


if __name__ == "__main__":
    main()
