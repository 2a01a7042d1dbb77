"""Questions to a server of models on this machine, through the real library and OpenAI's real client."""

import json
import subprocess
import sys
import threading

import pytest

from pflow_engine import run
from pflow_engine.trace import trace_schema
from pflow_engine.validation.structure import build_validator

KEY = "key-of-the-local-server"
PATIENCE = 10
UNCOUNTED = {
    "input_tokens": None,
    "output_tokens": None,
    "total_tokens": None,
    "cache_creation_input_tokens": None,
    "cache_read_input_tokens": None,
    "cost_usd": None,
}
COUNTED = {
    "input_tokens": 7,
    "output_tokens": 3,
    "total_tokens": 10,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cost_usd": None,
}


@pytest.mark.parametrize("model", ["says", "whole-says"])
def test_answer(ask, model):
    """The answer and what it used are outputs, whether it streams or comes as a whole; how long it took is told."""
    action, outputs, (call,) = ask(model=model)
    usage = {"model": model, **COUNTED}
    assert (None, {"response": "You said: hello", "llm_usage": usage}) == (action, outputs)
    assert call.pop("duration_ms") > 0
    assert usage == call


def test_what_is_sent(ask, model_server):
    """Prompt, system, temperature, max_tokens and the stored key go to the server; what is not given does not."""
    ask(system="be brief", temperature=0, max_tokens=5)
    ask()
    full, bare = model_server.requests
    assert [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}] == full["messages"]
    assert (0, 5, "says") == (full["temperature"], full["max_tokens"], full["model"])
    assert {"messages", "model", "stream", "stream_options"} == bare.keys()
    assert [f"Bearer {KEY}"] * 2 == model_server.keys


@pytest.mark.parametrize("model", ["newer-says", "newer-whole"])
def test_newer_interface(ask, model):
    """Models that have OpenAI's newer interface, as its default one, answer as the others."""
    _, outputs, _ = ask(model=model)
    usage = {"model": model, **COUNTED, "cache_read_input_tokens": 5}
    assert {"response": "You said: hello", "llm_usage": usage} == outputs


def test_unknown_usage(ask):
    """Tokens that the server does not count are null, never a guess."""
    _, outputs, (call,) = ask(model="uncounted")
    assert {"model": "uncounted", **UNCOUNTED} == outputs["llm_usage"]
    assert call["total_tokens"] is None


def test_batch_in_parallel(model_server, llm_flow):
    """Fifty items, ten at a time: each has its own answer, and usage stands in the order of the items."""
    model_server.together = threading.Barrier(10)
    batch = {"items": list(range(50)), "parallel": True, "max_concurrent": 10}
    result = llm_flow(batch, model="says", prompt="number ${item}").run()
    assert "success" == result.status
    assert [f"You said: number {n}" for n in range(50)] == [each["response"] for each in result.outputs["results"]]
    assert 10 == model_server.busiest
    calls = result.store["__llm_calls__"]
    assert [("ask", n, 1, "says", 10) for n in range(50)] == [
        (call["node_id"], call["item_index"], call["attempt"], call["model"], call["total_tokens"]) for call in calls
    ]
    trace = result.trace.to_dict()
    build_validator(trace_schema()).validate(trace)
    assert calls == trace["nodes"][0]["llm_calls"]


def test_retried(model_server, llm_flow):
    """A server that is busy at first is asked again, and a key that is wrong is not."""
    batch = {"items": [1], "max_retries": 3, "error_handling": "continue"}
    healed = llm_flow(batch, model="flaky").run()
    assert (1, 2) == (healed.outputs["success_count"], len(model_server.requests))
    assert [2] == [call["attempt"] for call in healed.store["__llm_calls__"]]
    refused = llm_flow(batch, model="status-401").run()
    assert [1] == [each["attempts"] for each in refused.store["ask"]["errors"]]
    assert 3 == len(model_server.requests)


def test_calls_of_nested(model_server, tmp_path):
    """Calls in a nested workflow are told by their path, with the index of the outer item."""
    batch = {"items": ["a", "b"], "parallel": True}
    inner = {"id": "ask", "type": "llm", "params": {"prompt": "${item}", "model": "says"}, "batch": batch}
    (tmp_path / "inner.json").write_text(json.dumps({"nodes": [inner]}))
    outer = {"id": "sub", "type": "workflow", "params": {"workflow_ref": "inner.json"}, "batch": {"items": [1, 2]}}
    (tmp_path / "outer.json").write_text(json.dumps({"nodes": [outer]}))
    calls = run(tmp_path / "outer.json").store["__llm_calls__"]
    expected = [("sub/ask[0]", 0), ("sub/ask[1]", 0), ("sub/ask[0]", 1), ("sub/ask[1]", 1)]
    assert expected == [(call["node_id"], call["item_index"]) for call in calls]


def test_error_edge(model_server, llm_flow):
    """An error edge takes what cannot heal as well as what can."""
    edges = [{"from": "ask", "to": "alert", "action": "error"}]
    more = [{"id": "alert", "type": "echo", "params": {"said": "${ask.error}"}}]
    for model in ("status-401", "status-500"):
        result = llm_flow(edges=edges, more=more, model=model).run()
        assert f"model '{model}': HTTP {model[-3:]}" in result.outputs["said"]


def test_json_in_answer(model_server, llm_flow):
    """An answer that is JSON stays text, and templates look into it."""
    more = [{"id": "end", "type": "echo", "params": {"label": "${ask.response.label}"}}]
    said = '{"label": "bug"}'
    result = llm_flow(more=more, model="repeats", prompt=said).run()
    assert (said, "bug") == (result.store["ask"]["response"], result.outputs["label"])


def test_cancel_is_prompt(ask, settings, model_server):
    """A cancel ends the wait for a server that is silent, and hangs up on one that goes on and on."""
    for model in ("hang", "drip"):
        settings.cancel.__init__()
        model_server.asked.clear()
        thread = threading.Thread(target=lambda: (model_server.asked.wait(PATIENCE), settings.cancel.cancel()))
        thread.start()
        assert ("error", {"error": "cancelled"}, []) == ask(model=model)
        thread.join()
    assert model_server.hung_up.wait(PATIENCE)
    assert [] == settings.cancel._callbacks


def test_batch_timeout(model_server, llm_flow):
    """An attempt that takes too long fails, and what comes late lands nowhere."""
    others = threading.enumerate()
    batch = {"items": [1, 2], "parallel": True, "timeout": 0.5, "error_handling": "continue"}
    result = llm_flow(batch, model="hang").run()
    before = json.dumps([result.store, result.trace.to_dict()])
    model_server.done.set()
    for thread in threading.enumerate():
        if thread not in others:
            thread.join(PATIENCE)
    assert ["timed out after 0.5s"] * 2 == [each["error"] for each in result.store["ask"]["errors"]]
    assert [] == result.store["__llm_calls__"]
    assert before == json.dumps([result.store, result.trace.to_dict()])


def test_interrupt_is_prompt(model_server, tmp_path):
    """Ctrl-C does not wait for the model; the trace is written."""
    script = (
        "from pflow_engine import compile_ir_to_flow\n"
        "node = {'id': 'ask', 'type': 'llm', 'params': {'prompt': 'x', 'model': 'hang'}}\n"
        "compile_ir_to_flow({'nodes': [node]}).run(trace_file='trace.json')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    with process:
        assert model_server.asked.wait(PATIENCE * 3)
        process.send_signal(2)
        assert "KeyboardInterrupt" in process.communicate(timeout=PATIENCE)[1]
    assert "interrupted" == json.loads((tmp_path / "trace.json").read_text())["status"]
