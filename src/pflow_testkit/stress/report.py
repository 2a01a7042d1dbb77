"""A finding to the text that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.interleaving import Row
from pflow_testkit.stress.schedule import Token


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure, and the schedule with the fewest switches that leads to it.

    ``switches_before`` is how many it had when it was found, ``replayed`` how often it failed again, of
    ``replays``.
    """

    failure: Failure
    token: Token
    found_by: Token
    switches_before: int
    replayed: int
    replays: int
    rows: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def switches(self) -> int:
        """How many it has now."""
        return len(self.token.switches or ())

    def report(self, command: str | None = "") -> str:
        """What happened, line by line, and how to see it again; ``command`` runs the test, None: it is no test's."""
        return "\n".join(_report(self, command))


def _report(finding: Finding, command: str | None) -> Iterator[str]:
    failure = finding.failure
    yield f"{failure.text}     {_measure(finding)}"
    yield from _interleaved(finding.rows)
    raised = "raised at " if failure.kind in ("exception", "check") else ""
    yield from (f"  {raised}{line}" for line in failure.lines)
    yield from (f"  warning: {warning}" for warning in finding.warnings)
    if finding.token.strategy == "threads" or command is None:
        return
    replay = f"--pflow-schedule={finding.token}"
    yield f"  replay: {command} {replay}" if command else f"  replay: {replay}"


def _measure(finding: Finding) -> str:
    seed = f"seed {finding.token.seed}"
    if finding.token.strategy == "threads":
        return f"round {finding.token.number} of plain threads"
    if not finding.switches:
        return f"in order, without a switch · replayed {finding.replayed}/{finding.replays}"
    switches = _counted(finding.switches, "switch", "switches")
    return f"{seed} · {switches} (from {finding.switches_before}) · replayed {finding.replayed}/{finding.replays}"


def _interleaved(rows: Sequence[Row]) -> Iterator[str]:
    labels = max((len(row.label) for row in rows), default=0)
    places = max((len(row.place) for row in rows), default=0)
    sources = max((len(row.source) for row in rows if row.note), default=0)
    for row in rows:
        if row.follows_gap:
            yield "  …"
        note = f"      <- {row.note}" if row.note else ""
        source = row.source.ljust(sources) if note else row.source
        yield f"  {row.label.ljust(labels)}  {row.place.ljust(places)}   {source}{note}".rstrip()


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
