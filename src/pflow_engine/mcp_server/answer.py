"""What a tool found out, to what an agent gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pflow_engine.errors import PflowError
from pflow_engine.formatting import problems_as_json, problems_as_text


@dataclass(frozen=True, slots=True)
class Answer:
    """The same thing twice: the texts that the command line prints, and its JSON. ``failed`` is MCP's ``isError``."""

    texts: tuple[str, ...]
    data: dict[str, Any]
    failed: bool = False


def refused(error: PflowError) -> Answer:
    """The answer to a call that has to be mended, or that found a broken workflow."""
    texts, problems = (problems_as_text(error.problems),), problems_as_json(error.problems)
    return Answer(texts, {"problems": problems}, failed=True)
