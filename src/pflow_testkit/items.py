"""What the tests of a workflow file are to pytest, and how they say what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.errors import InvalidWorkflow, PflowError, Problem
from pflow_testkit.cases import Case


class WorkflowItem(pytest.Function):
    """A test of a workflow: a function as far as fixtures and reruns go, its place is in the file."""

    case: Case | None = None

    @property
    def id(self) -> Any:
        """The id as pytest reads it back from its cache: ``run`` with the params ``case``.

        pytest 9.2 builds it from a callspec, which a case is none of; as one name ``run[case]`` it would not
        be equal to what ``--lf`` and ``--nf`` have stored.
        """
        return type(super().id).parse(self.nodeid)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The case in its file, or the workflow."""
        if self.case is not None and self.case.file is not None:
            return Path(self.case.file.file).absolute(), self.case.line, self.name
        return self.path, 0, self.name


def said_by(test: Callable[[], str]) -> str:
    """What a test says, or what is wrong with the files that it is made of; nothing, if it passed."""
    try:
        return test()
    except InvalidWorkflow as error:
        # What is wrong with the workflow is shown by its own item, at length.
        lines = [str(problem).splitlines()[0] for problem in error.problems if problem.severity == "error"]
        return "\n".join(["the workflow is invalid, see its item 'validate':", *lines])
    except PflowError as error:
        return text_of(error.problems)


def text_of(problems: Iterable[Problem]) -> str:
    """Problems as they are shown."""
    return "\n\n".join(map(str, problems))
