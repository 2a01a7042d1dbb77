"""What goes wrong, as records; and the one exception that carries them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning"]

_UNSHOWABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would move a terminal's cursor, turn its writing direction, or not encode."""

_MANY: Final = 100
"""Names a typo is compared with: each comparison takes some 10 µs."""

_TELLING: Final = 3
"""Letters that a longer name must start with to be the one that was meant."""

_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file. Line and column count from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and the likely fix.

    ``path`` is the place in the workflow (``nodes[2].batch.items``), ``file`` and ``position`` the place
    in the text, ``source`` that line of it, ``within`` the words of the value it is about. Of a very long
    line, ``source`` is the part around ``caret``, the column in ``source``. A problem of a dict has no position.
    """

    code: str
    message: str
    path: str = ""
    hint: str = ""
    severity: Severity = "error"
    file: str = ""
    position: Position | None = None
    source: str = ""
    caret: int = 0
    within: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}{self.severity}: {self.message} [{self.code}]", *self._excerpt()]
        if self.path:
            lines.append(f"  at {self.path}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return showable("\n".join(lines))

    @property
    def place(self) -> str:
        """``file:line:column: ``, as much of it as is known."""
        if not self.file:
            return ""
        if self.position is None:
            return f"{self.file}: "
        return f"{self.file}:{self.position.line}:{self.position.column}: "

    def _excerpt(self) -> list[str]:
        if self.position is None or not self.source:
            return []
        text = _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", self.source)
        number = str(self.position.line)
        pad = "".join(map(_blank, text[: (self.caret or self.position.column) - 1]))
        return [f"  {number} | {text}", f"  {' ' * len(number)} | {pad}^"]


class PflowError(Exception):
    """Root of all errors a user can cause.

    ``problems`` has every problem that was found, never just the first; the message is made of them.
    """

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def __reduce__(self) -> tuple[type[PflowError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)

    @property
    def summary(self) -> str:
        """What is wrong, in one line, without the places."""
        return "; ".join(problem.message for problem in self.problems)

    @property
    def code(self) -> str:
        """The code of the first problem that is an error."""
        return next((problem.code for problem in self.problems if problem.severity == "error"), "")


class InvalidWorkflow(PflowError):
    """A file that cannot be loaded or validated: mend the file."""


class InvalidInput(PflowError):
    """A value given at run time that the workflow does not take: mend the call."""


class Unhealable(PflowError):
    """A node that cannot succeed however often it is tried (unresolved template, wrong type): never retried."""


class NodeFailed(PflowError):
    """A node that failed. ``node_id`` and, in a batch, ``index`` say which; ``__cause__`` says why."""

    def __init__(self, problems: Iterable[Problem] | Problem, *, node_id: str = "", index: int | None = None) -> None:
        super().__init__(problems)
        self.node_id = node_id
        self.index = index

    def __reduce__(self) -> tuple[type[PflowError], tuple[tuple[Problem, ...]], dict[str, object]]:  # type: ignore[override]  # state after args, as pickle allows
        return type(self), (self.problems,), {"node_id": self.node_id, "index": self.index}


def showable(text: str) -> str:
    """Text for any terminal: what would move its cursor, turn its direction or not encode is spelled out."""
    return _UNSHOWABLE.sub(lambda found: ascii(found.group())[1:-1], text)


def nearest(name: str, known: Iterable[str], *, count: int = 1) -> list[str]:
    """The known names closest to ``name``, best first; none when nothing is close."""
    wanted = _folded(name)
    candidates = list(known)
    if len(candidates) > _MANY:
        starts = ("-", "_") if wanted[:1] == "-" else (wanted[:1], wanted[:1].upper())
        candidates = [candidate for candidate in candidates if candidate.startswith(starts)][:_MANY]
    folded = {_folded(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(wanted[:_MANY], folded, n=count, cutoff=0.6)
    if not found and len(wanted) >= _TELLING:
        found = [key for key in folded if key.startswith(wanted)][:count]
    return [folded[key] for key in found]


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "known: ") -> str:
    """The hint for a name that does not exist: the nearest one, and what there is."""
    names = sorted(known)
    close = nearest(name, names)
    shown = ", ".join(names[:_MOST_SHOWN]) + (f" and {len(names) - _MOST_SHOWN} more" * (len(names) > _MOST_SHOWN))
    there = f"{otherwise}{shown}" if names else ""
    return " ".join(part for part in (f"did you mean '{close[0]}'?" if close else "", there) if part)


def _blank(char: str) -> str:
    # As wide as the character above it, so that the caret stands under its column.
    if char == "\t":
        return char
    if unicodedata.combining(char):
        return ""
    return "  " if unicodedata.east_asian_width(char) in "WF" else " "
