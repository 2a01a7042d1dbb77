"""What a schedule can end in, other than well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "exception",
    "check",
    "deadlock",
    "no end",
    "thread left behind",
    "write after return",
    "parallel != sequential",
    "shared value written",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong. ``lines`` are shown below its ``text``."""

    kind: Kind
    text: str
    error_type: str = ""
    lines: tuple[str, ...] = ()
    cause: BaseException | None = None

    def is_like(self, other: Failure | None) -> bool:
        """Whether both are the same trouble; what it says in detail may differ from schedule to schedule."""
        return other is not None and (self.kind, self.error_type) == (other.kind, other.error_type)


class Abandoned(BaseException):
    """The schedule is over: raised in each of its threads at its next point, to unwind it."""
