from __future__ import annotations

import sys

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.process import Ended, Launch, run_group


class _Remembering(CancelToken):
    """Forgets no callback, as if each had been on its way already when it was taken back."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def on_cancel(self, callback):
        self.kept.append(callback)
        return lambda: None


def test_plain_end():
    """A command that ends by itself was not stopped."""
    command = (sys.executable, "-c", "import sys; print('out'); sys.exit(3)")
    assert Ended(b"out\n", b"", 3) == run_group(Launch(command), 10, CancelToken())


def test_missing_program():
    """A program that does not exist is not started, and that is said."""
    expected = Ended(b"", b"", 126, "cannot start: No such file or directory")
    assert expected == run_group(Launch(("no-such-program",)), 10, CancelToken())


def test_late_cancel():
    """A cancel that comes when all is over touches nothing."""
    token = _Remembering()
    run_group(Launch(("true",)), 10, token)
    assert {None} == {callback() for callback in token.kept}


def test_killed_by_itself():
    """The exit code of a command that a signal ended is the signal's, negative."""
    assert -15 == run_group(Launch(("/bin/sh", "-c", "kill $$")), 10, CancelToken()).exit_code


def test_callback_taken_back():
    """A long run's token does not gather a callback from each command."""
    token = CancelToken()
    run_group(Launch(("true",)), 10, token)
    assert [] == token._callbacks
