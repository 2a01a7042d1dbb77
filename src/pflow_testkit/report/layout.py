"""Boxes and arrows between them to places, from the top down.

Sugiyama's way: arrows that lead back are turned aside, each box stands one layer below the lowest that leads to it,
an arrow over several layers bends in each, boxes of a layer are put in order by where their neighbours stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Point = tuple[float, float]
Pair = tuple[int, int]

ROW: Final = 92
"""From the middle of a layer to that of the next one."""
_GAP, _MARGIN, _BEND, _ASIDE = 28.0, 14.0, 10.0, 26.0
_SWEEPS: Final = 6
_MOST_BENDS: Final = 3000
"""With more of them long arrows are drawn straight, over boxes: nobody follows so many by eye."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Middles of the boxes, and by pair the points of an arrow; those in ``back`` lead up, beside the boxes."""

    width: float
    height: float
    boxes: tuple[Point, ...]
    arrows: Mapping[Pair, tuple[Point, ...]]
    back: frozenset[Pair]


def layout(widths: Sequence[float], pairs: Iterable[Pair], start: int, height: float) -> Layout:
    """Places for boxes of these widths and one height; ``pairs`` are arrows, from box to box."""
    pairs = list(dict.fromkeys(pairs))
    back = _back(len(widths), pairs, start)
    down = [pair for pair in pairs if pair not in back]
    layer_of = _layers(len(widths), down)
    chains, layers, above = _bent(layer_of, down)
    wide = [*widths, *([_BEND] * (sum(map(len, layers)) - len(widths)))]
    _order(layers, above)
    xs = _across(layers, above, wide)
    points = {index: (xs[index], _MARGIN + height / 2 + ROW * row) for row, own in enumerate(layers) for index in own}
    right = max(x + wide[index] / 2 for index, (x, _) in points.items())
    arrows = {pair: tuple(points[index] for index in chain) for pair, chain in chains.items()}
    for number, pair in enumerate(sorted(back), 1):
        arrows[pair] = _beside(pair, points, widths, right + number * _ASIDE)
    return Layout(
        right + _MARGIN + len(back) * _ASIDE * 1.2 + (40 if back else 0),
        _MARGIN * 2 + height + ROW * (len(layers) - 1),
        tuple(points[index] for index in range(len(widths))),
        arrows,
        back,
    )


def _back(count: int, pairs: Sequence[Pair], start: int) -> frozenset[Pair]:
    # Those that lead to a box that the walk from the start came through to where they begin.
    following: dict[int, list[int]] = defaultdict(list)
    for source, target in pairs:
        following[source].append(target)
    found: set[Pair] = set()
    seen: set[int] = set()
    open_: set[int] = set()
    for root in (start, *range(count)):
        stack = [] if root in seen else [(root, iter(following[root]))]
        seen.add(root)
        open_.update(box for box, _ in stack)
        while stack:
            box, targets = stack[-1]
            target = next(targets, -1)
            if target < 0:
                open_.discard(stack.pop()[0])
            elif target in open_:
                found.add((box, target))
            elif target not in seen:
                seen.add(target)
                open_.add(target)
                stack.append((target, iter(following[target])))
    return frozenset(found)


def _layers(count: int, down: Sequence[Pair]) -> list[int]:
    # Without the arrows that lead back there is no ring, so each box is ready once all before it are.
    waiting, following = [0] * count, defaultdict(list)
    for source, target in down:
        waiting[target] += 1
        following[source].append(target)
    layer, ready = [0] * count, [box for box in range(count) if not waiting[box]]
    for box in ready:
        for target in following[box]:
            layer[target] = max(layer[target], layer[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return layer


def _bent(
    layer_of: Sequence[int], down: Sequence[Pair]
) -> tuple[dict[Pair, list[int]], list[list[int]], dict[int, list[int]]]:
    # A bend is a box of its own, with a number above those of the boxes.
    layers: list[list[int]] = [[] for _ in range(max(layer_of) + 1)]
    for box, row in enumerate(layer_of):
        layers[row].append(box)
    chains, above, number = {}, defaultdict(list), len(layer_of)
    bends = sum(layer_of[target] - layer_of[source] - 1 for source, target in down) <= _MOST_BENDS
    for source, target in down:
        chain = [source]
        for row in range(layer_of[source] + 1, layer_of[target]) if bends else ():
            layers[row].append(number)
            chain.append(number)
            number += 1
        chain.append(target)
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
        chains[source, target] = chain
    return chains, layers, above


def _turned(above: Mapping[int, list[int]]) -> dict[int, list[int]]:
    below = defaultdict(list)
    for lower, uppers in above.items():
        for upper in uppers:
            below[upper].append(lower)
    return below


def _order(layers: list[list[int]], above: Mapping[int, list[int]]) -> None:
    # In place: each layer is sorted by the mean place of what it hangs on, down and up in turns.
    below = _turned(above)
    for sweep in range(_SWEEPS):
        rows = layers if sweep % 2 == 0 else layers[::-1]
        near = above if sweep % 2 == 0 else below
        place = {index: float(spot) for own in layers for spot, index in enumerate(own)}
        for own in rows:
            wish = {index: _mean([place[other] for other in near.get(index, ())], place[index]) for index in own}
            own.sort(key=wish.__getitem__)
            place.update({index: float(spot) for spot, index in enumerate(own)})


def _across(layers: Sequence[list[int]], above: Mapping[int, list[int]], wide: Sequence[float]) -> dict[int, float]:
    below = _turned(above)
    xs: dict[int, float] = {}
    for own in layers:
        xs.update(_spread(own, dict.fromkeys(own, 0.0), wide))
    for sweep in range(_SWEEPS):
        near = above if sweep % 2 == 0 else below
        for own in layers if sweep % 2 == 0 else layers[::-1]:
            wish = {index: _mean([xs[other] for other in near.get(index, ())], xs[index]) for index in own}
            xs.update(_spread(own, wish, wide))
    left = min(x - wide[index] / 2 for index, x in xs.items())
    return {index: x - left + _MARGIN for index, x in xs.items()}


def _spread(own: Sequence[int], wish: Mapping[int, float], wide: Sequence[float]) -> dict[int, float]:
    # As near to where they would like to be as there is room, and all of them moved by what they missed.
    xs: dict[int, float] = {}
    edge = float("-inf")
    for index in own:
        xs[index] = max(wish[index], edge + wide[index] / 2)
        edge = xs[index] + wide[index] / 2 + _GAP
    off = _mean([wish[index] - x for index, x in xs.items()], 0.0)
    return {index: x + off for index, x in xs.items()}


def _beside(pair: Pair, points: Mapping[int, Point], widths: Sequence[float], lane: float) -> tuple[Point, ...]:
    (from_x, from_y), (to_x, to_y) = points[pair[0]], points[pair[1]]
    from_y, to_y = (from_y + 8, to_y - 8) if pair[0] == pair[1] else (from_y, to_y)
    return (from_x + widths[pair[0]] / 2, from_y), (lane, from_y), (lane, to_y), (to_x + widths[pair[1]] / 2, to_y)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
