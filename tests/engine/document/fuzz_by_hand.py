"""Bytes to what the readers and the validator make of them, guided by coverage; run by hand.

    pip install atheris
    python tests/engine/document/fuzz_by_hand.py markdown -max_total_time=300 [-max_len=8192] [CORPUS_FOLDER]

Targets: json, yaml, markdown, case. Anything that is neither a success nor a PflowError with a position ends the run,
and atheris leaves the bytes in a file ``crash-…``: give that file as the last argument to see it again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pflow_engine", "pflow_testkit"]):
    from pflow_engine import InvalidWorkflow, PflowError, Registry
    from pflow_engine.document.load import load, locate, parse
    from pflow_engine.validation import find_problems
    from pflow_testkit.cases import load_cases

HERE = Path(__file__).parent
NAMES = {"json": "w.json", "yaml": "w.yaml", "markdown": "w.pflow.md", "case": "w.test.yaml"}
REGISTRY = Registry.default()


def main() -> None:
    """Fuzz one target with the arguments that libFuzzer takes."""
    target = sys.argv.pop(1)
    file = Path(tempfile.mkdtemp()) / NAMES[target]

    def one(data: bytes) -> None:
        file.write_bytes(data)
        (_read_case if target == "case" else _read)(file)

    corpus = tempfile.mkdtemp()
    for number, seed in enumerate(_seeds(target)):
        (Path(corpus) / str(number)).write_bytes(seed)
    atheris.Setup([*sys.argv, corpus], one)
    atheris.Fuzz()


def _read(file: Path) -> None:
    try:
        document = load(file)
    except InvalidWorkflow as error:
        _placed(error)
        return
    data = parse(document.text, document.form, document.file)
    assert data is not None
    locate(document.text, document.form)
    _shown(find_problems(document, REGISTRY))


def _read_case(file: Path) -> None:
    try:
        load_cases(file, file.name)
    except PflowError as error:
        _placed(error)


def _placed(error: PflowError) -> None:
    assert error.problems
    assert all(problem.position is not None for problem in error.problems), error.problems
    _shown(error.problems)


def _shown(problems) -> None:
    for problem in problems:
        str(problem).encode()


def _seeds(target: str) -> list[bytes]:
    ending = NAMES[target].removeprefix("w")
    folders = [HERE.parents[1] / "workflows", HERE / "hostile"]
    return [path.read_bytes() for folder in folders for path in folder.rglob(f"*{ending}") if path.is_file()]


if __name__ == "__main__":
    main()
