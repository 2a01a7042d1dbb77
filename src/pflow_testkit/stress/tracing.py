"""A thread to its points: the opcodes, or lines, of code in the scope before which another may go on.

Only opcodes that can see or be seen by other threads count: those that read or write attributes, subscripts,
globals and cells, that call, iterate or test membership. A switch before any other opcode comes to the same as
one before the next of these, so leaving them out loses nothing and makes each schedule reach three times as far.

A tracer that is there already (coverage, a debugger) is called as well, and is put back where it takes our place.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, Literal

from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.strand import Strand

Granularity = Literal["opcode", "line", "hook"]
Trace = Callable[[FrameType, str, Any], Any]
Observe = Callable[[Scheduler, Strand, FrameType], None]

_VISIBLE: Final = frozenset(
    {
        "BINARY_SLICE", "BINARY_SUBSCR", "CALL", "CALL_FUNCTION_EX", "CALL_KW", "CONTAINS_OP", "DELETE_ATTR",
        "DELETE_DEREF", "DELETE_GLOBAL", "DELETE_SUBSCR", "DICT_MERGE", "DICT_UPDATE", "FOR_ITER", "LIST_EXTEND",
        "LOAD_ATTR", "LOAD_CLASSDEREF", "LOAD_DEREF", "LOAD_FROM_DICT_OR_DEREF", "SET_UPDATE", "STORE_ATTR",
        "STORE_DEREF", "STORE_GLOBAL", "STORE_SLICE", "STORE_SUBSCR",
    }
)  # fmt: skip
_FIRST_IN_PLACE: Final = 13
"""The first operator of BINARY_OP that changes its left side: a list may be shared, ``a += [b]`` writes to it."""
_QUIET: Final = (FunctionType, BuiltinFunctionType, ModuleType, type)
"""What a global is that is read but hardly ever bound anew."""

_LOADER_FRAMES: Final = 3
"""Frames between the body of a module and the import system: those of pytest's own loader, at most."""

_points: dict[int, tuple[CodeType, frozenset[int], dict[int, str]]] = {}


def points_of(code: CodeType) -> tuple[frozenset[int], dict[int, str]]:
    """Offsets of opcodes that others can see, and of reads of globals with their names."""
    known = _points.get(id(code))
    if known is None:
        known = _points[id(code)] = (code, *_find_points(code))
    return known[1], known[2]


def _find_points(code: CodeType) -> tuple[frozenset[int], dict[int, str]]:
    offsets, reads = set(), {}
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            reads[step.offset] = step.argval
        elif step.opname in _VISIBLE or (step.opname == "BINARY_OP" and (step.arg or 0) >= _FIRST_IN_PLACE):
            offsets.add(step.offset)
    return frozenset(offsets), reads


class Tracer:
    """Traces one thread. ``observe`` is told of each point, and of each line, once it is about to be executed."""

    def __init__(
        self, scheduler: Scheduler, strand: Strand, granularity: Granularity, observe: Observe | None = None
    ) -> None:
        self._scheduler, self._strand, self._granularity = scheduler, strand, granularity
        self._observe = observe
        self._locals: dict[int, Trace | None] = {}
        self._before: Any = None
        self._importing = False
        self._ours: Trace = _nothing

    def start(self) -> None:
        """From here on, trace what this thread calls."""
        self._before = sys.gettrace()
        if self._granularity != "hook" or self._observe is not None:
            self._ours = self._caller()
            sys.settrace(self._chained if self._before is not None else self._ours)

    def stop(self) -> None:
        """Trace as before."""
        sys.settrace(self._before)

    def _caller(self) -> Trace:
        # Called for each call of a Python function anywhere, most of them not in the scope.
        known, unknown = self._locals, object()
        opcodes = self._granularity == "opcode" or self._observe is not None
        lines = self._granularity == "line"

        def call(frame: FrameType, _event: str, _arg: Any) -> Trace | None:
            code = frame.f_code
            local: Any = known.get(id(code), unknown)
            if local is None or self._importing:
                return None
            if local is unknown:
                local = known[id(code)] = self._local(code, frame.f_globals)
            if local is not None:
                if code.co_name == "<module>" and _is_import(frame):
                    return self._imported(frame)
                frame.f_trace_opcodes = opcodes
                frame.f_trace_lines = lines
            return local  # type: ignore[no-any-return]  # one of ours

        return call

    def _imported(self, frame: FrameType) -> Trace:
        # An import holds a lock of the interpreter's, so it is one step.
        self._importing = True
        frame.f_trace_lines = False

        def local(_frame: FrameType, event: str, _arg: Any) -> Trace:
            if event == "return":
                self._importing = False
            return local

        return local

    def _chained(self, frame: FrameType, event: str, arg: Any) -> Trace | None:
        theirs = self._before(frame, event, arg) if self._before is not None else None
        if sys.gettrace() != self._chained:
            self._before = sys.gettrace()
            sys.settrace(self._chained)
        ours = self._ours(frame, event, arg)
        if ours is None or theirs is None:
            return ours or theirs
        frame.f_trace_lines = True
        return _both(ours, theirs)

    def _local(self, code: CodeType, variables: dict[str, Any]) -> Trace | None:
        scheduler, me = self._scheduler, self._strand
        if not scheduler.scope.wants(code, variables):
            return None
        if self._observe is not None:
            return self._observed(code)
        return _by_opcode(scheduler, me, code) if self._granularity == "opcode" else _by_line(scheduler, me)

    def _observed(self, code: CodeType) -> Trace:
        scheduler, me, observe = self._scheduler, self._strand, self._observe
        assert observe is not None
        points: Trace = _nothing
        if self._granularity == "opcode":
            points = _by_opcode(scheduler, me, code)
        elif self._granularity == "line":
            points = _by_line(scheduler, me)

        def local(frame: FrameType, event: str, arg: Any) -> Trace:
            points(frame, event, arg)
            if event == "opcode":
                observe(scheduler, me, frame)
            return local

        return local


def _by_opcode(scheduler: Scheduler, me: Strand, code: CodeType) -> Trace:
    # The hottest lines there are: everything they need is a local.
    offsets, reads = points_of(code)

    def local(frame: FrameType, event: str, _arg: Any) -> Trace:
        if event == "opcode":
            offset = frame.f_lasti
            if offset in offsets or (offset in reads and _is_noisy(frame, reads[offset])):
                scheduler.steps = steps = scheduler.steps + 1
                if steps >= scheduler.due or scheduler.running is not me:
                    scheduler.pause(me)
        return local

    return local


def _by_line(scheduler: Scheduler, me: Strand) -> Trace:
    def local(_frame: FrameType, event: str, _arg: Any) -> Trace:
        if event == "line":
            scheduler.steps = steps = scheduler.steps + 1
            if steps >= scheduler.due or scheduler.running is not me:
                scheduler.pause(me)
        return local

    return local


def _is_import(frame: FrameType) -> bool:
    # Not what exec runs, which is named alike: a node's own code.
    caller: FrameType | None = frame
    for _ in range(_LOADER_FRAMES):
        caller = caller.f_back if caller is not None else None
        if caller is not None and caller.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


def _nothing(_frame: FrameType, _event: str, _arg: Any) -> None:
    """Points are the hooks' alone."""


def _is_noisy(frame: FrameType, name: str) -> bool:
    variables = frame.f_globals
    return name in variables and not isinstance(variables[name], _QUIET)


def _both(ours: Trace, theirs: Trace) -> Trace:
    def local(frame: FrameType, event: str, arg: Any) -> Trace:
        nonlocal theirs
        if event != "opcode":
            theirs = theirs(frame, event, arg) or _nothing
        ours(frame, event, arg)
        return local

    return local
