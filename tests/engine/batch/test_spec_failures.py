"""What an item that fails, hangs or is stopped means to its batch, where no other test would notice.

Which test notices which sentence being broken is told by the table in ``mutants.py``, beside this file.
"""

import threading

import pytest

from pflow_engine import CancelToken, Node, node

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


@pytest.fixture
def with_edges(registry, flow_of):
    """``with_edges(source, params, alert, **batch)``: batch ``b``, then ``after``; on error ``alert``."""

    def build(source, params=None, alert=None, **batch):
        registry.register("source", source)
        return flow_of(
            [
                {"id": "b", "type": "source", "params": params or {}, "batch": {"items": "${xs}", **batch}},
                {"id": "after", "type": "emit"},
                {"id": "alert", "type": "emit", "params": alert or {}},
            ],
            edges=[{"from": "b", "to": "after"}, {"from": "b", "to": "alert", "action": "error"}],
        )

    return build


def _ids(result):
    return [record.id for record in result.trace.nodes]


class _Behaviour(Node):
    """Does what its item says of the attempt: ``raise``, ``return``, ``action`` or ``good``."""

    def post(self, shared, _prepared, _executed):
        said = shared["item"][min(self.context.attempt, len(shared["item"])) - 1]
        shared[said] = self.context.attempt
        if said == "raise":
            raise ValueError(f"raised {self.context.attempt}")
        if said == "return":
            shared["error"] = f"returned {self.context.attempt}"
        return "error" if said == "action" else None


@both
def test_no_items_no_run(with_edges, parallel):
    """Items that are no list run nothing, and the error edge has the reason."""
    ran = []

    @node("note")
    def note() -> dict:
        ran.append(True)
        return {}

    result = with_edges(note, alert={"why": "${b.error}"}, parallel=parallel).run({"xs": {"not": "a list"}})
    assert ([], ["b", "alert"]) == (ran, _ids(result))
    assert {"why": "batch items ${xs} must be a list, got object"} == result.outputs


@both
def test_bad_items_not_retried(batch_of, clock, parallel):
    """Items that are no list are so on every attempt: nothing is tried again."""
    result = batch_of("emit", parallel=parallel, max_retries=5, retry_wait=60).run({"xs": None}, clock=clock)
    assert ("failed", []) == (result.status, clock.slept)


@both
@pytest.mark.parametrize("way", ["raise", "return", "action"])
def test_all_failures_heal(batch_of, clock, parallel, way):
    """Raised, returned or the action: a failure is tried again, with the waits between, until it goes well."""
    result = batch_of(_Behaviour, parallel=parallel, max_retries=5, retry_wait=60).run(
        {"xs": [[way, way, "good"]]}, clock=clock
    )
    out = result.store["b"]
    assert ("success", [60, 60], None, 1) == (
        result.status,
        clock.slept,
        out["errors"],
        out["batch_metadata"]["retried"],
    )
    assert [{"good": 3, "item": [way, way, "good"]}] == out["results"]
    assert [("completed", 3, None)] == [row[:3] for row in result.trace.nodes[0].batch.items]


@both
@pytest.mark.parametrize("way", ["raise", "return", "action"])
def test_all_failures_end(batch_of, left, clock, parallel, way):
    """Each of the three ends after max_retries attempts, and nobody waits after the last."""
    flow = batch_of(_Behaviour, parallel=parallel, max_retries=3, retry_wait=60, error_handling="continue")
    assert [3] == [entry["attempts"] for entry in left(flow, [[way]], clock=clock)["errors"]]
    assert [60, 60] == clock.slept


@both
@pytest.mark.parametrize("way", ["raise", "return", "action"])
def test_once_by_default(batch_of, left, clock, parallel, way):
    """Without max_retries an item is tried once."""
    out = left(batch_of(_Behaviour, parallel=parallel, error_handling="continue"), [[way, "good"]], clock=clock)
    assert ([1], 0, []) == (
        [entry["attempts"] for entry in out["errors"]],
        out["batch_metadata"]["retried"],
        clock.slept,
    )


@both
@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("raise", "return", ({"return": 2, "error": "returned 2"}, "returned 2", "error")),
        ("return", "raise", (None, "raised 2", "ValueError")),
        ("return", "action", ({"action": 2}, "the node returned the action 'error'", "error")),
    ],
)
def test_last_attempt_counts(  # noqa: PLR0913  # four parameters and two fixtures
    batch_of, left, parallel, first, last, expected
):
    """What is left of a failed item is what its last attempt left."""
    item = [first, last]
    out = left(batch_of(_Behaviour, parallel=parallel, max_retries=2, error_handling="continue"), [item])
    outputs, error, kind = expected
    assert [None if outputs is None else {**outputs, "item": item}] == out["results"]
    assert [{"index": 0, "item": item, "error": error, "error_type": kind, "attempts": 2}] == out["errors"]


@both
@pytest.mark.parametrize("returned", [[1], "text", {1: 2}])
def test_wrong_return_not_retried(batch_of, left, clock, parallel, returned):
    """A function that returned no outputs will do so again: it is not tried again."""

    @node("wrong")
    def wrong() -> dict:
        return returned

    flow = batch_of(wrong, parallel=parallel, max_retries=5, retry_wait=60, error_handling="continue")
    assert ([1], []) == ([entry["attempts"] for entry in left(flow, [1], clock=clock)["errors"]], clock.slept)


@both
def test_hopeless_is_one_items(batch_of, left, parallel):
    """An item that cannot heal fails alone: others go on, and are tried again."""
    flow = batch_of("double", {"value": "${item.n}"}, parallel=parallel, max_retries=3, error_handling="continue")
    out = left(flow, [{"n": 1}, {}, {"n": "text"}, {"n": 2}])
    assert [{"value": 2, "item": {"n": 1}}, None, None, {"value": 4, "item": {"n": 2}}] == out["results"]
    assert [(1, 1), (2, 1)] == [(entry["index"], entry["attempts"]) for entry in out["errors"]]


@both
def test_retried_counts_items(batch_of, left, parallel):
    """Retried are the items that were tried more than once, however often, whether they healed or not."""
    flow = batch_of(_Behaviour, parallel=parallel, max_retries=4, error_handling="continue")
    out = left(flow, [["good"], ["raise", "good"], ["return", "return", "good"], ["action"]])
    assert (3, 3, 1) == (out["batch_metadata"]["retried"], out["success_count"], out["error_count"])


@both
def test_fail_fast_by_default(batch_of, parallel):
    """Without error_handling a failure ends the batch."""
    tried = []

    @node("try")
    def attempt(value: int) -> dict:
        tried.append(value)
        raise ValueError

    result = batch_of(attempt, {"value": "${item}"}, parallel=parallel, max_concurrent=1).run({"xs": [1, 2, 3]})
    assert (("failed", 0), [1]) == ((result.status, result.error.index), tried)


@both
def test_errors_of_fail_fast(batch_of, left, parallel):
    """Under fail_fast the errors are of items that failed; one that never started has none."""
    out = left(batch_of(_Behaviour, parallel=parallel, max_concurrent=1), [["good"], ["return"], ["raise"], ["raise"]])
    assert out["errors"] == [
        {"index": 1, "item": ["return"], "error": "returned 1", "error_type": "error", "attempts": 1}
    ]
    assert [{"good": 1, "item": ["good"]}, {"return": 1, "error": "returned 1", "item": ["return"]}, None, None] == out[
        "results"
    ]


@both
def test_fail_fast_metadata(batch_of, left, parallel):
    """A batch that failed has its metadata, with timing of what ran."""
    metadata = left(batch_of("crash", parallel=parallel, max_concurrent=1, max_retries=2), [1, 2])["batch_metadata"]
    assert (1, True) == (metadata["retried"], metadata["timing"] is not None)


@both
def test_finished_for_the_edge(with_edges, parallel):
    """What comes along the error edge of a fail_fast batch finds what was finished."""
    flow = with_edges(_Behaviour, alert={"got": "${b.results[0].good}"}, parallel=parallel, max_concurrent=1)
    assert {"got": 1} == flow.run({"xs": [["good"], ["raise"]]}).outputs


def test_running_keep_attempts(batch_of):
    """An item that runs when another failed still has its attempts: whether it fails is the same in every run."""
    other_ended = threading.Event()

    class Late(Node):
        def post(self, shared, _prepared, _executed):
            if shared["__index__"] == 1:
                raise ValueError("no")
            assert other_ended.wait(PATIENCE)
            if self.context.attempt < 3:
                raise ValueError("heals")

    def tell(event):
        if (event.kind, event.index) == ("item_end", 1):
            other_ended.set()

    result = batch_of(Late, parallel=True, max_concurrent=2, max_retries=3).run({"xs": [1, 2, 3, 4]}, on_event=tell)
    assert 1 == result.error.index
    assert [("completed", 3), ("failed", 3)] == [row[:2] for row in result.trace.nodes[0].batch.items[:2]]


@both
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), TimeoutError("too long")])
def test_cause_in_both_modes(batch_of, parallel, error):
    """The cause of the raised error is the very exception, with its own cause."""
    why = KeyError("why")

    @node("fail")
    def fail() -> dict:
        raise error from why

    raised = batch_of(fail, parallel=parallel).run({"xs": [1]}).error
    assert (error, why) == (raised.__cause__, raised.__cause__.__cause__)


@both
def test_timed_out_result(batch_of, left, parallel):
    """An item that timed out has None in the results, whatever it had written."""

    class Hang(Node):
        def post(self, shared, _prepared, _executed):
            shared["early"] = True
            self.context.cancel.wait(PATIENCE)

    flow = batch_of(Hang, parallel=parallel, timeout=0.01, error_handling="continue")
    assert [None, None] == left(flow, [1, 2])["results"]


@both
def test_timeout_is_per_attempt(batch_of, parallel):
    """The time is an attempt's own: after one that timed out the next starts anew, and may succeed."""
    wrote = threading.Event()

    class Slow(Node):
        def post(self, shared, _prepared, _executed):
            if self.context.attempt > 1:
                shared["good"] = True
                return
            self.context.cancel.wait(PATIENCE)
            shared["late"] = True
            wrote.set()

    result = batch_of(Slow, parallel=parallel, timeout=0.05, max_retries=10).run({"xs": [1]})
    assert wrote.wait(PATIENCE)
    assert [{"good": True, "item": 1}] == result.store["b"]["results"]


@both
def test_interrupt_is_no_failure(batch_of, parallel):
    """Ctrl-C is no failure of an item: under continue, and with attempts left, it ends the run."""
    tried = []

    @node("stop")
    def stop(value: int) -> dict:
        tried.append(value)
        raise KeyboardInterrupt

    batch = {"parallel": parallel, "max_concurrent": 1, "max_retries": 3, "error_handling": "continue"}
    with pytest.raises(KeyboardInterrupt):
        batch_of(stop, {"value": "${item}"}, **batch).run({"xs": [1, 2]})
    assert [1] == tried


@both
def test_cancelled_takes_no_edge(with_edges, parallel):
    """A batch that was asked to stop runs nothing more, not what its error edge leads to either."""
    cancel = CancelToken()

    @node("ask-to-stop")
    def ask_to_stop() -> dict:
        cancel.cancel()
        return {}

    result = with_edges(ask_to_stop, parallel=parallel, max_concurrent=1).run({"xs": [1, 2]}, cancel=cancel)
    assert ("cancelled", ["b"]) == (result.error.code, _ids(result))


@both
def test_cancelled_is_not_retried(batch_of, clock, parallel):
    """An item of a batch that was asked to stop is not tried again, and nobody waits."""
    cancel, tried = CancelToken(), []

    @node("fail-and-stop")
    def fail_and_stop(value: int) -> dict:
        tried.append(value)
        cancel.cancel()
        raise ValueError

    flow = batch_of(
        fail_and_stop, {"value": "${item}"}, parallel=parallel, max_concurrent=1, max_retries=5, retry_wait=9
    )
    flow.run({"xs": [1, 2]}, cancel=cancel, clock=clock)
    assert ([1], []) == (tried, clock.slept)


@both
@pytest.mark.parametrize("seconds", [None, 60])
def test_exit_is_the_items(batch_of, parallel, seconds):
    """SystemExit fails its item and the batch, not the process, within a timeout as without."""

    @node("leave")
    def leave() -> dict:
        raise SystemExit(4)

    limit = {} if seconds is None else {"timeout": seconds}
    result = batch_of(leave, parallel=parallel, **limit).run({"xs": [1]})
    assert "item 0 of batch 'b' failed: the node ended the process: SystemExit(4)" == result.error.summary
