"""The text of a cassette to recorded calls, and back.

A call is known by its node, its item and its resolved params: by what it is, never by when it came, so that a parallel
batch replays whoever is first. Where the very same call was made more than once, its place in the batch and its attempt
tell which.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from pflow_engine.batch import error_text
from pflow_engine.document.load import locate, parse, read_text
from pflow_engine.document.model import Document
from pflow_engine.errors import InvalidWorkflow, PflowError, Problem, Unhealable
from pflow_engine.trace import revive, write_text
from pflow_engine.validation.structure import build_validator, schema_problems
from pflow_testkit.normalise import canonical_text, sorted_maps
from pflow_testkit.storage import of_kept_file

VERSION: Final = 1


class InvalidCassette(PflowError):
    """A cassette that cannot be read or written."""


class RecordedError(Exception):
    """What a recorded call raised whose type is none of Python's own."""


class Raised(NamedTuple):
    """An exception as it is kept."""

    type: str
    message: str
    heals: bool = True

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """Keep the name of its type, and what it says."""
        return cls(type(error).__name__, error_text(error), not isinstance(error, Unhealable))

    def again(self) -> BaseException:
        """An exception of a type with the same name that says the same."""
        if not self.heals:
            return _named(self.type, Unhealable)(Problem("recorded", self.message))
        known = getattr(builtins, self.type, None)
        if isinstance(known, type) and issubclass(known, Exception):
            try:
                return known(self.message)
            except TypeError:
                return _named(self.type, RecordedError)(self.message)  # UnicodeDecodeError wants more than a text
        return _named(self.type, RecordedError)(self.message)


@dataclass(frozen=True, slots=True)
class Recording:
    """One call as it is kept. ``outputs`` and ``llm_calls`` are revivable JSON; with ``raised`` there are none.

    ``node`` is the node's path; ``within`` are the indexes of the items whose workflows it is in, the outermost first.
    """

    node: str
    key: str
    attempt: int
    params: Mapping[str, Any]
    index: int | None = None
    item: Any = None
    outputs: Mapping[str, Any] | None = None
    action: str | None = None
    llm_calls: tuple[Any, ...] = ()
    raised: Raised | None = None
    within: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recording:
        """As the schema says."""
        raised = Raised(**data["raised"]) if "raised" in data else None
        several = {name: tuple(data.get(name, ())) for name in ("llm_calls", "within")}
        return cls(**{**data, **several, "raised": raised})

    def to_dict(self) -> dict[str, Any]:
        """As the schema says, without what is empty."""
        data: dict[str, Any] = {"node": self.node, "key": self.key}
        data |= {"within": list(self.within)} if self.within else {}
        if self.index is not None:
            data |= {"index": self.index, "item": sorted_maps(self.item)}
        data |= {"attempt": self.attempt, "params": sorted_maps(self.params)}
        if self.raised is not None:
            heals = {} if self.raised.heals else {"heals": False}
            return {**data, "raised": {"type": self.raised.type, "message": self.raised.message, **heals}}
        data["outputs"] = sorted_maps(self.outputs)
        data |= {"action": self.action} if self.action is not None else {}
        return data | ({"llm_calls": sorted_maps(list(self.llm_calls))} if self.llm_calls else {})

    @property
    def place(self) -> tuple[str, tuple[int, ...], int, str, int]:
        """What recordings are sorted by: it does not depend on who was first."""
        return self.node, self.within, -1 if self.index is None else self.index, self.key, self.attempt


def _named(name: str, base: type[BaseException]) -> Callable[..., BaseException]:
    # Of the same name as what was raised: the errors of a batch tell it.
    kind: Callable[..., BaseException] = type(name, (base,), {})
    return kind


def key_of(params: Any, item: Any) -> str:
    """The key of a call: of strict JSON without secrets."""
    text = json.dumps([params, item], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_recordings(path: Path, shown_as: str) -> list[Recording]:
    """The calls in a cassette.

    Raises:
        InvalidCassette: unreadable, not JSON, or no cassette; every problem with its place.
    """
    try:
        text = read_text(path)
        data = parse(text, "json", shown_as)
    except InvalidWorkflow as error:
        raise InvalidCassette([of_kept_file(problem, "cassette") for problem in error.problems]) from None
    document = Document(shown_as, "json", text, data, (), lambda text: locate(text, "json"))
    problems = list(schema_problems(_validator(), data, document.problem))
    problems = problems or list(_not_revived(document))
    if problems:
        raise InvalidCassette(problems)
    return [Recording.from_dict(call) for call in data["calls"]]


def _not_revived(document: Document) -> Iterator[Problem]:
    for index, call in enumerate(document.ir["calls"]):
        for part in ("outputs", "llm_calls"):
            try:
                revive(call.get(part))
            except Exception as error:  # noqa: BLE001  # what was written by hand may fail in any way
                message = f"this is no value that was recorded: {error}"
                hint = "write plain JSON, or record the call anew"
                yield document.problem("cassette", message, ("calls", index, part), hint=hint)


def write_recordings(path: Path, recordings: Iterable[Recording]) -> None:
    """Write a cassette, whole or not at all.

    Raises:
        InvalidCassette: the file cannot be written.
    """
    calls = [each.to_dict() for each in sorted(recordings, key=lambda each: each.place)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, canonical_text({"version": VERSION, "calls": calls}))
    except OSError as error:
        message = f"the cassette cannot be written: {error.strerror or error}"
        raise InvalidCassette(Problem("cassette", message, hint="make its folder writable", file=str(path))) from None


def cassette_schema() -> dict[str, Any]:
    """The published JSON Schema of cassettes."""
    text = resources.files("pflow_testkit").joinpath("cassette.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Any:
    return build_validator(cassette_schema())
