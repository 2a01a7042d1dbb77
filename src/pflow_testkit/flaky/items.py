"""A case to its item ``flaky[…]``: run again in order, then under schedules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.document.model import Document
from pflow_engine.nodes import Registry
from pflow_testkit.cases import Case
from pflow_testkit.flaky.judge import Prepare, Repeated
from pflow_testkit.runner import Ran, Setting
from pflow_testkit.snapshots.seen import Seen
from pflow_testkit.stress_items import stress_case


def flaky_case(  # noqa: PLR0913  # what a case is run with
    document: Document,
    case: Case,
    registry: Registry,
    request: pytest.FixtureRequest,
    folder: Path,
    setting: Setting,
    prepare: Prepare,
    times: int,
) -> str:
    """What is wrong with it, or "". A difference between schedules fails with the report of stress.

    Raises:
        InvalidWorkflow, InvalidCase, InvalidInput: as when it is run once.
        pytest.fail.Exception: a schedule broke it.
    """
    __tracebackhide__ = True

    def see(ran: Ran) -> dict[str, Any]:
        return Seen.of(ran.result, request.node).canonical()

    said = Repeated(document, case, prepare, see, folder / "flaky").report(times)
    if said:
        return said
    stressed = replace(case, stress={"schedules": times, "granularity": "hook"})
    stress_case(document, stressed, registry, request, folder / "stressed", setting)
    return ""
