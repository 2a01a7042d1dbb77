"""Runs, and what workers of xdist counted, to how often each place of each workflow was reached."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pflow_engine.document.model import Workflow
from pflow_engine.nodes import Registry
from pflow_engine.result import RunResult
from pflow_testkit.coverage.hits import RunSeen, Written, keys_of, runs_in
from pflow_testkit.coverage.places import KINDS, Kind, Place, places_of, with_nested

_MOST_KEPT: Final = 1000
"""Workflows whose templates are kept at hand."""


class Counted(NamedTuple):
    """A place, and how many runs reached it."""

    place: Place
    hits: int


class Share(NamedTuple):
    """So many of so many."""

    covered: int
    total: int

    @property
    def percent(self) -> float | None:
        """Of nothing, None: that is neither all nor none."""
        return 100 * self.covered / self.total if self.total else None

    def __str__(self) -> str:
        return f"{self.covered}/{self.total}"


def share(counted: Iterable[Counted], kind: Kind | None = None) -> Share:
    """How many places of a kind, or of all kinds, were reached."""
    hits = [each.hits for each in counted if kind is None or each.place.kind == kind]
    return Share(sum(hit > 0 for hit in hits), len(hits))


@dataclass(frozen=True)
class Coverage:
    """What was reached. ``files`` maps each workflow, named from where pytest was started, to its places in order.

    ``not_counted`` are files that are no sound workflows, ``lost`` the workers of xdist that ended early.
    """

    files: Mapping[str, tuple[Counted, ...]]
    not_counted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def all(self) -> list[Counted]:
        """Every place of every file."""
        return [counted for places in self.files.values() for counted in places]

    def totals(self) -> dict[str, Share]:
        """For each kind, and ``total``."""
        return {**{kind: share(self.all, kind) for kind in KINDS}, "total": share(self.all)}


class Tally:
    """The hits and places of one process. Only the thread that runs tests writes to it."""

    def __init__(self) -> None:
        self._written: dict[int, Written] = {}
        self._runs: Counter[tuple[str, RunSeen]] = Counter()
        self._hits: Counter[tuple[str, str]] = Counter()
        self._places: dict[str, list[Place]] = {}
        self._not_counted: set[str] = set()
        self._keys: dict[RunSeen, tuple[str, ...]] = {}

    def watch(self, _nodeid: str, result: RunResult) -> None:
        """Count what a run reached."""
        for workflow, trace in runs_in(result.workflow, result.trace):
            # Now, since the test may be in a folder of its own.
            file = os.path.abspath(workflow.document.file)  # noqa: PTH100  # keeps symbolic links as written
            self._runs[file, self._templates_of(workflow).seen(trace)] += 1

    def _templates_of(self, workflow: Workflow) -> Written:
        # The cases of a file share its document; what is kept of a workflow holds it, so the number stays its own.
        key = id(workflow.document)
        written = self._written.get(key)
        if written is None:
            if len(self._written) >= _MOST_KEPT:
                self._written.clear()
            written = self._written[key] = Written(workflow)
        return written

    def add_workflow(self, workflow: Workflow, registry: Registry) -> None:
        """Count on the places of a workflow, and of those that it nests."""
        for each in with_nested(workflow):
            file = os.path.abspath(each.document.file)  # noqa: PTH100  # as above
            if file not in self._places:
                self._places[file] = list(places_of(each, registry))

    def add_unsound(self, file: str) -> None:
        """Note a file that has no places, since something is wrong with it."""
        self._not_counted.add(os.path.abspath(file))  # noqa: PTH100  # as above

    def take_hits(self) -> dict[str, Any]:
        """On a worker of xdist: what the controller is told of the hits since the last time."""
        hits = [[*hit, count] for hit, count in self._reached().items()]
        self._runs.clear()
        self._hits.clear()
        return {"hits": hits}

    def to_send(self) -> dict[str, Any]:
        """The same, with the places that are counted on."""
        return {
            **self.take_hits(),
            "places": {file: [list(place) for place in places] for file, places in self._places.items()},
            "not_counted": sorted(self._not_counted),
        }

    def receive(self, sent: Mapping[str, Any]) -> None:
        """Add what a worker counted."""
        self._hits.update({(file, key): count for file, key, count in sent["hits"]})
        for file, places in sent.get("places", {}).items():
            self._places[file] = [Place(*place) for place in places]
        self._not_counted.update(sent.get("not_counted", ()))

    def result(self) -> Coverage:
        """What was reached, by file."""
        hits = self._reached()
        files = {
            os.path.relpath(file): tuple(Counted(place, hits[file, place.key]) for place in places)
            for file, places in sorted(self._places.items())
        }
        return Coverage(files, tuple(map(os.path.relpath, sorted(self._not_counted - self._places.keys()))))

    def _reached(self) -> Counter[tuple[str, str]]:
        # Seldom and kept, for many runs are the same.
        hits = Counter(self._hits)
        for (file, seen), count in self._runs.items():
            if seen not in self._keys:
                self._keys[seen] = tuple(keys_of(seen))
            for key in self._keys[seen]:
                hits[file, key] += count
        return hits


def missed(counted: Iterable[Counted]) -> Iterator[Place]:
    """The places that no run reached."""
    return (each.place for each in counted if not each.hits)
