"""A run to the text that people read."""

import pytest

from pflow_engine import Node, Problem, compile_ir_to_flow, format_success_as_text, node
from pflow_engine.formatting import problems_as_text
from pflow_engine.trace import Trace


@node("fails")
def _fails(message) -> dict:
    return {"error": message}


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


def test_text_of_example(registry, flow_of, text):
    """The picture of the specification: marks, blanks, headings, the first five errors and how many more there are."""
    registry.register("fails", _fails)
    batch = {"items": "${xs}", "error_handling": "continue"}
    flow = flow_of([{"id": "classify", "type": "fails", "params": {"message": "${item}"}, "batch": batch}])
    messages = [None, "Command failed with exit code 1", None, "timed out after 5s", *"abcdef"]
    assert """\
✓ Workflow completed in 0.000s
Nodes executed (1):
  ⚠ classify (0ms) - 2/10 items succeeded, 8 failed

Batch 'classify' errors:
  [1] Command failed with exit code 1
  [3] timed out after 5s
  [4] a
  [5] b
  [6] c
  ...and 3 more errors""" == text(flow, xs=messages)


@pytest.mark.parametrize(("count", "expected"), [(5, "  [4] it crashed"), (6, "  ...and 1 more errors")])
def test_around_five_errors(batch_of, text, count, expected):
    """Five errors are all of them; of six, one is only counted."""
    lines = text(batch_of("crash", error_handling="continue"), xs=list(range(count))).splitlines()
    last = lines.index("Batch 'b' errors:") + count
    assert [expected, ""] == lines[last : last + 2]


def test_cancelled_items(registry, batch_of, text):
    """Items that fail_fast never started count neither as succeeded nor as failed."""
    registry.register("fails", _fails)
    shown = text(batch_of("fails", {"message": "${item}"}), xs=[None, "no", None, None]).splitlines()
    assert ["  ❌ b (0ms) - 1/4 items succeeded, 1 failed", "", "Batch 'b' errors:", "  [1] no", ""] == shown[2:7]


def test_nested_batches(tmp_path, outer, registry, text):
    """A batch of a nested workflow is told under its node, its errors with the way to it."""
    params = {"workflow_ref": str(tmp_path / "inner.json"), "param_mapping": {"xs": "${xs}"}}
    ir = {"nodes": [{"id": "run", "type": "workflow", "params": params}]}
    lines = text(compile_ir_to_flow(ir, registry), xs=[1, "x"]).splitlines()
    assert ["  ❌ run (0ms)", "    ❌ each (0ms) - 1/2 items succeeded, 1 failed", "", "Batch 'run/each' errors:"] == (
        lines[2:6]
    )


def test_nothing_moves_cursor(flow_of, text):
    """What would move a terminal's cursor, or not encode, is spelled out."""
    batch = {"items": [1], "error_handling": "continue"}
    nodes = [{"id": "n\x1b[2J", "type": "crash", "params": {"message": "${m}"}, "batch": batch}]
    shown = text(flow_of(nodes), m="\x1b[31mred\udc80\x00").splitlines()
    assert [r"  ❌ n\x1b[2J (0ms) - 0/1 items succeeded, 1 failed", "", r"Batch 'n\x1b[2J' errors:"] == shown[2:5]
    assert r"  [0] \x1b[31mred\udc80\x00" == shown[5]


def test_problems():
    """Every problem is told, with an empty line between two."""
    problems = [Problem("a", "one", file="f", hint="h"), Problem("b", "two")]
    assert "f: error: one [a]\n  hint: h\n\nerror: two [b]" == problems_as_text(problems)


def test_degraded_items(tmp_path, outer, registry, text):
    """Items that lost items of their own show why the run is degraded: how many they are, and the errors of five."""
    file = tmp_path / "inner.json"
    file.write_text(file.read_text().replace('"as": "x"', '"as": "x", "error_handling": "continue"'))
    params = {"workflow_ref": str(file), "param_mapping": {"xs": "${item}"}}
    ir = {"nodes": [{"id": "sub", "type": "workflow", "params": params, "batch": {"items": "${lists}"}}]}
    lines = text(compile_ir_to_flow(ir, registry), lists=[[1], *[[1, "x"]] * 6]).splitlines()
    assert "  ⚠ sub (0ms) - 7/7 items succeeded, 6 degraded" == lines[2]
    assert [f"Batch 'sub[{index}]/each' errors:" for index in range(1, 6)] == lines[4::3]
    assert lines[5].startswith("  [1] ")
