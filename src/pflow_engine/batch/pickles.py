"""Objects to bytes and back, and why one cannot: for what goes to another process, or another machine."""

from __future__ import annotations

import pickle
import traceback
from io import BytesIO
from typing import Any, Final, NamedTuple

_NAMES_A_GLOBAL: Final = pickle.STACK_GLOBAL
_DEEPEST: Final = 20


class Carried(NamedTuple):
    """An exception on its way, with what led to it; ``data`` is None where it cannot be pickled itself."""

    data: bytes | None
    name: str
    text: str
    traced: str
    cause: Carried | None
    context: Carried | None


def to_bytes(value: Any) -> bytes:
    """Pickle a value; what its module does not have under its name (a lambda, ``__main__``) goes by value.

    Plain data takes the fast way. It is known by naming no class: a pickled class of ``__main__`` reads well
    here and not there. The byte asked for may stand in a text too, then the slow way gives the same.

    Raises:
        Exception: whatever the object raises that cannot be pickled.
    """
    import cloudpickle  # noqa: PLC0415  # start-up time, and an extra

    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  # a lambda says AttributeError, a lock TypeError; the slow way has the last word
        data = _NAMES_A_GLOBAL
    if _NAMES_A_GLOBAL not in data:
        return data
    by_value: bytes = cloudpickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return by_value


def from_bytes(data: bytes) -> Any:
    """The value again. Only ever of bytes from the other end of the same run."""
    return pickle.loads(data)  # noqa: S301  # as it says


def references(data: bytes) -> set[tuple[str, str]]:
    """Modules and names that must be there for these bytes to be read; none of plain data."""
    if _NAMES_A_GLOBAL not in data:
        return set()
    reader = _Noting(BytesIO(data))
    reader.load()
    return reader.names


def describe(value: Any) -> str:
    """A value's type with its module, as a user would look for it."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def carry(error: BaseException, *, depth: int = 0) -> Carried:
    """Make an exception fit to travel. A pickled one may forget its traceback and its causes, so they go along."""
    cause, context = error.__cause__, None if error.__suppress_context__ else error.__context__
    further = depth < _DEEPEST
    return Carried(
        _round_trip(error),
        type(error).__name__,
        _text(error),
        "".join(traceback.format_tb(error.__traceback__)),
        carry(cause, depth=depth + 1) if cause is not None and further else None,
        carry(context, depth=depth + 1) if context is not None and further else None,
    )


def arrive(carried: Carried) -> BaseException:
    """The exception again, or one of the same name and text where it cannot be had here."""
    error = _unpacked(carried)
    error.__context__ = arrive(carried.context) if carried.context else None
    if carried.cause is not None or carried.context is None:
        error.__cause__ = arrive(carried.cause) if carried.cause else None
    if carried.traced and error.__traceback__ is None:
        error.add_note(f"Traceback on the worker:\n{carried.traced.rstrip()}")
    return error


class _Noting(pickle.Unpickler):
    """Reads, and notes the names that are looked up."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.names: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str, /) -> Any:
        self.names.add((module, name))
        return super().find_class(module, name)


def _round_trip(error: BaseException) -> bytes | None:
    # Many pickle well and do not unpickle: one whose __init__ takes other arguments than it hands on.
    try:
        data = to_bytes(error)
        same = type(from_bytes(data)) is type(error)
    except Exception:  # noqa: BLE001  # whatever a user's exception does when it is pickled: it cannot be
        return None
    return data if same else None


def _unpacked(carried: Carried) -> BaseException:
    try:
        error: object = None if carried.data is None else from_bytes(carried.data)
    except Exception:  # noqa: BLE001  # its module may not be here; its name and text are
        error = None
    return error if isinstance(error, BaseException) else _stand_in(carried.name, carried.text)


def _stand_in(name: str, text: str) -> BaseException:
    error: Exception = type(name, (Exception,), {"__module__": __name__})(text)
    return error


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # a user's exception, whose own text may fail in any way
        return type(error).__name__
