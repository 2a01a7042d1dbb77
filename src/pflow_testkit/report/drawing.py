"""A graph and how often its parts were reached to an SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from pflow_testkit.coverage.places import edge_key, node_key
from pflow_testkit.report.layout import Layout, Point, layout
from pflow_testkit.report.markup import count, text
from pflow_testkit.report.model import Graph, Node

Hits = Mapping[str, int]
"""By the keys of places; without one, what was reached is not known."""

BOX: Final = 44.0
_CHARACTER, _PADDING, _LONGEST, _LEAST = 7.6, 28, 28, 110


def drawing(graph: Graph, hits: Hits, anchor: str) -> str:
    """The SVG. A node links to what is said of it, ``anchor`` and its number."""
    actions = defaultdict(list)
    for source, target, action in graph.edges:
        actions[source, target].append(action)
    placed = layout([_width(node) for node in graph.nodes], actions, graph.start, BOX)
    size = f'width="{placed.width:.0f}" height="{placed.height:.0f}"'
    parts = [f'<svg class="graph" {size} viewBox="0 0 {placed.width:.0f} {placed.height:.0f}" role="group">']
    parts += [_arrow(graph, placed, pair, names, hits) for pair, names in actions.items()]
    parts += [_box(graph, index, at, hits, f"{anchor}{index}") for index, at in enumerate(placed.boxes)]
    return "\n".join([*parts, "</svg>"])


def _width(node: Node) -> float:
    return max(_LEAST, max(len(_short(node.id)), len(_below(node))) * _CHARACTER + _PADDING)


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _below(node: Node) -> str:
    return _short(f"{node.type} · batch" if node.batch else node.type)


def _state(hits: Hits, key: str) -> str:
    return "" if key not in hits else "reached" if hits[key] else "missed"


def _box(graph: Graph, index: int, at: Point, hits: Hits, anchor: str) -> str:
    node, width = graph.nodes[index], _width(graph.nodes[index])
    key = node_key(node.id)
    x, y = at[0] - width / 2, at[1] - BOX / 2
    runs = {"reached": f"reached by {count(hits.get(key, 0), 'run')}", "missed": "reached by no test"}
    classes = " ".join(filter(None, ["node", _state(hits, key), "first" if index == graph.start else ""]))
    facts = [f"{node.id} ({node.type})", node.purpose, f"batch {node.batch}" if node.batch else ""]
    facts += [f"runs {node.child}" if node.child else "", runs.get(_state(hits, key), "")]
    behind = f'<rect x="{x + 5:.1f}" y="{y + 5:.1f}" width="{width:.1f}" height="{BOX:.0f}" rx="7"/>'
    return (
        f'<a href="#{anchor}" class="{classes}"><title>{text("; ".join(filter(None, facts)))}</title>'
        f"{behind if node.batch else ''}"
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX:.0f}" rx="7"/>'
        f'<text x="{at[0]:.1f}" y="{at[1] - 3:.1f}" class="id">{text(_short(node.id))}</text>'
        f'<text x="{at[0]:.1f}" y="{at[1] + 13:.1f}" class="type">{text(_below(node))}</text></a>'
    )


def _arrow(graph: Graph, placed: Layout, pair: tuple[int, int], names: list[str], hits: Hits) -> str:
    source, target = (graph.nodes[index].id for index in pair)
    states = [_state(hits, edge_key(source, action, target)) for action in names]
    state = "reached" if "reached" in states else states[0]
    points = placed.arrows[pair]
    path = _aside(points) if pair in placed.back else _curve(points)
    label = ", ".join(names) if names != ["default"] else ""
    said = f'<text class="action" {_label_at(points, back=pair in placed.back)}>{text(_short(label))}</text>'
    title = "; ".join(
        f"{source} -[{action}]-> {target}{': reached by no test' if state == 'missed' else ''}"
        for action, state in zip(names, states, strict=True)
    )
    drawn = f'<path d="{path}" marker-end="url(#head)"/>{said if label else ""}'
    return f'<g class="arrow {state}"><title>{text(title)}</title>{drawn}</g>'


def _curve(points: tuple[Point, ...]) -> str:
    (x, y), (to_x, to_y) = points[0], points[-1]
    stops = [(x, y + BOX / 2), *points[1:-1], (to_x, to_y - BOX / 2)]
    return f"M{stops[0][0]:.1f} {stops[0][1]:.1f} " + " ".join(_pieces(stops))


def _pieces(stops: list[Point]) -> Iterator[str]:
    for (x, y), (to_x, to_y) in pairwise(stops):
        middle = (y + to_y) / 2
        yield f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"


def _aside(points: tuple[Point, ...]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _label_at(points: tuple[Point, ...], *, back: bool) -> str:
    if back:
        (_, top), (x, bottom) = points[1], points[2]
        return f'x="{x:.1f}" y="{(top + bottom) / 2:.1f}"'
    (x, y), (to_x, to_y) = points[0], points[1]
    low = to_y - BOX / 2 if len(points) == 2 else to_y  # noqa: PLR2004  # without a bend
    return f'x="{(x + to_x) / 2:.1f}" y="{(y + BOX / 2 + low) / 2 + 4:.1f}"'
