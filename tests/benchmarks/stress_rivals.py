"""The zoo's broken functions to how many runs others need to find what is wrong with them."""

from __future__ import annotations

import _thread
import subprocess
import sys
import tempfile
import textwrap
import types
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

ZOO = Path(__file__).parents[1] / "testkit" / "stress"
_PATIENCE = 20
"""Seconds until a run of pytest counts as hanging, which is found as well."""


def installed(package: str) -> str:
    """Its version; nothing where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def run_parallel(kind: str, runs: int) -> str:
    """Whether pytest-run-parallel fails a test that calls it, in four threads at once."""
    with tempfile.TemporaryDirectory() as folder:
        test = f"""
            import sys
            sys.path.append({str(ZOO)!r})
            from zoo import KINDS
            def test_it():
                KINDS[{kind!r}].broken()
        """
        (Path(folder) / "test_it.py").write_text(textwrap.dedent(test))
        options = ["-q", "-p", "no:cacheprovider", "--parallel-threads=4", f"--iterations={runs // 4}", "test_it.py"]
        command = [sys.executable, "-m", "pytest", *options]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            return "hangs"
    return "-" if done.returncode == 0 else "found"


def frontrun(kind: str, runs: int) -> str:
    """How many executions frontrun's search needs; it wants a process that its own command starts."""
    command = [str(Path(sys.executable).with_name("frontrun")), sys.executable, __file__, kind, str(runs)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return "hangs"
    said = done.stdout.splitlines()
    return said[-1] if said and done.returncode == 0 else "error"


def _frontrun(module: ModuleType, runs: int) -> str:
    import frontrun as library  # noqa: PLC0415  # may not be installed

    result = library.explore(
        setup=lambda: _Halted(module),
        workers=[lambda state, place=place: state.work(place) for place in range(_works(module))],
        invariant=lambda state: state.holds(),
        max_executions=runs,
        reproduce_on_failure=0,
        timeout_per_run=2.0,
        deadlock_timeout=1.0,
    )
    return "-" if result.property_holds else str(result.num_explored)


def _works(module: ModuleType) -> int:
    state = _Halted(module)
    count = len(state.works)
    state.release()
    return count


class _Halted:
    """A broken function, halted where it would start its threads: others run what they would."""

    def __init__(self, module: ModuleType) -> None:
        self._ready, self._go, self._done = (_thread.allocate_lock() for _ in range(3))
        for lock in (self._ready, self._go, self._done):
            lock.acquire()
        self.works: tuple[Any, ...] = ()
        self.failed = False
        _thread.start_new_thread(self._run, (module,))
        self._ready.acquire()

    def work(self, place: int) -> None:
        try:
            self.works[place]()
        except Exception:  # noqa: BLE001  # noted; it would end its thread
            self.failed = True

    def holds(self) -> bool:
        self.release()
        return not self.failed

    def release(self) -> None:
        self._go.release()
        if not self._done.acquire(timeout=1):
            self.failed = True  # it waits for what will never come

    def _run(self, module: ModuleType) -> None:
        try:
            _with_together(module, self._halt)
        except BaseException:  # noqa: BLE001  # as above
            self.failed = True
        if not self.works:
            self._ready.release()
        self._done.release()

    def _halt(self, *works: Any) -> None:
        self.works = works
        self._ready.release()
        self._go.acquire()


def _with_together(module: ModuleType, together: Any) -> None:
    variables = {**vars(module), "together": together}
    for name, value in vars(module).items():
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            variables[name] = types.FunctionType(value.__code__, variables, name, value.__defaults__, value.__closure__)
    variables["broken"]()


if __name__ == "__main__":
    sys.path.append(str(ZOO))
    from zoo import KINDS

    sys.stdout.write(_frontrun(KINDS[sys.argv[1]], int(sys.argv[2])) + "\n")
