"""A run to the text that people read."""

import pytest

from pflow_engine import Node, format_success_as_text, node
from pflow_engine.trace import Trace


@pytest.fixture
def text(registry, clock):
    """``text(flow, **inputs)``: that of a run in which only ``wait`` takes time."""

    class Wait(Node):
        def post(self, _shared, _prepared, _executed):
            self.context.clock.sleep(self.params["seconds"], None)
            return self.params.get("action")

    @node("pick")
    def pick(fails) -> dict:
        return {"error": "Command failed with exit code 1"} if fails else {}

    registry.register("wait", Wait)
    registry.register("pick", pick)

    def run(flow, /, *, secrets=(), **inputs):
        return format_success_as_text(flow.run(inputs, clock=clock, secrets=secrets))

    return run


def test_whole_text(flow_of, text):
    """What ran, how long each took, what failed."""
    flow = flow_of(
        [
            {"id": "fetch", "type": "wait", "params": {"seconds": 0.1004}},
            {
                "id": "classify",
                "type": "pick",
                "params": {"fails": "${item}"},
                "batch": {"items": "${xs}", "error_handling": "continue", "max_retries": 2, "retry_wait": 0.406},
            },
            {"id": "send", "type": "wait", "params": {"seconds": 0.05, "action": "error"}},
            {"id": "mend", "type": "emit"},
        ],
        edges=[
            {"from": "fetch", "to": "classify"},
            {"from": "classify", "to": "send"},
            {"from": "send", "to": "mend", "action": "error"},
        ],
    )
    fails = [index in (1, 4) for index in range(10)]
    assert text(flow, xs=fails).splitlines() == [
        "✓ Workflow completed in 0.962s",
        "Nodes executed (4):",
        "  ✓ fetch (100ms)",
        "  ⚠ classify (812ms) - 8/10 items succeeded, 2 failed",
        "  ❌ send (50ms)",
        "  ✓ mend (0ms)",
        "",
        "Batch 'classify' errors:",
        "  [1] Command failed with exit code 1",
        "  [4] Command failed with exit code 1",
    ]


def test_more_errors(batch_of, text):
    """At most five errors of a batch are told."""
    lines = text(batch_of("crash", error_handling="continue"), xs=list(range(8))).splitlines()
    errors = lines[lines.index("Batch 'b' errors:") + 1 :][:6]
    assert [*(f"  [{index}] it crashed" for index in range(5)), "  ...and 3 more errors"] == errors


def test_all_succeeded(batch_of, text):
    """A batch without errors says how many succeeded."""
    assert "  ✓ b (0ms) - 2/2 items succeeded" == text(batch_of("emit"), xs=[1, 2]).splitlines()[-1]


@pytest.mark.parametrize(("length", "expected"), [(200, "x" * 200), (201, "x" * 197 + "...")])
def test_long_error(batch_of, text, length, expected):
    """An error is cut at 200 characters."""
    shown = text(batch_of("crash", {"message": "x" * length}, error_handling="continue"), xs=[1])
    assert f"  [0] {expected}" in shown.splitlines()


def test_error_of_lines(batch_of, text):
    """An error of several lines is one."""
    shown = text(batch_of("crash", {"message": "one\n  two"}, error_handling="continue"), xs=[1])
    assert "  [0] one two" in shown.splitlines()


def test_failed(flow_of, text):
    """A failed run says so, and why."""
    assert text(flow_of([{"id": "n", "type": "crash"}])).splitlines() == [
        "❌ Workflow failed after 0.000s",
        "Nodes executed (1):",
        "  ❌ n (0ms)",
        "",
        "<ir>: error: node 'n' failed: ValueError: it crashed [node-failed]",
        "  at nodes[0]",
    ]


def test_failed_batch(batch_of, text):
    """A batch that failed has its counts all the same."""
    assert "  ❌ b (0ms) - 0/3 items succeeded, 1 failed" in text(batch_of("crash"), xs=[1, 2, 3]).splitlines()


def test_no_secrets(batch_of, text):
    """Secrets are taken out of what people read."""
    flow = batch_of("crash", {"message": "401 for ${token}"}, error_handling="continue")
    shown = text(flow, xs=[1], token="s3cr3t-one")
    assert "s3cr3t" not in shown
    assert "  [0] 401 for [redacted]" in shown.splitlines()


@pytest.mark.parametrize("word", ["status", "completed", "success", "node_id", "n", "node-failed"])
def test_own_words_stay(flow_of, text, word):
    """A secret that is a word of the text's own changes nothing but what nodes said."""
    shown = text(flow_of([{"id": "n", "type": "crash"}]), secrets=[word], sort_key=word)
    assert [
        "  ❌ n (0ms)",
        "",
        "<ir>: error: node 'n' failed: ValueError: it crashed [node-failed]",
    ] == shown.splitlines()[2:5]


def test_registered_secret(flow_of, text):
    """A secret that was registered for the run is taken out of why it failed."""
    shown = text(
        flow_of([{"id": "n", "type": "crash", "params": {"message": "no s3cr3t-one"}}]), secrets=["s3cr3t-one"]
    )
    assert "node 'n' failed: ValueError: no [redacted] [node-failed]" in shown


def test_long_final_error(flow_of, text):
    """What ended the run is cut at 1000 characters after its secrets are out; place and hint stay."""
    message = "x" * 950 + "s3cr3t-" * 20
    nodes = [{"id": "n", "type": "act", "params": {"outputs": {"error": message}, "action": "error"}}]
    final = text(flow_of(nodes), secrets=["s3cr3t-" * 20]).splitlines()[-3:]
    assert f"<ir>: error: node 'n' failed: {'x' * 950}[redacted] [node-failed]" == final[0]
    assert ["  at nodes[0]", "  hint: an edge from 'n' with action: error would handle it"] == final[1:]
    longer = text(flow_of([{"id": "n", "type": "crash", "params": {"message": "x" * 5000}}])).splitlines()[-2]
    assert len("<ir>: error: ") + 1000 + len(" [node-failed]") == len(longer)


def test_nothing_to_redact(batch_of, text, monkeypatch):
    """A run without errors is not searched for secrets: nothing of it is printed that could have one."""
    monkeypatch.delattr(Trace, "redactor")
    assert "  ✓ b (0ms) - 2/2 items succeeded" in text(batch_of("emit"), xs=[1, 2]).splitlines()
