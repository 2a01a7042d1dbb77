"""What making all mutants of a workflow costs to one table: ``python tests/benchmarks/mutants.py``. Run by hand; no test.

Beside it stands what it would cost to validate each of them whole, measured on a few.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from time import process_time
from typing import Any

from table import Row, render

from pflow_engine import Registry
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems
from pflow_testkit.mutation.mutants import mutants_of

_MOST_SECONDS = 10.0
_WHOLE = 20


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Print what making all mutants of a workflow costs.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    options = parser.parse_args()
    rows = [_row(nodes) for nodes in ((3, 10) if options.quick else (30, 100, 300))]
    sys.stdout.write(f"{render(rows, judged=not options.quick)}\n")


def _row(nodes: int) -> Row:
    document, registry = from_data(_workflow(nodes)), Registry.default()
    started = process_time()
    mutants = list(mutants_of(document, registry))
    took = process_time() - started
    started = process_time()
    for mutant in islice(mutants, _WHOLE):
        find_problems(replace(document, ir=mutant.ir), registry)
    whole = (process_time() - started) * len(mutants) / min(len(mutants), _WHOLE)
    name = f"{len(mutants):,} mutants of {nodes} nodes, CPU"
    reached = took <= _MOST_SECONDS
    return Row(name, f"{took:.2f} s", f"<= {_MOST_SECONDS:g} s", reached, (f"each validated whole: {whole:.1f} s",))


def _workflow(nodes: int) -> dict[str, Any]:
    return {
        "inputs": {"topic": {"type": "string", "default": "x"}, "other": {"type": "string", "default": "y"}},
        "nodes": [*_nodes(nodes)],
        "outputs": {"last": {"source": f"${{n{nodes - 1}.text}}"}, "both": {"source": "${n0.text} ${other}"}},
    }


def _nodes(nodes: int) -> Iterator[dict[str, Any]]:
    for number in range(nodes):
        before = f"${{n{number - 1}.text}}" if number else "${topic}"
        params = {"text": f"{before} step", "more": {"limit": number, "on": True}, "list": [1, 2, before]}
        yield {"id": f"n{number}", "type": "echo", "params": params}


if __name__ == "__main__":
    main()
