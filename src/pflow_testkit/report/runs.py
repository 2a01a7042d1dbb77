"""A run to what the page shows of it: its steps, its batches over workers, and texts without secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from pflow_engine.errors import showable
from pflow_engine.result import RunResult
from pflow_engine.trace import NodeTrace, Redactor, Trace, encodable
from pflow_testkit.normalise import canonical_text
from pflow_testkit.options import Redact
from pflow_testkit.report.model import Run, Step, Timeline
from pflow_testkit.report.timeline import Shown, timeline
from pflow_testkit.report.timing import Times

MOST_STEPS: Final = 300
MOST_TIMELINES: Final = 20
_MOST_TEXT: Final = 2000
_MOST_ERROR: Final = 400


class Private(NamedTuple):
    """Takes out of texts what is secret in a run, and what the hooks of the test's folder say."""

    redactor: Redactor
    hooks: Redact

    def text(self, value: str, most: int = _MOST_TEXT) -> str:
        """A text that may be shown. It is cut last: a cut may not leave half of a secret."""
        return cut(showable(str(self.hooks(self.redactor(encodable(value))))), most)

    def data(self, value: Any, most: int = _MOST_TEXT) -> str:
        """Strict JSON that may be shown."""
        return cut(showable(canonical_text(self.hooks(value)).strip()), most)


def cut(text: str, most: int) -> str:
    """A text, or its first and last characters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n… {len(text) - most} characters …\n{text[-(most - most // 2) :]}"


def seen_run(result: RunResult, file: str, times: Times, private: Private) -> Run:
    """What is shown of it. ``file`` is how the page names its workflow."""
    trace = result.trace

    def shown(text: str) -> str:
        return " ".join(private.text(text, _MOST_ERROR).split())

    steps = islice(_steps(trace, "", shown), MOST_STEPS)
    timelines = islice(_timelines(trace, "", times, shown), MOST_TIMELINES)
    counted = Counter(_counted(trace))
    return Run(
        file=file,
        status=trace.status,
        error=private.text(trace.error) if trace.error else "",
        duration_ms=trace.duration_ms,
        inputs=private.data(private.redactor(trace.inputs)),
        outputs=private.data(trace.shown_outputs(private.redactor)),
        steps=list(steps),
        timelines=list(timelines),
        left_out=max(0, counted["step"] - MOST_STEPS) + max(0, counted["batch"] - MOST_TIMELINES),
    )


def _steps(trace: Trace, above: str, shown: Shown) -> Iterator[Step]:
    for node in trace.nodes:
        said = shown(node.error) if node.error else ""
        yield Step(above + node.id, node.type, node.status, node.action, node.duration_ms, said)
        for path, child in _children(node, above):
            yield from _steps(child, path, shown)


def _timelines(trace: Trace, above: str, times: Times, shown: Shown) -> Iterator[Timeline]:
    totals = Counter(node.id for node in trace.nodes)
    numbers: Counter[str] = Counter()
    for node in trace.nodes:
        if node.batch is not None:
            marks = times.of(above + node.id, numbers[node.id], totals[node.id])
            yield timeline(above + node.id, node.batch, marks, shown)
        numbers[node.id] += 1
        for path, child in _children(node, above):
            yield from _timelines(child, path, times, shown)


def _counted(trace: Trace) -> Iterator[str]:
    for node in trace.nodes:
        yield from ("step", *(["batch"] if node.batch else []))
        for child in node.children:
            yield from _counted(child)


def _children(node: NodeTrace, above: str) -> Iterator[tuple[str, Trace]]:
    if node.child is not None:
        yield f"{above}{node.id}/", node.child
    for index, child in (node.batch.children if node.batch else {}).items():
        yield f"{above}{node.id}[{index}]/", child
