"""The tests of a workflow to what the page tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pflow_testkit.report.batches import batch
from pflow_testkit.report.markup import count, duration, text
from pflow_testkit.report.model import Case, Run, Step

_CLASSED: Final = re.compile(r"^(?:E\s)?\s*(BREAKING|BEHAVIOUR|COSMETIC)\s")
_BAD: Final = ("failed", "error")


def case(each: Case, file: str) -> Iterator[str]:
    """One test, as the section of a workflow tells it: only that workflow's runs of it. Open where it failed."""
    bad = each.outcome in _BAD
    runs = [run for run in each.seen.runs if run.file == file]
    if not runs and not each.seen.failure:
        yield f'<p class="case {text(each.outcome)}" data-outcome="{text(each.outcome)}">{_name(each, file)}</p>'
        return
    yield f'<details class="case {text(each.outcome)}" data-outcome="{text(each.outcome)}"{" open" if bad else ""}>'
    words = ", ".join([duration(each.duration * 1000), *_words(runs)])
    yield f"<summary>{_name(each, file)} <small>{text(words)}</small></summary>"
    if each.seen.failure:
        yield f'<pre class="failure" tabindex="0">{_classed(each.seen.failure)}</pre>'
    for number, run in enumerate(runs, 1):
        yield from _run(run, f"run {number} of {len(runs)}: " if len(runs) > 1 else "")
    if each.seen.more:
        yield f"<p>and {count(each.seen.more, 'more run')}</p>"
    yield "</details>"


def _name(each: Case, file: str) -> str:
    own = each.nodeid.removeprefix(f"{file}::")
    return f'<b class="outcome">{text(each.outcome)}</b> <span class="name">{text(own)}</span>'


def is_bad(outcome: str) -> bool:
    """Whether somebody is to look at it."""
    return outcome in _BAD


def _words(runs: list[Run]) -> list[str]:
    items = sum(timeline.total for run in runs for timeline in run.timelines)
    again = sum(timeline.retried for run in runs for timeline in run.timelines)
    odd = [run.status for run in runs if run.status != "success"]
    return [
        *dict.fromkeys(odd),
        *([count(items, "item")] if items else []),
        *([f"{again:,} tried again"] if again else []),
    ]


def _classed(failure: str) -> str:
    return "\n".join(map(_line, failure.split("\n")))


def _line(line: str) -> str:
    found = _CLASSED.match(line)
    return f'<span class="{found[1].lower()}">{text(line)}</span>' if found else text(line)


def _run(run: Run, number: str) -> Iterator[str]:
    yield f'<p class="run">{number}the run is <b>{text(run.status)}</b>, {duration(run.duration_ms)}</p>'
    if run.error:
        yield f'<pre tabindex="0">{text(run.error)}</pre>'
    for timeline in run.timelines:
        yield from batch(timeline)
    yield f'<ol class="steps">{"".join(map(_step, run.steps))}</ol>'
    if run.left_out:
        yield f"<p>and {count(run.left_out, 'more step')} and batches in them</p>"
    for name, data in (("inputs", run.inputs), ("outputs", run.outputs)):
        if data != "{}":
            yield f'<details><summary>{name}</summary><pre tabindex="0">{text(data)}</pre></details>'


def _step(step: Step) -> str:
    action = f" → {text(step.action)}" if step.action != "default" else ""
    error = f": {text(step.error)}" if step.error else ""
    kind = f"<small>{text(step.type)}, {duration(step.duration_ms)}</small>"
    return f'<li class="{text(step.status)}">{text(step.path)}{action} {kind}{error}</li>'
