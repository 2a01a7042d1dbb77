"""The pytest hooks, a line or two each.

Every pytest run of everyone who has this installed loads this module: nothing heavy is imported until a
workflow is collected or the fixture is asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pflow_testkit.options import KEY, add_arguments, add_options, read_options

if TYPE_CHECKING:
    from pflow_testkit.session import Pflow


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--pflow-workflows`` and its kin."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; opt in to the folders."""
    config.addinivalue_line(
        "markers", "pflow_workflow(path): the workflow that pflow.run() runs in this test, as seen from its folder."
    )
    config.stash[KEY] = read_options(config)
    if config.stash[KEY].folders:
        add_arguments(config, config.stash[KEY])


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which folders are opted in."""
    folders = [os.path.relpath(folder) for folder in config.stash[KEY].folders]
    return [f"pflow workflows: {', '.join(folders)}"] if folders else []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claim workflow files in opted-in folders."""
    if not parent.config.stash[KEY].claims(file_path):
        return None
    from pflow_testkit.collector import collect_file  # noqa: PLC0415  # for start-up time

    return collect_file(file_path, parent)


@pytest.fixture
def pflow(request: pytest.FixtureRequest) -> Pflow:
    """Run pflow workflows: pflow.run(path_or_ir, inputs, stubs=…), pflow.stub(node, …), pflow.calls(node)."""
    from pflow_testkit.session import Pflow  # noqa: PLC0415  # for start-up time

    return Pflow(request)
