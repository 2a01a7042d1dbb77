"""An option that asks for a share of something to the share."""

from __future__ import annotations

import pytest


def add_share(group: pytest.OptionGroup, option: str, told: str) -> None:
    """Declare an option that fails a session which reaches less than so many percent."""
    group.addoption(option, type=float, metavar="N", help=told)


def read_share(config: pytest.Config, option: str) -> float | None:
    """Its percentage, checked; None where it was not given.

    Raises:
        pytest.UsageError: a share of over 100 percent.
    """
    under: float | None = config.getoption(option.removeprefix("--").replace("-", "_"))
    if under is not None and not 0 <= under <= 100:  # noqa: PLR2004  # percent
        raise pytest.UsageError(f"{option}: a percentage from 0 to 100, not {under:g}")
    return under
