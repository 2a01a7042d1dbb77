"""A workflow to its section of the page: the graph, what was reached of it and what not, its tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pflow_testkit.coverage.places import KINDS, node_key
from pflow_testkit.coverage.report import percent
from pflow_testkit.coverage.tally import Counted, Share, missed, share
from pflow_testkit.report.cases import case
from pflow_testkit.report.drawing import drawing
from pflow_testkit.report.markup import count, text
from pflow_testkit.report.model import Case, Graph, Node

_KINDS: Final = {"node": "nodes", "edge": "edges", "template": "templates", "batch": "batches", "error": "errors"}


@dataclass(frozen=True)
class Section:
    """A workflow. ``graph`` is None of one that is not sound; ``anchors`` are where those of other files are."""

    file: str
    graph: Graph | None
    places: Sequence[Counted]
    cases: Sequence[Case]
    anchors: Mapping[str, str]

    @property
    def anchor(self) -> str:
        """Where it is on the page."""
        return self.anchors[self.file]

    def lines(self) -> Iterator[str]:
        """Its markup."""
        graph = self.graph
        name = f" <small>{text(graph.name)}</small>" if graph and graph.name and graph.name != self.file else ""
        yield f'<section class="workflow" id="{self.anchor}" data-name="{text(self.file)}">'
        yield f"<h2>{text(self.file)}{name}</h2>"
        if graph is None:
            yield "<p>This is no sound workflow, so there is no graph of it: see what <b>validate</b> says.</p>"
        else:
            yield from self._drawn(graph)
        if graph and not any(run.file == self.file for each in self.cases for run in each.seen.runs):
            reached = any(each.hits for each in self.places)
            yield f"<p>No test runs it{', but workflows that nest it' if reached else ''}.</p>"
        for each in self.cases:
            yield from case(each, self.file)
        yield "</section>"

    def _drawn(self, graph: Graph) -> Iterator[str]:
        hits = {each.place.key: each.hits for each in self.places}
        yield '<div class="drawn"><div class="wide" tabindex="0" role="region" aria-label="the graph">'
        yield drawing(graph, hits, f"{self.anchor}n")
        yield '</div><div class="facts"><ul class="kinds">'
        yield from _coverage(self.places)
        yield '</ul><dl class="nodes">'
        for index, node in enumerate(graph.nodes):
            yield from self._node(index, node, hits.get(node_key(node.id)))
        yield "</dl>"
        yield from _missed(self.places)
        yield "</div></div>"

    def _node(self, index: int, node: Node, runs: int | None) -> Iterator[str]:
        state = "" if runs is None else "reached" if runs else "missed"
        said = {"": "", "missed": "reached by no test"}.get(state, count(runs or 0, "run"))
        facts = [node.type, f"line {node.line}", f"batch {node.batch}" if node.batch else "", said]
        child = self.anchors.get(node.child)
        link = f'; runs <a href="#{child}">{text(node.child)}</a>' if child else ""
        purpose = f"<br>{text(node.purpose)}" if node.purpose else ""
        yield f'<dt id="{self.anchor}n{index}" class="{state}" tabindex="-1">{text(node.id)}</dt>'
        yield f"<dd>{text(', '.join(filter(None, facts)))}{link}{purpose}</dd>"


def meter(part: Share) -> str:
    """A bar as long as the share, and the percentage."""
    if not part.total:
        return "-"
    return f'<span class="meter" style="--part:{part.percent or 0:.1f}%"></span> {percent(part)}'


def _coverage(places: Sequence[Counted]) -> Iterator[str]:
    for kind in KINDS:
        part = share(places, kind)
        if part.total:
            yield f"<li>{_KINDS[kind]} {meter(part)} <small>{part}</small></li>"


def _missed(places: Sequence[Counted]) -> Iterator[str]:
    lost = sorted(missed(places), key=lambda place: place.line)
    if lost:
        yield f'<details class="missed" open><summary>reached by no test: {count(len(lost), "place")}</summary><ul>'
        yield from (f"<li>line {place.line}: {place.kind} <code>{text(place.text)}</code></li>" for place in lost)
        yield "</ul></details>"
