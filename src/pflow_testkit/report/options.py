"""The command line to the file of the page. Loaded in every pytest run, hence light."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ENDINGS = (".html", ".htm")


def add_report_options(parser: pytest.Parser) -> None:
    """Declare the option; its help is what ``pytest --help`` prints."""
    parser.getgroup("pflow", "pflow workflows (pflow-testkit)").addoption(
        "--pflow-report",
        metavar="FILE.html",
        help="write one page to look at, which needs nothing from elsewhere: each workflow's graph with what the tests "
        "reach, the cases with what they say, and for each batch when which worker had which item",
    )


def read_report_options(config: pytest.Config) -> Path | None:
    """Where the page goes, checked; None where none is wanted.

    Raises:
        pytest.UsageError: that is no page, is a folder, or is in one that is not there or may not be written.
    """
    given: str | None = config.getoption("pflow_report")
    if given is None:
        return None
    path: Path = config.invocation_params.dir / given
    wrong = _wrong(path, given)
    if wrong:
        raise pytest.UsageError(f"--pflow-report={given}: {wrong}")
    return path


def _wrong(path: Path, given: str) -> str:
    if not given.endswith(_ENDINGS):
        return f"a page is named FILE.html; write --pflow-report={given or 'report'}.html"
    if path.is_dir():
        return "this is a folder; name a file in it"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; make it first"
    return "" if os.access(path.parent, os.W_OK) else f"the folder {path.parent} may not be written"
