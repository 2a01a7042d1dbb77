"""What a tool found out, to what an agent gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pflow_engine.errors import PflowError
from pflow_engine.formatting import problems_as_json, problems_as_text


@dataclass(frozen=True, slots=True)
class Answer:
    """The same thing twice: the text that the command line prints, and its JSON. ``failed`` is MCP's ``isError``."""

    text: str
    data: dict[str, Any]
    failed: bool = False


def refused(error: PflowError) -> Answer:
    """The answer to a call that has to be mended, or that found a broken workflow."""
    return Answer(problems_as_text(error.problems), {"problems": problems_as_json(error.problems)}, failed=True)
