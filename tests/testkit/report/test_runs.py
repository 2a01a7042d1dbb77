from pflow_engine import DaskExecutor, compile_ir_to_flow
from pflow_engine.clock import RealClock
from pflow_testkit.report.runs import MOST_STEPS, MOST_TIMELINES, Private, cut, seen_run
from pflow_testkit.report.timing import Times

SLEEP = {
    "id": "each",
    "type": "shell",
    "batch": {"items": [1, 2, 3, 4], "parallel": True, "max_concurrent": 2},
    "params": {"command": "sleep 0.1; echo ${item}"},
}


def _seen(document, **options):
    times = Times(RealClock().now)
    result = compile_ir_to_flow(document).run(on_event=times.on_event, **options)
    return seen_run(result, "f.json", times, Private(result.trace.redactor(), lambda value: value))


def test_items_over_threads():
    """Two workers have two lanes, and each item lies within the batch."""
    (batch,) = _seen({"nodes": [SLEEP]}).timelines
    assert 2 == batch.lanes
    assert [1, 1, 1, 1] == [bar.count for bar in batch.bars]
    assert all(0 <= bar.start < bar.end <= batch.wall_ms for bar in batch.bars)


def test_items_over_processes(local_cluster):
    """So have two processes, whose items are told of when they are back."""
    with local_cluster(2) as cluster:
        (batch,) = _seen({"nodes": [SLEEP]}, executor=DaskExecutor(cluster.address)).timelines
    assert 4 == len(batch.bars)
    assert 2 == batch.lanes
    assert all(bar.end - bar.start >= 100 for bar in batch.bars)


def test_too_many_to_tell():
    """Of very many nodes the first steps and batches are kept, and the others counted."""
    many = {"nodes": [{"id": f"b{index}", "type": "echo", "batch": {"items": [1]}} for index in range(MOST_STEPS + 10)]}
    run = _seen(many)
    assert (MOST_STEPS, MOST_TIMELINES) == (len(run.steps), len(run.timelines))
    assert 10 + MOST_STEPS + 10 - MOST_TIMELINES == run.left_out


def test_failed_run():
    """A run that failed says with what, at the run and at the node."""
    run = _seen({"nodes": [{"id": "a", "type": "shell", "params": {"command": "exit 3"}}]})
    assert "failed" == run.status
    assert "exit" in run.error
    assert ("failed", "error") == (run.steps[0].status, run.steps[0].action)
    assert "exit" in run.steps[0].error


def test_long_text_is_cut():
    """Of a long text the first and the last characters are shown."""
    assert "ab\n… 6 characters …\nij" == cut("abcdefghij", 4)
    assert "abc" == cut("abc", 3)
