"""Known secrets to texts without them, as fast for a hundred thousand secrets as for one.

One pattern of all secrets was tried: compiling it took half a minute for the cookies of a batch of 100,000 items.
So a pattern of their first letters finds where one may begin, and a set says whether one does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final
from urllib.parse import quote

from pflow_engine.trace.names import REDACTED

LEAST: Final = 4
"""Shorter ones are not looked for."""

_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Spotter:
    """Takes secrets out of text: ``anywhere``, or ``alone`` where no letter, digit or ``_`` touches them."""

    starts: re.Pattern[str]
    lengths: Mapping[str, Sequence[int]]
    anywhere: frozenset[str]
    alone: frozenset[str]

    @classmethod
    def of(cls, *, anywhere: Iterable[str], alone: Iterable[str]) -> Spotter | None:
        """Compile them once; None where there are none."""
        parts, words = _all_forms(anywhere), _all_forms(alone)
        lengths: dict[str, set[int]] = {}
        for form in parts | words:
            lengths.setdefault(form[:LEAST], set()).add(len(form))
        # Longest first, so that a secret another one begins with leaves nothing of the longer one.
        longest_first = {start: sorted(found, reverse=True) for start, found in lengths.items()}
        pattern = re.compile(_branches(sorted(lengths)))
        return cls(pattern, longest_first, parts, words) if lengths else None

    def without(self, text: str) -> str:
        """The text with each of them replaced."""
        pieces, kept, at = [], 0, 0
        while found := self.starts.search(text, at):
            start = found.start()
            end = self._end(text, start, found.group())
            if end:
                pieces += [text[kept:start], REDACTED]
                kept = end
            at = end or start + 1
        return "".join([*pieces, text[kept:]]) if pieces else text

    def _end(self, text: str, start: int, letters: str) -> int:
        for length in self.lengths[letters]:
            end = start + length
            piece = text[start:end]
            if piece in self.anywhere or (piece in self.alone and _stands_alone(text, start, end)):
                return end
        return 0


def _stands_alone(text: str, start: int, end: int) -> bool:
    around = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(letter.isalnum() or letter == "_" for letter in around)


def _branches(starts: Collection[str]) -> str:
    # By their first letters, since branches are tried one by one.
    if len(starts) < _FEW:
        return "|".join(map(re.escape, starts))
    alike = groupby(starts, key=itemgetter(0))
    return "|".join(f"{re.escape(first)}(?:{_branches([start[1:] for start in group])})" for first, group in alike)


def _all_forms(secrets: Iterable[str]) -> frozenset[str]:
    return frozenset(form for secret in secrets for form in _forms(secret))


def _forms(secret: str) -> tuple[str, ...]:
    # As it is, inside JSON text or Python's, and in a URL.
    in_url = quote(secret, safe="", errors="replace")
    in_json = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    return secret, *in_json, repr(secret)[1:-1], in_url, in_url.replace("%20", "+")
