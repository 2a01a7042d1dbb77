"""What a file says (Document) and what a valid one means (Workflow). All frozen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, Literal

from pflow_engine.document.positions import Path, Room, path_text, problem_at
from pflow_engine.document.spans import Span, Spans
from pflow_engine.errors import Problem, Severity

Form = Literal["json", "yaml", "markdown", "data"]

NO_FILES = ("<ir>", "<json>", "<yaml>", "<markdown>")
"""What stands in place of the file's name of data and of text that were at hand."""


@dataclass(frozen=True)
class Document:
    """A parsed file: its normalised IR, and the text to point into.

    ``prefix`` is where the IR stands in the file: ``("ir",)`` in a wrapped one. ``locate`` turns the text
    into spans; it runs at the first problem, so that a sound file never pays for it. ``instead`` are documents at
    hand, by absolute path, that stand for files which this one nests, or which those nest in turn. Where a
    ``room`` is given and has none left, a problem is not made in full.
    """

    file: str
    form: Form
    text: str
    ir: Mapping[str, Any]
    prefix: Path = ()
    locate: Callable[[str], Spans] | None = None
    instead: Mapping[FilePath, Document] = field(default_factory=dict)
    room: Room | None = None

    @property
    def folder(self) -> FilePath:
        """What the paths in it are relative to: its own folder; the current one, where it is no file."""
        return FilePath() if self.file in NO_FILES else FilePath(self.file).parent

    def problem(  # noqa: PLR0913  # a problem has that many sides, all but two optional
        self,
        code: str,
        message: str,
        path: Path,
        *,
        hint: str | Callable[[], str] = "",
        key: bool = False,
        within: str = "",
        severity: Severity = "error",
    ) -> Problem:
        """A problem at a path of the IR; ``key`` points at the key, ``within`` at that text in the value.

        A ``hint`` that takes time to find is given as who finds it.
        """
        if self.room is not None and not self.room.left[severity]:
            return Problem(code, message, severity=severity)  # nobody will see it
        hint = hint if isinstance(hint, str) else hint()
        span = self.span(path, key=key)
        if span is None:
            return Problem(code, message, path_text(path), hint, severity, self.file)
        problem = problem_at(self.text, self.file, self._offset(within, span), code, message, path=path, hint=hint)
        return replace(problem, severity=severity)

    def span(self, path: Path, *, key: bool = False) -> Span | None:
        """Where a path of the IR stands in the text; the closest place above it that is written there."""
        spans = self._spans
        if spans is None:
            return None
        written = (*self.prefix, *self._as_written(path, spans))
        # A wrapped file may have its name and description outside of the IR.
        found = spans.nearest(path if spans.value(written) is None and spans.value(path) else written, key=key)
        return found or Span(0, 0)  # a YAML file of comments has no value that stands anywhere

    def _as_written(self, path: Path, spans: Spans) -> Path:
        # Only a node's own ``params`` was renamed; an http node has a parameter of that name.
        renamed = (*path[:2], "parameters")
        if path[:1] == ("nodes",) and path[2:3] == ("params",) and spans.value((*self.prefix, *renamed)):
            return (*renamed, *path[3:])
        return path

    def _offset(self, within: str, span: Span) -> int:
        # Words of a value stand escaped in JSON; of a block over several lines the first is looked for.
        for words in (within, json.dumps(within)[1:-1], json.dumps(within, ensure_ascii=False)[1:-1], _line(within)):
            found = self.text.find(words, span.start, span.end) if words else -1
            if found >= 0:
                return found
        return span.start

    @cached_property
    def _spans(self) -> Spans | None:
        return self.locate(self.text) if self.locate else None


def _line(text: str) -> str:
    return text.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """The batch block of a node. ``retry_wait`` and ``timeout`` are seconds, ``timeout`` of one attempt."""

    items: str | list[Any]
    alias: str = "item"
    error_handling: Literal["fail_fast", "continue"] = "fail_fast"
    parallel: bool = False
    max_concurrent: int = 10
    max_retries: int = 1
    retry_wait: float = 0
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class NodeIR:
    """One node as written."""

    id: str
    type: str
    purpose: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    batch: BatchConfig | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, taken when the first returns ``action``."""

    source: str
    target: str
    action: str = "default"


@dataclass(frozen=True, slots=True)
class InputDeclaration:
    """A declared input. Without ``has_default`` the default means nothing (None is a value).

    ``stdin``: at a command line it takes what is piped in.
    """

    type: str = "any"
    required: bool = True
    default: Any = None
    has_default: bool = False
    description: str = ""
    stdin: bool = False


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    """A declared output; ``source`` is a template, or empty for "the last node's output of this name"."""

    type: str = "any"
    source: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that has been validated; only ``validate`` makes one. ``warnings`` did not stop it.

    ``children`` are the workflows that its nodes run, by node id; those named by a template are not among them.
    """

    document: Document
    nodes: tuple[NodeIR, ...]
    edges: tuple[Edge, ...]
    start: str
    inputs: Mapping[str, InputDeclaration]
    outputs: Mapping[str, OutputDeclaration]
    namespacing: bool = True
    permissive: bool = False
    name: str = ""
    warnings: tuple[Problem, ...] = ()
    children: Mapping[str, Workflow] = field(default_factory=dict)

    def node(self, node_id: str) -> NodeIR:
        """The node with that id."""
        return next(node for node in self.nodes if node.id == node_id)

    def index_of(self, node_id: str) -> int:
        """The node's place in the document."""
        return next(index for index, node in enumerate(self.nodes) if node.id == node_id)

    def node_path(self, node_id: str) -> Path:
        """Where the node stands in the IR."""
        return ("nodes", self.index_of(node_id))
