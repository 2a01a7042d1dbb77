"""The command line to the file of the page."""

from __future__ import annotations

import pytest

from pflow_testkit.options.files import OutputFile, output_file, refuse_wrong

_ENDINGS = (".html", ".htm")


def add_report_options(parser: pytest.Parser) -> None:
    """Declare the option; its help is what ``pytest --help`` prints."""
    parser.getgroup("pflow", "pflow workflows (pflow-testkit)").addoption(
        "--pflow-report",
        metavar="FILE.html",
        help="write one page to look at, which needs nothing from elsewhere: each workflow's graph with what the tests "
        "reach, the cases with what they say, and for each batch when which worker had which item",
    )


def read_report_options(config: pytest.Config) -> OutputFile | None:
    """Where the page goes, checked; None where none is wanted.

    Raises:
        pytest.UsageError: that is no page, or cannot be written.
    """
    given: str | None = config.getoption("pflow_report")
    if given is None:
        return None
    option = f"--pflow-report={given}"
    if given and not given.endswith(_ENDINGS):
        raise pytest.UsageError(f"{option}: a page is named FILE.html; write {option}.html")
    file = output_file(config, option, given)
    refuse_wrong([file])
    return file
