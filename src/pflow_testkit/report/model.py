"""What the page shows, as it travels from a worker of xdist: texts are ready to be shown, without secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple


class Bar(NamedTuple):
    """An item in its lane, or ``count`` of them one after the other, the first with the index ``first``.

    ``start``, ``end`` and ``retries`` (when an item was tried again) are milliseconds from the start of the batch.
    ``state`` is ok, retried or failed.
    """

    lane: int
    start: float
    end: float
    first: int
    count: int  # type: ignore[assignment]  # nobody asks this tuple for tuple.count
    state: str
    text: str
    retries: Sequence[float] = ()


class Timeline(NamedTuple):
    """A batch over its workers. ``errors`` are what the first items that failed say."""

    path: str
    mode: str
    total: int
    failed: int
    retried: int
    cancelled: int
    wall_ms: float
    lanes: int
    bars: Sequence[Bar]
    errors: Sequence[str]


class Step(NamedTuple):
    """A run of a node; ``path`` names that of a nested workflow too: ``sub/fetch``, ``sub[3]/fetch``."""

    path: str
    type: str
    status: str
    action: str
    duration_ms: float
    error: str


class Run(NamedTuple):
    """A run of a workflow. ``left_out`` is how many steps and batches are not told of, since there are so many."""

    file: str
    status: str
    error: str
    duration_ms: float
    inputs: str
    outputs: str
    steps: Sequence[Step]
    timelines: Sequence[Timeline]
    left_out: int


class Seen(NamedTuple):
    """What the process of a test knows of it. ``file`` is that of the workflow it is an item of, "" for other tests.

    ``more`` is how many runs there were beside those that are kept.
    """

    file: str
    failure: str
    runs: Sequence[Run]
    more: int

    def to_text(self) -> str:
        """As it travels."""
        return json.dumps(self)

    @classmethod
    def of_text(cls, text: str) -> Seen:
        """The way back."""
        file, failure, runs, more = json.loads(text)
        return cls(file, failure, [_run(row) for row in runs], more)


class Node(NamedTuple):
    """A node of a graph. ``batch`` says what of, ``child`` is the file of the workflow that it nests; else "" both."""

    id: str
    type: str
    purpose: str
    line: int
    batch: str
    child: str


class Graph(NamedTuple):
    """A workflow to draw: edges lead from a node to a node, by their places in ``nodes``, with their actions."""

    name: str
    start: int
    nodes: Sequence[Node]
    edges: Sequence[tuple[int, int, str]]

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Graph:
        """What it was before it travelled as lists."""
        name, start, nodes, edges = row
        return cls(name, start, [Node(*node) for node in nodes], [(*ends, action) for *ends, action in edges])


class Case(NamedTuple):
    """A test: what became of it, and what its process knows. ``place`` is its file and line, for the order."""

    nodeid: str
    place: tuple[str, int]
    outcome: str
    duration: float
    seen: Seen


def _run(row: Sequence[Any]) -> Run:
    run = Run(*row)
    timelines = [_timeline(each) for each in run.timelines]
    return run._replace(steps=[Step(*step) for step in run.steps], timelines=timelines)


def _timeline(row: Sequence[Any]) -> Timeline:
    found = Timeline(*row)
    return found._replace(bars=[Bar(*bar) for bar in found.bars])


def files_of(case: Case) -> Sequence[str]:
    """Of the workflows that a test is about."""
    own = [case.seen.file] if case.seen.file else []
    return list(dict.fromkeys([*own, *(run.file for run in case.seen.runs)]))
