"""A function and options to what comes of trying its schedules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pflow_testkit.stress.explorer import SCHEDULES, Exploration, Explorer, Plan, Progress
from pflow_testkit.stress.hammer import hammer
from pflow_testkit.stress.running import Check, Setting
from pflow_testkit.stress.schedule import DEPTH, StrategyName, Token
from pflow_testkit.stress.scope import Scope
from pflow_testkit.stress.tracing import Granularity


def explore(  # noqa: PLR0913  # each has its default
    fn: Callable[[], Any],
    *,
    schedules: int = SCHEDULES,
    strategy: StrategyName = "pct",
    depth: int = DEPTH,
    seed: int = 0,
    granularity: Granularity = "opcode",
    budget: float | None = None,
    check: Check | None = None,
    include: Sequence[str] = (),
    replay: str | None = None,
    on_progress: Progress | None = None,
) -> Exploration:
    """Call ``fn`` again and again, each time with its threads interleaved in another way, until one breaks it.

    ``fn`` makes what its threads share, starts them (``threading.Thread``, executors) and waits for them. An
    exception in any of them, a deadlock, a thread left behind, a result that is written to after it was returned
    or a ``check(result)`` that raises is a finding. ``budget`` in seconds.

    Raises:
        ValueError: ``replay`` is no token.
    """
    plan = Plan(schedules, strategy, depth, seed, budget, Token.parse(replay) if replay else None)
    setting = Setting(fn, granularity, Scope(include), check)
    return explored(setting, plan, on_progress)


def explored(setting: Setting, plan: Plan, on_progress: Progress | None = None) -> Exploration:
    """What comes of a plan, whichever way it has the threads run."""
    if plan.strategy == "threads":
        return hammer(setting, plan, on_progress)
    return Explorer(setting, plan, on_progress).run()
