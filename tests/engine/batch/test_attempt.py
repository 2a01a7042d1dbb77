"""One item to its outcome."""

import pytest

from pflow_engine import CancelToken, PflowError, Problem, Unhealable
from pflow_engine.batch import ItemEvent, Job, error_text
from pflow_engine.batch.attempt import ItemInterrupted, run_item


@pytest.fixture
def attempt(clock):
    """``attempt(work, **job)``: the outcome of item 0; ``work(number)`` is one attempt."""

    def run(work, **job):
        return run_item(Job(1, lambda _index, number: work(number), clock, CancelToken(), **job), 0)

    return run


def _heals_at(number, failure):
    def work(attempt):
        return ({"attempt": attempt}, None) if attempt >= number else failure()

    return work


def _raises(error):
    def fail(_number=0):
        raise error

    return fail


FAILURES = {
    "raised": _raises(ValueError("no")),
    "returned": lambda _number=0: ({"error": "no"}, None),
    "action": lambda _number=0: ({}, "error"),
}
each_failure = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


def test_first_time(attempt):
    """An item that succeeds is tried once."""
    outcome = attempt(lambda number: ({"attempt": number}, "next"), max_retries=5)
    assert ("completed", 1, {"attempt": 1}, None) == outcome[1:5]


@each_failure
def test_heals(attempt, failure):
    """An item is tried again whichever way it failed, until it succeeds."""
    outcome = attempt(_heals_at(3, failure), max_retries=5)
    assert ("completed", 3, {"attempt": 3}) == outcome[1:4]


@each_failure
def test_attempts_counted(attempt, failure):
    """max_retries counts all attempts."""
    tried = []
    outcome = attempt(lambda number: (tried.append(number), failure())[1], max_retries=3)
    assert ([1, 2, 3], "failed", 3) == (tried, outcome.status, outcome.attempts)


def test_raised_error(attempt):
    """A raised failure is its text and type, without outputs."""
    outcome = attempt(FAILURES["raised"])
    assert (None, "no", "ValueError") == (outcome.outputs, outcome.error, outcome.error_type)


def test_returned_error(attempt):
    """A returned failure keeps the outputs."""
    outcome = attempt(FAILURES["returned"])
    assert ({"error": "no"}, "no", "error") == (outcome.outputs, outcome.error, outcome.error_type)


def test_action_error(attempt):
    """The action error without a text says so."""
    assert attempt(FAILURES["action"]).error == "the node returned the action 'error'"


@pytest.mark.parametrize("error", ["", None, 0, False, []])
def test_falsy_error(attempt, error):
    """A falsy error in the outputs is none."""
    assert attempt(lambda _: ({"error": error}, None)).status == "completed"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 5}, '{"code": 5}'),
        (["é"], '["é"]'),
        ([object()], '["<object>"]'),
        (7, "7"),
        ({("a",): 1}, "the node returned an error of type dict"),
    ],
)
def test_structured_error(attempt, error, expected):
    """An error that is no text is told as JSON, or by its type."""
    assert attempt(lambda _: ({"error": error}, None)).error == expected


def test_error_without_truth(attempt):
    """An error value that cannot even be asked for its truth is a failure, not the end of the batch."""

    class Odd:
        def __bool__(self):
            raise TypeError("no truth")

    assert ("failed", "no truth") == attempt(lambda _: ({"error": Odd()}, None))[1:5:3]


def test_unhealable_once(attempt):
    """What cannot heal is not tried again."""
    error = Unhealable([Problem("a", "first"), Problem("b", "second")])
    outcome = attempt(_raises(error), max_retries=5)
    assert (1, "first; second", "Unhealable") == (outcome.attempts, outcome.error, outcome.error_type)


def test_system_exit(attempt):
    """A node that ends the process fails its item."""
    assert attempt(_raises(SystemExit(3))).error == "the node ended the process: SystemExit(3)"


def test_interrupt_passes(attempt):
    """Ctrl-C is nobody's failure: it goes on up, with what became of the item."""
    with pytest.raises(ItemInterrupted) as caught:
        attempt(lambda number: _raises(KeyboardInterrupt() if number == 2 else OSError())(number), max_retries=5)
    assert isinstance(caught.value.signal, KeyboardInterrupt)
    assert ("failed", 2, "interrupted") == (
        caught.value.outcome.status,
        caught.value.outcome.attempts,
        caught.value.outcome.error,
    )


def test_wait_between(attempt, clock):
    """Between attempts, and only there, the clock sleeps for retry_wait."""
    attempt(FAILURES["raised"], max_retries=3, retry_wait=60)
    assert [60, 60] == clock.slept


def test_waits_in_duration(attempt):
    """An item's duration has the waits between its attempts, in milliseconds."""
    assert attempt(FAILURES["raised"], max_retries=2, retry_wait=1.5).duration_ms == 1500


def test_cancelled_not_retried(clock):
    """An item of a run that was asked to stop is not tried again."""
    cancel, tried = CancelToken(), []

    def work(_index, number):
        tried.append(number)
        cancel.cancel()
        raise ValueError

    run_item(Job(1, work, clock, cancel, max_retries=5, retry_wait=60), 0)
    assert ([1], []) == (tried, clock.slept)


def test_cancelled_in_wait(clock):
    """An item whose wait was cut short is not tried again."""
    cancel, tried = CancelToken(), []
    clock.sleep = lambda _seconds, token: token.cancel()
    run_item(
        Job(1, lambda _index, number: (tried.append(number), 1 / 0), clock, cancel, max_retries=5, retry_wait=1), 0
    )
    assert [1] == tried


@pytest.mark.parametrize(("fail_fast", "kept"), [(True, True), (False, False)])
def test_cause_kept(attempt, fail_fast, kept):
    """The exception is kept only where it will be raised again: it pins its frames."""
    assert kept == (attempt(FAILURES["raised"], fail_fast=fail_fast).cause is not None)


def test_events_in_order(attempt):
    """An item tells of its start, each attempt that fails, each further one, and its end, with what it wrote."""
    told = []
    outputs = attempt(_heals_at(3, FAILURES["raised"]), max_retries=3, on_item=told.append).outputs
    failed = {"error": "no", "error_type": "ValueError"}
    assert told == [
        ItemEvent("item_start", 0, 1),
        ItemEvent("attempt_failed", 0, 1, **failed),
        ItemEvent("item_retry", 0, 2),
        ItemEvent("attempt_failed", 0, 2, **failed),
        ItemEvent("item_retry", 0, 3),
        ItemEvent("item_end", 0, 3, "completed", outputs=outputs),
    ]


def test_failed_event(attempt):
    """A failed item's end says so."""
    told = []
    attempt(FAILURES["raised"], on_item=told.append)
    assert ItemEvent("item_end", 0, 1, "failed") == told[-1]


class _Mute(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no"), "no"),
        (ValueError(), "ValueError"),
        (_Mute(), "_Mute"),
        (PflowError(Problem("a", "what", hint="do")), "what"),
    ],
)
def test_error_text(error, expected):
    """An exception's text is what it says, or its type where it says nothing."""
    assert error_text(error) == expected
