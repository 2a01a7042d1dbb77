"""The verdicts of a session to its report: the score, and what no case noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from pflow_testkit.mutation.items import VERDICT, Told
from pflow_testkit.options.mutation import MutationOptions

_NOTICED = ("killed", "timed out")
_LOST = ("survived", "untested")
_WORDS = {
    "killed": (".", {"green": True}),
    "timed out": ("t", {"green": True}),
    "the same": ("=", {"green": True}),
    "survived": ("s", {"yellow": True}),
    "untested": ("u", {"yellow": True}),
}
"""How the outcome of a mutant that did not fail is shown: a letter, and a colour."""


class MutationSession:
    """A plugin of one session under ``--pflow-mutate``."""

    def __init__(self, options: MutationOptions) -> None:
        self._options = options
        self._told: list[Told] = []

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show what became of a mutant in place of 'passed'."""
        told = _told(report)
        if told is None or report.failed:
            return None
        letter, markup = _WORDS[told.outcome]
        return told.outcome, letter, (told.outcome.upper(), markup)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note it."""
        told = _told(report)
        if told is not None:
            self._told.append(told)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A session whose cases notice too little fails."""
        if (
            self._is_short()
            and session.exitstatus == pytest.ExitCode.OK
            and not hasattr(session.config, "workeroutput")
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if terminalreporter.config.option.collectonly:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("pflow mutants", sep="-")
        for line in self._lines():
            terminalreporter.write_line(line)
        if self._is_short():
            under = f"--pflow-mutate-fail-under={self._options.fail_under:g}"
            said = f"{int(self._score())}% noticed, which is less than {under}"
            terminalreporter.write_line(said, red=True, bold=True)

    def _lines(self) -> Iterator[str]:
        if not self._told:
            yield "no mutant was run: nothing was selected, or there is nothing to change"
            return
        counts = Counter(told.outcome for told in self._told)
        noticed, judged = self._noticed()
        words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        mutants = f"{len(self._told)} mutant{'s' * (len(self._told) != 1)}"
        lost = sorted((told for told in self._told if told.outcome in _LOST), key=_place)
        known = [told for told in lost if told.reason]
        more = f", {len(known)} explained" if known else ""
        yield f"{mutants}: {words}; {noticed} of {judged} noticed ({int(self._score())}%){more}"
        for told in (each for each in lost if not each.reason):
            yield ""
            yield f"{told.file}:{told.line}  {told.name}"
            yield f"  - {told.was}"
            yield f"  + {told.now}"
            yield from (f"  {line}" for line in told.by.splitlines())
        if known:
            yield from ("", f"explained in case files ({len(known)}):")
            yield from (f"  {told.file}:{told.line}  {told.name}: {told.reason}" for told in known)
        stale = sorted((told for told in self._told if told.reason and told.outcome in _NOTICED), key=_place)
        if stale:
            yield from ("", "explained in case files, but noticed now (take the explanation out):")
            yield from (f"  {told.file}:{told.line}  {told.name}" for told in stale)

    def _noticed(self) -> tuple[int, int]:
        # What somebody explained is nobody's to notice.
        noticed = sum(told.outcome in _NOTICED for told in self._told)
        return noticed, noticed + sum(told.outcome in _LOST and not told.reason for told in self._told)

    def _score(self) -> float:
        noticed, judged = self._noticed()
        return 100 * noticed / judged if judged else 100.0

    def _is_short(self) -> bool:
        return self._options.fail_under is not None and self._score() < self._options.fail_under


def _told(report: Any) -> Told | None:
    if getattr(report, "when", "") != "call":
        return None
    return next((Told.of(str(value)) for name, value in report.user_properties if name == VERDICT), None)


def _place(told: Told) -> tuple[str, int, str]:
    return told.file, told.line, told.name
