"""Two lists to which element of one is which of the other. Takes n log n steps, whatever is in them."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

Keys = Sequence[Hashable]
"""What elements are told apart by; None is unknown, and no reason to call an element moved."""

_Match = tuple[int, int]


class Pair(NamedTuple):
    """Where an element stood in the old list and where it stands in the new; None where it does not."""

    old: int | None
    new: int | None
    moved: bool = False


class _Gap(NamedTuple):
    old: range
    new: range


_Find = Callable[[Keys, Keys, _Gap], list[_Match]]


def key_of(value: Any) -> str:
    """A text that two values share if and only if they are the same JSON: 1, 1.0 and true are not."""
    try:
        return _ENCODER.encode(value)
    except (RecursionError, TypeError, ValueError):
        return _spelled(value)


def same(old: Any, new: Any) -> bool:
    """Whether two values are the same JSON."""
    return old is new or key_of(old) == key_of(new)


def aligned(old: Keys, new: Keys, fine: tuple[Keys, Keys] | None = None) -> list[Pair]:
    """Every element of both lists once, in the order of the new one; what is gone stands where it was.

    Equal keys belong together: in order, or else as moved. Of elements that share a key, those with the same
    ``fine`` key do first. What is left between two matches is paired by position.
    """
    rounds: tuple[tuple[Keys, Keys, _Find], ...]
    rounds = ((old, new, _only_ones), (*(fine or (old, new)), _in_order), (old, new, _in_order))
    matches: list[_Match] = []
    for keys, others, find in rounds:
        gaps = _gaps(matches, len(old), len(new))
        matches = sorted([*matches, *(match for gap in gaps for match in find(keys, others, gap))])
    return list(_pairs(matches, old, new))


def rising(pairs: Sequence[_Match]) -> list[_Match]:
    """The most of the pairs, which are in order of the first, that are in order of the second as well."""
    lasts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, second) in enumerate(pairs):
        length = bisect_left(lasts, second)
        lasts[length : length + 1] = [second]
        ends[length : length + 1] = [index]
        before.append(ends[length - 1] if length else -1)
    return _followed_back(pairs, before, ends[-1] if ends else -1)


def _followed_back(pairs: Sequence[_Match], before: list[int], last: int) -> list[_Match]:
    found: list[_Match] = []
    while last >= 0:
        found.append(pairs[last])
        last = before[last]
    return found[::-1]


def _gaps(matches: list[_Match], olds: int, news: int) -> Iterator[_Gap]:
    i = j = 0
    for old, new in [*matches, (olds, news)]:
        yield _Gap(range(i, old), range(j, new))
        i, j = old + 1, new + 1


def _only_ones(old: Keys, new: Keys, gap: _Gap) -> list[_Match]:
    # Patience: what is there once on either side says best where the rest belongs.
    once, others = _once(old, gap.old), _once(new, gap.new)
    return rising([(index, others[key]) for key, index in once.items() if key in others])


def _once(keys: Keys, part: range) -> dict[Hashable, int]:
    counts = Counter(keys[index] for index in part)
    return {keys[index]: index for index in part if counts[keys[index]] == 1 and keys[index] is not None}


def _in_order(old: Keys, new: Keys, gap: _Gap) -> list[_Match]:
    # Equal ones stand in for each other, so the first is taken for the first, the second for the second.
    start = _equal(old, new, zip(gap.old, gap.new, strict=False))
    left = _Gap(gap.old[len(start) :], gap.new[len(start) :])
    end = _equal(old, new, zip(reversed(left.old), reversed(left.new), strict=False))
    middle = _Gap(left.old[: len(left.old) - len(end)], left.new[: len(left.new) - len(end)])
    if not middle.old or not middle.new:
        return [*start, *end]
    others = {name: index for index, name in _numbered(new, middle.new)}
    both = [(index, others[name]) for index, name in _numbered(old, middle.old) if name in others]
    return [*start, *rising(both), *end]


def _equal(old: Keys, new: Keys, places: Iterator[_Match]) -> list[_Match]:
    found: list[_Match] = []
    for i, j in places:
        if old[i] != new[j]:
            break
        found.append((i, j))
    return found


def _numbered(keys: Keys, part: range) -> Iterator[tuple[int, tuple[Hashable, int]]]:
    seen: Counter[Hashable] = Counter()
    for index in part:
        yield index, (keys[index], seen[keys[index]])
        seen[keys[index]] += 1


def _pairs(matches: list[_Match], old: Keys, new: Keys) -> Iterator[Pair]:
    gaps = list(_gaps(matches, len(old), len(new)))
    come_from = _moves(gaps, old, new)
    gone_to = set(come_from.values())
    for gap, match in zip(gaps, [*matches, None], strict=True):
        stay = deque(index for index in gap.old if index not in gone_to)
        for index in gap.new:
            if index in come_from:
                yield Pair(come_from[index], index, moved=True)
            else:
                yield Pair(stay.popleft() if stay else None, index)
        yield from (Pair(index, None) for index in stay)
        if match is not None:
            yield Pair(*match)


def _moves(gaps: list[_Gap], old: Keys, new: Keys) -> dict[int, int]:
    left: dict[Hashable, deque[int]] = defaultdict(deque)
    for index in (index for gap in gaps for index in gap.old if old[index] is not None):
        left[old[index]].append(index)
    arrived = (index for gap in gaps for index in gap.new)
    return {index: left[new[index]].popleft() for index in arrived if left.get(new[index])}


def _spelled(value: Any) -> str:
    # Nested deeper than recursion goes, as only a file edited by hand is.
    words: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            words.append(f"map {len(item)}")
            stack += [part for key in sorted(item, key=repr) for part in (item[key], key)]
        elif isinstance(item, list):
            words.append(f"list {len(item)}")
            stack += item
        else:
            words.append(repr(item))
    return "\n".join(words)


_ENCODER = json.JSONEncoder(sort_keys=True)
