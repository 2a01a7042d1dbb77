"""An opcode about to be executed to what it reads or writes that others can see.

By the source of the opcode, since its operands are out of reach: ``self.total`` is looked up in the frame's
variables, as far as that runs no user code. What cannot be told is left out; it is only for the report.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

from pflow_testkit.stress.primitives import AnyLock

_WRITERS: Final = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "put",
        "put_nowait", "remove", "reverse", "set", "setdefault", "sort", "update",
    }
)  # fmt: skip
_READERS: Final = frozenset({"BINARY_SUBSCR", "CALL", "LOAD_ATTR", "LOAD_DEREF", "LOAD_GLOBAL"})
_WHOLE: Final = "*"
_NOTHING: Final = object()
_BUILT_IN: Final = (dict, list, set, bytearray)


class Access(NamedTuple):
    """``text`` as the source has it; ``owner`` and ``part`` tell whether two are of the same thing.

    ``syncs``: it is a lock, a queue or the like, which threads use to wait for each other.
    """

    text: str
    writes: bool
    owner: int
    part: str
    syncs: bool = False

    @property
    def replaces(self) -> bool:
        """Whether it puts something in the place of what was there."""
        return self.writes and self.part != _WHOLE

    def meets(self, other: Access) -> bool:
        """Whether both are of the same thing."""
        return (
            self.owner == other.owner
            and self.syncs == other.syncs
            and (self.part == other.part or _WHOLE in (self.part, other.part))
        )


@dataclass(frozen=True, slots=True)
class _Place:
    opname: str
    name: str
    source: ast.expr | None


def accesses_at(frame: FrameType) -> tuple[Access, ...]:
    """What the next opcode of a frame reads or writes, if that can be told; reading a list reads what is in it too."""
    place = _places(frame.f_code).get(frame.f_lasti)
    access = None if place is None else _access(frame, place)
    if place is None or access is None:
        return ()
    value = _NOTHING if access.writes or place.source is None else _value(place.source, frame)
    seen = (access, *_of_class(frame, place, access))
    if isinstance(value, AnyLock) or type(value).__module__ in ("threading", "queue"):
        return (*seen, Access(access.text, False, id(value), _WHOLE, syncs=True))
    if isinstance(value, _BUILT_IN) or _is_container(value):
        return (*seen, Access(access.text, False, id(value), _WHOLE))
    return seen


def _access(frame: FrameType, place: _Place) -> Access | None:
    writes = place.opname.startswith(("STORE", "DELETE"))
    if not writes and place.opname not in _READERS:
        return None
    if place.opname.endswith("_GLOBAL"):
        return _of_global(frame, place.name, writes=writes)
    if place.opname.endswith("_DEREF"):
        return Access(place.name, writes, id(_scope_of(frame, place.name)), place.name)
    return _of_expression(frame, place.source, writes=writes)


def _of_global(frame: FrameType, name: str, *, writes: bool) -> Access | None:
    if not writes and isinstance(frame.f_globals.get(name, int), FunctionType | ModuleType | type):
        return None
    return Access(name, writes, id(frame.f_globals), name)


def _scope_of(frame: FrameType, name: str) -> Any:
    # Cells are out of reach: two functions share a variable if its value is the same object now.
    return frame.f_locals.get(name)


def _of_expression(frame: FrameType, source: ast.expr | None, *, writes: bool) -> Access | None:
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        owner = _value(source.func.value, frame)
        held = (
            None
            if owner is _NOTHING
            else Access(ast.unparse(source.func.value), source.func.attr in _WRITERS, id(owner), _WHOLE)
        )
        return held if isinstance(owner, _BUILT_IN) or _is_container(owner) else None
    if not isinstance(source, ast.Attribute | ast.Subscript):
        return None
    owner = _value(source.value, frame)
    if owner is _NOTHING:
        return None
    part = source.attr if isinstance(source, ast.Attribute) else _key(source.slice, frame)
    return Access(ast.unparse(source), writes, id(owner), part)


def _of_class(frame: FrameType, place: _Place, access: Access) -> tuple[Access, ...]:
    # What is read from an object may be its class's, where all objects of the class find it.
    source = place.source
    if access.writes or not isinstance(source, ast.Attribute):
        return ()
    owner = _value(source.value, frame)
    kind = owner if isinstance(owner, type) else type(owner)
    if source.attr in getattr(owner, "__dict__", {}):
        return ()
    return tuple(access._replace(owner=id(base)) for base in kind.__mro__ if source.attr in vars(base))[:1]


def _is_container(value: Any) -> bool:
    return type(value).__module__ == "collections"


def _key(index: ast.expr, frame: FrameType) -> str:
    value = _value(index, frame)
    return repr(value) if isinstance(value, str | int | bytes | tuple) else _WHOLE


def _value(source: ast.expr, frame: FrameType) -> Any:
    if isinstance(source, ast.Constant):
        return source.value
    if isinstance(source, ast.Name):
        return frame.f_locals.get(source.id, frame.f_globals.get(source.id, _NOTHING))
    if isinstance(source, ast.Attribute):
        owner = _value(source.value, frame)
        return _NOTHING if owner is _NOTHING else _attribute(owner, source.attr)
    if isinstance(source, ast.Subscript):
        owner, key = _value(source.value, frame), _value(source.slice, frame)
        return owner[key] if type(owner) is dict and isinstance(key, str | int) and key in owner else _NOTHING
    return _NOTHING


def _attribute(owner: Any, name: str) -> Any:
    value = inspect.getattr_static(owner, name, _NOTHING)
    return _NOTHING if hasattr(type(value), "__get__") and not inspect.isfunction(value) else value


@lru_cache(maxsize=256)
def _source_of(file: str) -> tuple[str, ...]:
    return tuple(linecache.getlines(file))


_known: dict[int, tuple[CodeType, dict[int, _Place]]] = {}


def _places(code: CodeType) -> dict[int, _Place]:
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = (code, _find_places(code))
    return known[1]


def _find_places(code: CodeType) -> dict[int, _Place]:
    import dis  # noqa: PLC0415  # only for a report

    lines = _source_of(code.co_filename)
    return {
        step.offset: _Place(step.opname, str(step.argval), _expression(lines, step.positions))
        for step in dis.get_instructions(code)
    }


def _expression(lines: tuple[str, ...], at: Any) -> ast.expr | None:
    # Columns count bytes.
    if at is None or at.lineno is None or at.lineno != at.end_lineno or at.lineno > len(lines):
        return None
    text = lines[at.lineno - 1].encode()[at.col_offset : at.end_col_offset].decode(errors="replace")
    try:
        statement = ast.parse(text.strip()).body[0]
    except (SyntaxError, IndexError):
        return None
    if isinstance(statement, ast.AugAssign):
        return statement.target  # the opcode that stores has the position of the whole statement
    return statement.value if isinstance(statement, ast.Expr) else None
