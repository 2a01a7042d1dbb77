"""A function and a schedule to one run of it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pflow_testkit.stress.active import ACTIVE
from pflow_testkit.stress.failure import Abandoned, Failure
from pflow_testkit.stress.oracles import Prints, raised, written_late
from pflow_testkit.stress.patches import Places
from pflow_testkit.stress.schedule import Schedule, Switch
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.scope import Scope
from pflow_testkit.stress.strand import Strand
from pflow_testkit.stress.tracing import Granularity, Observe, Tracer

Check = Callable[[Any], None]
Judge = Callable[[Any], Failure | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all schedules of an exploration have in common.

    ``through`` are exceptions that end it: a skip. ``prepare`` is called once before all, and may find something by
    itself; ``prepare_more`` then, and whenever its verdict is in doubt, with the modules put back before it. ``judge``
    is given each result. ``places`` are patched meanwhile.
    """

    fn: Callable[[], Any]
    granularity: Granularity = "opcode"
    scope: Scope = field(default_factory=Scope)
    check: Check | None = None
    through: tuple[type[BaseException], ...] = ()
    judge: Judge | None = None
    prepare: Callable[[], Failure | None] | None = None
    prepare_more: Callable[[], None] | None = None
    places: Places = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ran:
    """One schedule that was run.

    ``points`` is how often another thread could have gone on, ``counts`` how many each came to, by number.
    """

    failure: Failure | None
    points: int
    steps: int
    handed: int
    switches: tuple[Switch, ...]
    counts: tuple[int, ...]
    warnings: tuple[str, ...] = ()

    @property
    def threads(self) -> int:
        """How many there were."""
        return len(self.counts)


def run_once(setting: Setting, schedule: Schedule, observe: Observe | None = None) -> Ran:
    """Run the function once, as the schedule says.

    Raises:
        KeyboardInterrupt: Ctrl-C, once every thread has ended.
        Exception: what is to be let through.
    """
    one = _Run(setting, schedule, observe)
    ACTIVE.scheduler = one.scheduler
    try:
        one.go()
    finally:
        ACTIVE.scheduler = None
    return one.ran()


class _Run:
    """A schedule being run. Lives no longer than that."""

    def __init__(self, setting: Setting, schedule: Schedule, observe: Observe | None) -> None:
        self.setting, self.observe = setting, observe
        self.scheduler = Scheduler(schedule, setting.scope, hooks=setting.granularity == "hook", strand=self.strand)
        self.failure: Failure | None = None
        self._through: tuple[type[BaseException], ...] = (KeyboardInterrupt, *setting.through)

    def go(self) -> None:
        """The function, then what it left running."""
        result: Any = None
        through: BaseException | None = None
        try:
            result = self._traced(self.scheduler.main, lambda: contextvars.copy_context().run(self.setting.fn))
            returned = True
        except Abandoned:
            returned = False
        except self._through as error:
            returned, through = False, error
            self.scheduler.abandon()
        except BaseException as error:  # noqa: BLE001  # SystemExit too: what ends a thread is a finding
            returned = False
            self._note(self.scheduler.main, error)
        self._finish(result, returned=returned)
        if through is not None:
            raise through
        if self.scheduler.interrupted:
            raise KeyboardInterrupt

    def strand(self, strand: Strand, work: Callable[[], Any]) -> None:
        """In a thread of the function's: its work."""
        try:
            self.scheduler.enter(strand)
            self._traced(strand, work)
        except Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001  # as above
            self._note(strand, error)
        finally:
            self.scheduler.end(strand)

    def _note(self, strand: Strand, error: BaseException) -> None:
        # What is raised while all is unwound tells nothing: locks are let go of that were never got.
        if not self.scheduler.over:
            self.scheduler.failures.append(raised(self.scheduler, strand, error))

    def ran(self) -> Ran:
        """What became of it."""
        scheduler = self.scheduler
        return Ran(
            self.failure,
            scheduler.contested,
            scheduler.steps,
            scheduler.handed,
            tuple(scheduler.switches),
            tuple(strand.count for strand in scheduler.strands),
            tuple(scheduler.warnings),
        )

    def _traced(self, strand: Strand, work: Callable[[], Any]) -> Any:
        tracer = Tracer(self.scheduler, strand, self.setting.granularity, self.observe)
        tracer.start()
        try:
            return work()
        finally:
            tracer.stop()

    def _finish(self, result: Any, *, returned: bool) -> None:
        late = any(strand.state.name != "ENDED" for strand in self.scheduler.strands[1:])
        before = Prints.of({"result": result}) if late and returned else None
        self.scheduler.drain()
        failures = self.scheduler.failures
        if before is not None and not self.scheduler.over:
            failures += written_late(before, Prints.of({"result": result}))
        if not failures and returned and self.setting.judge is not None:
            judged = self.setting.judge(result)
            failures += [judged] if judged is not None else []
        if not failures and returned and self.setting.check is not None:
            failures += self._checked(self.setting.check, result)
        self.failure = failures[0] if failures else None

    def _checked(self, check: Check, result: Any) -> list[Failure]:
        try:
            check(result)
        except self.setting.through:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a check raises is its verdict
            return [raised(self.scheduler, self.scheduler.main, error, kind="check")]
        return []
