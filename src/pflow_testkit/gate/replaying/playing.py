"""A case and a version of its workflow to what comes out: nothing is reached, nothing recorded, and it ends in time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pflow_engine.clock import CancelToken
from pflow_engine.document.model import Document, Workflow
from pflow_engine.errors import PflowError
from pflow_engine.result import RunResult
from pflow_engine.trace import Redactor, environment_secrets, named_secrets
from pflow_testkit.cases import Case
from pflow_testkit.cassettes import Cassette
from pflow_testkit.hooks import UserHooks, hooks_for
from pflow_testkit.nested import files_below
from pflow_testkit.registry import registry_for
from pflow_testkit.runner import Ready, Setting, clock_of, prepare_case, reaches_out
from pflow_testkit.sandbox import hidden_from, own_places
from pflow_testkit.snapshots.seen import Seen
from pflow_testkit.stubs import stubs_of_folder

_ABOVE = "<project>"


class Unplayable(Exception):
    """A case that cannot be run on a version of its workflow, and why, in words that may be shown."""


class KeptOut(NamedTuple):
    """A node that was not run, since it reaches out, by its path; and the words for it."""

    node: str
    why: str


@dataclass(frozen=True)
class Version:
    """One version of a workflow: its document, and the files whose conftest.py count."""

    document: Document
    files: tuple[Path, ...]

    @classmethod
    def at_hand(cls, workflow: Workflow, path: Path) -> Version:
        """As it is."""
        return cls(workflow.document, (path, *files_below(workflow.document)))

    @classmethod
    def of_base(cls, document: Document, path: Path, top: Path, now: Path) -> Version:
        """As it was, below ``top``: the conftest.py files are those of today, below ``now``."""
        below = [now / file.relative_to(top) for file in files_below(document) if file.is_relative_to(top)]
        return cls(document, (path, *below))


@dataclass(frozen=True)
class Came:
    """What came out of a case, and which nodes were kept from running."""

    result: RunResult
    hooks: UserHooks
    places: Mapping[str, str]
    kept_out: tuple[KeptOut, ...] = ()

    def canonical(self, trace: Mapping[str, Any]) -> dict[str, Any]:
        """Its trace, in whose words ever, without what differs from run to run."""
        return Seen(self.hooks, self.places, trace, workflow=self.result.workflow).canonical()


@dataclass(frozen=True)
class Player:
    """Runs cases for a test, each for so many ``seconds``.

    The same stands in what is compared for each of ``tops``, the folders of the project as it was and is.
    """

    request: pytest.FixtureRequest
    seconds: float
    tops: tuple[Path, ...] = ()

    def ready(self, version: Version, case: Case, cassette: Path, folder: Path) -> Ready:
        """A case with stubs, faults and a cassette, of which it only replays.

        Raises:
            PflowError: they do not fit, or a file of them has errors.
        """
        config = self.request.config
        kept = Cassette(cassette, "none", os.path.relpath(cassette))
        setting = Setting(hooks_for(config, *version.files), kept, clock_of(self.request), hidden_from(config))
        registry = registry_for(config, *version.files)
        return prepare_case(version.document, case, registry, folder, self._fixture, setting)

    def with_stubs_of_hooks(self, version: Version, case: Case) -> Case:
        """A case with the stubs that hooks have for nodes of a version.

        Raises:
            Unplayable: a hook raised, or cannot be called.
        """
        with in_words(case):
            config = self.request.config
            hooks, registry = hooks_for(config, *version.files), registry_for(config, *version.files)
            return replace(case, stubs=stubs_of_folder(case.stubs, hooks, version.document, registry))

    def came(self, version: Version, case: Case, cassette: Path, folder: Path) -> Came:
        """Run it in a folder of its own.

        Raises:
            Unplayable: its inputs, stubs or faults do not fit, a fixture is gone, or it does not end.
        """
        cancel = CancelToken()
        timer = threading.Timer(self.seconds, cancel.cancel)
        timer.daemon = True
        with in_words(case):
            ready = self.ready(version, replace(case, live=False, expect={}, snapshot=()), cassette, folder)
            timer.start()
            try:
                result = ready.run(folder, cancel=cancel)
            finally:
                timer.cancel()
            if cancel.cancelled:
                raise Unplayable(f"it was stopped after {self.seconds:g} s")
            kept_out = tuple(_kept_out(ready, result))
        places = {**{str(top): _ABOVE for top in self.tops}, **own_places(folder)}
        return Came(result, ready.setting.hooks, places, kept_out)

    def _fixture(self, name: str) -> Any:
        try:
            return self.request.getfixturevalue(name)
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
            # Those of today need not suit a case of then; where they are broken, tests that use them say so.
            said = f"the fixture '{name}' gives nothing: {type(error).__name__}"
            raise Unplayable(said) from error


@contextmanager
def in_words(case: Case) -> Iterator[None]:
    """What is wrong with the files of a case, without the secrets that it gives, is why it cannot be run.

    Raises:
        Unplayable: something is.
    """
    try:
        yield
    except PflowError as error:
        # Nothing ran, so that of secrets only those are known that the case gives.
        redact = Redactor.of([*environment_secrets(), *named_secrets([dict(case.inputs), dict(case.env)])])
        wrong = [problem for problem in error.problems if problem.severity == "error"]
        first, *others = [str(redact(problem.message)) for problem in wrong]
        more = f" (and {len(others)} more)" if others else ""
        raise Unplayable(f"{first}{more}") from error


def _kept_out(ready: Ready, result: RunResult) -> Iterator[KeptOut]:
    for spec in ready.log.blocked:
        yield KeptOut(spec.path, reaches_out(spec))
    for miss in ready.tape.finish(result.trace.redactor()) if ready.tape else ():
        near = f" ({miss.near[0]})" if miss.near else ""
        yield KeptOut(miss.node_id, f"{miss.message}{near}")
