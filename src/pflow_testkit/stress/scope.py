"""A frame to whether it is the user's: where a thread may be made to give way, and what a report shows."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

_LIBRARIES: Final = tuple(
    f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_PACKAGES: Final = tuple(f"{Path(__file__).parents[2] / name}{os.sep}" for name in ("pflow_engine", "pflow_testkit"))
_START: Final = "pflow_testkit.stress.running"
_GENERATED: Final = ("<frozen", "<string>", "<attrs", "<__array")


class Scope:
    """The user's code, and what is named in ``include`` beside it: modules, with all that is below them.

    The user's is what lies outside of the standard library, of installed packages, of the engine and of this kit.
    ``entered`` are the modules whose code was asked for and is in it.
    """

    def __init__(self, include: Sequence[str] = ()) -> None:
        self._include = tuple(include)
        self._known: dict[int, tuple[CodeType, bool]] = {}
        self.entered: dict[str, None] = {}

    def wants(self, code: CodeType, variables: dict[str, Any]) -> bool:
        """Whether the code of a frame with these globals is in the scope."""
        # By identity, and held so that it stays: codes of two files may be equal.
        known = self._known.get(id(code))
        if known is None:
            module = str(variables.get("__name__", ""))
            known = self._known[id(code)] = (code, self._decide(code.co_filename, module))
            if known[1]:
                self.entered[module] = None
        return known[1]

    def has(self, module: Any) -> bool:
        """Whether a module is in the scope."""
        return self._decide(getattr(module, "__file__", None) or "<frozen>", getattr(module, "__name__", ""))

    def frames(self, frame: FrameType | None) -> Iterator[FrameType]:
        """The frames of the scope from this one outwards, to where the schedule began."""
        while frame is not None and frame.f_globals.get("__name__") != _START:
            if self.wants(frame.f_code, frame.f_globals):
                yield frame
            frame = frame.f_back

    def _decide(self, file: str, module: str) -> bool:
        if any(module == name or module.startswith(f"{name}.") for name in self._include):
            return True
        return not file.startswith((*_LIBRARIES, *_PACKAGES, *_GENERATED))


def place(frame: FrameType) -> str:
    """File and line of a frame, as seen from the working folder."""
    return f"{shown(frame.f_code.co_filename)}:{frame.f_lineno}"


def shown(file: str) -> str:
    """A file as people name it from where they stand."""
    if not Path(file).is_absolute():
        return file
    below = os.path.relpath(file, _seen_from[-1] if _seen_from else None)
    return file if below.startswith(f"..{os.sep}..{os.sep}..") else below


@contextmanager
def seen_from(folder: str) -> Iterator[None]:
    """Name files as seen from this folder: where people stand, while a case runs in a folder of its own."""
    _seen_from.append(folder)
    try:
        yield
    finally:
        _seen_from.pop()


_seen_from: list[str] = []


def frame_of(ident: int) -> FrameType | None:
    """Where a thread is now."""
    return sys._current_frames().get(ident)  # noqa: SLF001  # the documented way
