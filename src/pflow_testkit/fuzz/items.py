"""A workflow file to the test that fuzzes it, and a case that is to be sound to what it came to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

from pflow_engine.document.model import Document
from pflow_engine.validation import validate
from pflow_testkit.cases import Case, case_file_of
from pflow_testkit.fuzz.examples import NAME, Subject, given_to, pasted
from pflow_testkit.fuzz.laws import Broken, Watch, broken_laws
from pflow_testkit.hooks import hooks_for
from pflow_testkit.items import WorkflowItem, said_by
from pflow_testkit.nested import files_below, nodes_in
from pflow_testkit.options.fuzz import FuzzOptions
from pflow_testkit.registry import registry_for, registry_for_cases
from pflow_testkit.runner import Ran, Ready, Setting, prepare_case
from pflow_testkit.sandbox import hidden_from
from pflow_testkit.secrecy import redactor_of
from pflow_testkit.stress.scope import seen_from
from pflow_testkit.stubs import stubs_of_folder

_EXAMPLES: Final = 50
_WITH_PROCESSES: Final = 15
"""Examples of a workflow that starts processes, each of which takes as long as a hundred of another."""
_OWN_PROFILES: Final = ("default", "ci")
"""Those of hypothesis, which it loads by itself."""
_OWN_EXAMPLES: Final = 100
"""What they say of the number of examples: nobody chose that."""


Prepare = Callable[[Watch], Ready]


class LawBroken(Exception):
    """An example that breaks a law. One subclass for each trouble, so that hypothesis tells them apart."""

    def __init__(self, broken: Broken, case: Case) -> None:
        super().__init__(broken.text)
        self.broken = broken
        self.case = case


@dataclass(frozen=True)
class Fuzzing:
    """A workflow that is being fuzzed, and what a test brings to each of its runs."""

    subject: Subject
    options: FuzzOptions
    prepare: Callable[[Case, Watch], Ready]
    file: str
    redact: Callable[[Any], Any]

    def hold(self, case: Case, folder: Path) -> None:
        """Run one example.

        Raises:
            LawBroken: it breaks a law; the first that it breaks.
        """
        ready, broken = self._ran(case, folder)
        if broken:
            raise _breaking(broken[0].key)(broken[0], replace(case, faults=_met(ready)))

    def report(self, errors: Iterable[LawBroken], folder: Path) -> str:
        """What is shown of the examples: what they break, and the case to paste for each."""
        return "\n\n".join(self._told(error, folder, number) for number, error in enumerate(errors, start=1))

    def _told(self, error: LawBroken, folder: Path, number: int) -> str:
        case = replace(error.case, name=NAME if number == 1 else f"{NAME} {number}")
        _, again = self._ran(case, folder, shrink=True)
        text = next((broken.text for broken in again if broken.key == error.broken.key), error.broken.text)
        pasteable = pasted(case, self.subject.cases, self.redact)
        return f"{self.redact(text)}\nthe case that shows it, for {self.file}:\n{pasteable}"

    def _ran(self, case: Case, folder: Path, *, shrink: bool = False) -> tuple[Ready, list[Broken]]:
        watch = Watch(self.options.allow)
        ready = self.prepare(case, watch)
        return ready, broken_laws(ready, watch, folder, schedules=self.options.schedules, shrink=shrink)


class FuzzItem(WorkflowItem):
    """The item ``fuzz``: a test of hypothesis, so that its options, profiles and statistics hold for it."""

    document: Document
    cases: tuple[Case, ...]
    options: FuzzOptions

    @classmethod
    def of(
        cls, parent: pytest.Collector, document: Document, cases: tuple[Case, ...], options: FuzzOptions
    ) -> FuzzItem:
        """The item of a workflow, with the cases that say how it is run."""
        item: FuzzItem = cls.from_parent(parent, name="fuzz", callobj=_nothing)
        item.document, item.cases, item.options = document, cases, options
        item.obj = item._law(lambda _case: None)
        return item

    def runtest(self) -> None:
        """Try the examples, those first that failed the last time; say what is wrong with the simplest."""
        said = said_by(self._tried)
        if said:
            pytest.fail(said, pytrace=False)

    def _tried(self) -> str:
        folder: Path = self._request.getfixturevalue("tmp_path")
        fuzzing = self._fuzzing(folder)
        self.obj = self._settings(fuzzing)(self._law(partial(fuzzing.hold, folder=folder), fuzzing.subject.examples()))
        try:
            super().runtest()
        except LawBroken as error:
            return fuzzing.report([error], folder)
        except FlakyFailure as flaky:
            found = [error for error in flaky.exceptions if isinstance(error, LawBroken)]
            if not found:
                raise
            return f"this came up once, and not again with the same inputs:\n{fuzzing.report(found[:1], folder)}"
        except ExceptionGroup as group:
            several = [error for error in group.exceptions if isinstance(error, LawBroken)]
            if len(several) < len(group.exceptions):
                raise
            return fuzzing.report(several, folder)
        return ""

    def _law(self, hold: Callable[[Case], None], examples: st.SearchStrategy[Case] | None = None) -> Any:
        @given(case=st.nothing() if examples is None else examples)
        def law(case: Case) -> None:
            hold(case)

        # Hypothesis knows a test by its source, which is the same for all workflows: their examples would mix.
        inner: Any = law
        inner.hypothesis.inner_test._hypothesis_internal_add_digest = self.nodeid.encode()  # noqa: SLF001  # as its own plugin does for parametrized tests
        return law

    def _settings(self, fuzzing: Fuzzing) -> settings:
        few = _WITH_PROCESSES if fuzzing.subject.starts_processes else _EXAMPLES
        profile = settings()
        default = profile.max_examples if self._has_profile() else few
        return settings(
            max_examples=self.options.max_examples or default,
            deadline=None,
            phases=[phase for phase in profile.phases if phase is not Phase.explain],
            suppress_health_check=[HealthCheck.too_slow, *profile.suppress_health_check],
            print_blob=False,
        )

    def _has_profile(self) -> bool:
        # One of hypothesis' own names may be on the command line, or somebody's profile have it. With the verbosity on
        # the command line the name has more behind it.
        name = settings.get_current_profile_name().partition("-with-")[0]
        named = self.config.getoption("--hypothesis-profile", default=None) is not None
        return named or name not in _OWN_PROFILES or settings().max_examples != _OWN_EXAMPLES

    def _fuzzing(self, folder: Path) -> Fuzzing:
        hooks = hooks_for(self.config, self.path)
        setting = Setting(hooks, hidden=hidden_from(self.config))

        def prepare(case: Case, watch: Watch) -> Ready:
            registry = registry_for(self.config, self.path, *files_below(self.document))
            registry.plug(watch)
            return prepare_case(self.document, case, registry, folder, self._request.getfixturevalue, setting)

        registry = registry_for_cases(self.config, self.path, self.document, self.cases)
        of_folder = stubs_of_folder({}, hooks, self.document, registry)
        subject = Subject(validate(self.document, registry), registry, self.cases, of_folder, self.options.faults)
        nested = [placed.workflow.document.ir for placed in nodes_in(subject.workflow)]
        given = [*of_folder.values(), *(each for case in self.cases for each in given_to(case))]
        redactor = redactor_of(self.document.ir, *nested, given=given)

        def redact(value: Any) -> Any:
            return hooks.redact(redactor(value))

        return Fuzzing(subject, self.options, prepare, os.path.relpath(case_file_of(self.path)), redact)


def sound_case(case: Case, first: Prepare, again: Prepare, folder: Path) -> Ran:
    """Run a case that expects ``sound``, and add the laws that it breaks to what is wrong with it.

    ``first`` makes it ready for the run that may record calls, ``again`` for those that replay them.

    Raises:
        InvalidWorkflow, InvalidCase: as when it is run without.
    """
    options = FuzzOptions.of(case.file.ir.get("fuzz") if case.file is not None else None)
    watch = Watch(options.allow)
    with seen_from(os.getcwd()):  # noqa: PTH109  # text, no path
        ran = first(watch).ran(folder)
    broken = _broken(again(watch), watch, folder, options) if ran.complete else []
    at = ("expect", "sound")
    told = [each.text.partition("\n") for each in broken]
    unsound = [case.problem("unsound", first, at, hint=more and f"this is how:\n{more}") for first, _, more in told]
    return replace(ran, problems=(*ran.problems, *unsound))


def _broken(ready: Ready, watch: Watch, folder: Path, options: FuzzOptions) -> list[Broken]:
    return broken_laws(ready, watch, folder, schedules=options.schedules, shrink=True)


def _nothing() -> None:
    """What stands in the item until it is known which it is."""


@cache
def _breaking(key: str) -> type[LawBroken]:
    return type(f"LawBroken: {key}", (LawBroken,), {})


def _met(ready: Ready) -> list[Any]:
    # A fault that does nothing is not shown: a case would fail for it.
    return [fault.written() for fault in ready.faults.met]
