"""pytester for the plugin's own tests.

A run of pytester unloads again what was loaded during it, so what every run needs is loaded here: else each
takes a second longer.
"""

import signal

import hypothesis.internal.observability  # noqa: F401  # as above
import pytest

import pflow_testkit.collector
import pflow_testkit.session  # noqa: F401  # as above

pytest_plugins = ["pytester"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts pytest in the background has it ignore Ctrl-C, and all that tests start would do the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _as_at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what build machines and xdist's workers set: pytest tells more there, and syrupy deletes nothing."""
    for name in ("CI", "BUILD_NUMBER", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
