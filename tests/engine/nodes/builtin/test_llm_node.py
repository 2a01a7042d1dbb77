"""Questions to a server of models on this machine, through the real library and OpenAI's real client."""

import base64
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib

import pytest

from pflow_engine import compile_ir_to_flow
from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin import llm_models
from pflow_engine.nodes.builtin.llm_node import Llm
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


def _flow(batch=None, edges=(), more=(), **params):
    node = {"id": "ask", "type": "llm", "params": {"prompt": "hello", **params}} | ({"batch": batch} if batch else {})
    return compile_ir_to_flow({"nodes": [node, *more]} | ({"edges": list(edges)} if edges else {}))


def _png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


@pytest.fixture
def ask(model_server, settings):
    """Run the node once; gives its action, its outputs and the calls it told of."""

    def run_once(**params):
        node = Llm()
        node.params, node.context = {"prompt": "hello", "model": "says", **params}, settings
        store = {"__llm_calls__": []}
        action = node.run(store)
        calls = store.pop("__llm_calls__")
        return action, store, calls

    return run_once


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


def test_images_sent(ask, model_server, tmp_path, monkeypatch):
    """Images are sent by value from files and data URLs, by address from the net; a list in text is a list."""
    (tmp_path / "dot.png").write_bytes(_png())
    monkeypatch.chdir(tmp_path)
    data = f"data:image/png;base64,{base64.b64encode(_png()).decode()}"
    url = "https://example.invalid/cat.jpg?size=1"
    for images in ("dot.png", ["dot.png", data, url], '["dot.png"]\n', "data:image/gif,GIF89a"):
        ask(images=images)
    sent = [[each["image_url"]["url"] for each in body["messages"][0]["content"][1:]] for body in model_server.requests]
    assert [[data], [data, data, url], [data], ["data:image/gif;base64,R0lGODlh"]] == sent
    assert "hello" == model_server.requests[0]["messages"][0]["content"][0]["text"]


def test_type_by_content(ask, model_server, tmp_path):
    """An image whose name does not tell its type is known by its bytes."""
    (tmp_path / "dot").write_bytes(_png())
    ask(images=str(tmp_path / "dot"))
    (content,) = model_server.requests[0]["messages"][0]["content"][1:]
    assert content["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("none", [None, "", []])
def test_no_images(ask, model_server, none):
    """No image is no image."""
    ask(images=none)
    assert "hello" == model_server.requests[0]["messages"][0]["content"]


def test_broken_images(ask, model_server, tmp_path):
    """All images that are none are told at once, and nothing is asked."""
    images = [str(tmp_path / "gone.png"), str(tmp_path), 5, "data:image/png;base64,é", "data:image/png", "[1"]
    with pytest.raises(Unhealable) as caught:
        ask(images=images)
    said = [problem.message.rpartition("cannot be read: ")[2] for problem in caught.value.problems]
    assert ["no such file or directory", "is a directory", "it is neither a path nor a URL"] == said[:3]
    assert said[3].startswith("its base64 is broken")
    assert ["it is empty", "no such file or directory"] == said[4:]
    with pytest.raises(Unhealable, match=r"the image '\[1' cannot be read: no such file"):
        ask(images="[1")
    assert [] == model_server.requests


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"temperature": 3}, "model 'says': temperature: Input should be less than or equal to 2"),
        ({"model": "blind", "images": "data:image/png,x"}, "model 'blind': This model does not support attachments"),
        ({"images": "data:text/plain,x"}, "model 'says': This model does not support attachments of type 'text/plain'"),
        ({"prompt": " "}, "parameter 'prompt' is empty"),
        ({"max_tokens": "many"}, "parameter 'max_tokens' takes integer, got string"),
        ({"model": "sais"}, "there is no model 'sais'; did you mean 'says'?"),
        ({"model": "claude-9"}, "(llm-anthropic, llm-gemini, llm-ollama, …): `llm install` it"),
    ],
)
def test_refused_before(ask, model_server, params, said):
    """What the model would not take cannot heal, and is not sent."""
    with pytest.raises(Unhealable) as caught:
        ask(**params)
    assert said in caught.value.summary
    assert [] == model_server.requests


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("status-400", "HTTP 400 Bad Request: no, Bearer [redacted]"),
        ("status-401", "HTTP 401 Unauthorized: no, Bearer [redacted]; is the key right?"),
        ("whole-status-404", "HTTP 404 Not Found: no, Bearer [redacted]; does the provider have this model"),
    ],
)
def test_refused_by_server(ask, model_server, model, said):
    """A request that the server refuses cannot heal; its words are told without the key, and it is asked once."""
    with pytest.raises(Unhealable) as caught:
        ask(model=model)
    assert f"model '{model}': {said}" in caught.value.summary
    assert caught.value.__cause__ is None
    assert 1 == len(model_server.requests)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("status-429", "HTTP 429 Too Many Requests: no, Bearer [redacted]; it asks for a pause"),
        ("whole-status-500", "HTTP 500 Internal Server Error: no, Bearer [redacted]"),
        ("empty", "the server gave no answer"),
        ("whole-empty", "no answer that can be read (IndexError: list index out of range)"),
        ("cut", "the answer was cut off"),
        ("whole-cut", "no answer that can be read (JSONDecodeError"),
        ("dropped", "peer closed connection without sending complete message body"),
        ("whole-dropped", "peer closed connection without sending complete message body"),
        ("garbage", "no answer that can be read (JSONDecodeError"),
        ("page", "the server gave no answer; if it does not stream, can_stream: false says so"),
        ("whole-page", "no answer that can be read (AttributeError"),
        ("filtered", "the provider's content filter stopped the answer"),
        ("whole-filtered", "the provider's content filter stopped the answer"),
        ("thinks", "there is no answer, since thinking used up max_tokens; raise it"),
        ("whole-thinks", "there is no answer, since thinking used up max_tokens; raise it"),
    ],
)
def test_may_heal(ask, model_server, model, said):
    """What another try may mend is an error among the outputs; the client itself tries only once."""
    action, outputs, _ = ask(model=model)
    assert "error" == action
    assert outputs["error"].startswith(f"model '{model}': ")
    assert said in outputs["error"]
    assert KEY not in outputs["error"]
    assert 1 == len(model_server.requests)


def test_paid_for(ask):
    """What was used is told of an answer that is an error, too."""
    _, outputs, (call,) = ask(model="filtered")
    assert (10, "I am") == (outputs["llm_usage"]["total_tokens"], outputs["response"])
    assert 10 == call["total_tokens"]


@pytest.mark.parametrize("model", ["newer-says", "newer-whole"])
def test_newer_interface(ask, model):
    """Models that have OpenAI's newer interface, as its default one, answer as the others."""
    _, outputs, _ = ask(model=model)
    usage = {"model": model, **COUNTED, "cache_read_input_tokens": 5}
    assert {"response": "You said: hello", "llm_usage": usage} == outputs


@pytest.mark.parametrize(("model", "said"), [("newer-cut", "was cut off"), ("newer-filtered", "content filter")])
def test_newer_interface_fails(ask, model, said):
    """So they do when the answer is none."""
    assert said in ask(model=model)[1]["error"]


@pytest.fixture
def plug(model_server):
    """Plug a provider into the library, as a package does; gives how to."""
    import llm  # noqa: PLC0415  # only where the extra is

    plugged = []

    def plug_in(*pieces, usage=None, raises=None):
        class Other(llm.Model):
            model_id = "other"

            def execute(self, _prompt, stream, response, conversation):
                yield from pieces
                if raises:
                    raise raises
                if usage:
                    response.set_usage(**usage)

        class Plugin:
            @llm.hookimpl
            def register_models(self, register):
                register(Other())

        plugged.append(Plugin())
        llm.plugins.pm.register(plugged[-1])

    yield plug_in
    for each in plugged:
        llm.plugins.pm.unregister(each)


def test_other_provider(ask, plug, model_server):
    """A plugin's model answers as OpenAI's do; it need not count, and what it counts beside the input costs more."""
    plug("Hi", " there")
    assert ("Hi there", None) == (ask(model="other")[1]["response"], ask(model="other")[1]["llm_usage"]["total_tokens"])
    with pytest.raises(Unhealable, match="model 'other': temperature: Extra inputs are not permitted"):
        ask(model="other", temperature=1)


def test_cost_beside_input(ask, plug, model_server):
    """Of a provider that counts cached tokens beside the input each is paid for at its own price."""
    cached = {"cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000}
    plug("ok", usage={"input": 10, "output": 1, "details": cached})
    prices = "other: {input: 1, output: 5, cache_creation: 2, cache_read: 0.1}"
    (model_server.user / "prices.yaml").write_text(prices)
    usage = ask(model="other")[1]["llm_usage"]
    assert ({**cached, "total_tokens": 11}, 315e-6) == (
        {n: usage[n] for n in (*cached, "total_tokens")},
        usage["cost_usd"],
    )


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        (ValueError("half of it"), "half of it"),
        (ConnectionResetError("reset"), "reset"),
        (KeyError("x"), "no answer that can be read (KeyError: 'x')"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("long " * 500), "…"),
    ],
)
def test_other_provider_fails(ask, plug, raises, said):
    """Whatever a plugin raises is an error of the node, in its words."""
    plug("Hi", raises=raises)
    error = ask(model="other")[1]["error"]
    assert error.startswith("model 'other': ")
    assert error.endswith(said)
    assert 600 > len(error)


@pytest.mark.parametrize("model", ["silent", "whole-silent"])
def test_silent_model(ask, model):
    """An answer without words is an answer."""
    assert (None, "") == (ask(model=model)[0], ask(model=model)[1]["response"])


def test_no_server(ask, model_server):
    """A server that is not there is told with the reason."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        model_server.url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        model_server.describe(model_server.user)
        error = ask()[1]["error"]
    assert error.startswith("model 'says': Connection error: ")
    assert error.endswith("Connection refused; is the address right, and the server running?")


def test_slow_server(ask, model_server, monkeypatch):
    """A server that the client gave up is told, and may heal."""
    import openai  # noqa: PLC0415  # only where the extra is

    monkeypatch.setattr(openai._base_client, "DEFAULT_TIMEOUT", 0.1)
    assert "model 'hang': Request timed out" == ask(model="hang")[1]["error"]


def test_unknown_usage(ask):
    """Tokens that the server does not count are null, never a guess."""
    _, outputs, (call,) = ask(model="uncounted")
    assert {"model": "uncounted", **UNCOUNTED} == outputs["llm_usage"]
    assert call["total_tokens"] is None


def test_default_model(ask, model_server):
    """Without a model it is the library's default; one that is not there says so."""
    (model_server.user / "default_model.txt").write_text("whole-says\n")
    assert "whole-says" == ask(model=None)[1]["llm_usage"]["model"]
    (model_server.user / "default_model.txt").write_text("gone")
    with pytest.raises(Unhealable, match=r"the default model 'gone' is not there; .*`llm models default`"):
        ask(model="")


def test_alias(ask, model_server):
    """A model goes by its aliases, and its usage by its own name."""
    (model_server.user / "aliases.json").write_text('{"mine": "says"}')
    assert "says" == ask(model="mine")[1]["llm_usage"]["model"]


def test_models_unreadable(ask, model_server):
    """A list of models that cannot be read is told."""
    (model_server.user / "extra-openai-models.yaml").write_text("[")
    with pytest.raises(Unhealable, match="the models of llm cannot be loaded: ParserError"):
        ask()


def test_missing_key(ask, model_server):
    """A key that is not there cannot heal; how to add one is told."""
    (model_server.user / "keys.json").unlink()
    with pytest.raises(Unhealable, match="No key found - add one using 'llm keys set local'"):
        ask()


def test_key_of_environment(ask, model_server, monkeypatch):
    """A model of OpenAI's takes the key and the address from the environment, which the trace does not show."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment-key")
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.url)
    result = _flow(model="gpt-4o").run()
    assert ("Bearer sk-environment-key", "failed") == (model_server.keys[0], result.status)


def test_key_not_told(model_server, caplog):
    """A stored key is neither in the trace, though the model says it, nor in any log."""
    caplog.set_level(logging.DEBUG)
    result = _flow(model="says", prompt=f"my key is {KEY}").run()
    assert "my key is [redacted]" in json.dumps(result.trace.to_dict())
    assert KEY not in json.dumps(result.trace.to_dict()) + caplog.text
    assert [] == [record for record in caplog.records if record.name.startswith(("openai", "http"))]


def test_user_folder_untouched(model_server):
    """The library writes nothing into its folder: no log, no configuration."""
    before = sorted(model_server.user.iterdir())
    _flow(model="says").run()
    assert before == sorted(model_server.user.iterdir())


@pytest.mark.parametrize(
    ("model", "prices", "cost"),
    [
        ("says", "says: {input: 2, output: 10}", 44e-6),
        ("says", "other: {input: 2, output: 10}", None),
        ("says", "", None),
        ("cached", "cached: {input: 2, output: 10, cache_read: 0.5}", 36.5e-6),
        ("cached", "cached: {input: 2, output: 10}", None),
        ("uncounted", "uncounted: {input: 2, output: 10}", None),
        ("says", "says: {input: 0, output: 0}", 0),
    ],
)
def test_cost(ask, model_server, model, prices, cost):
    """A call costs what the user's prices say; where they do not say, it is not known."""
    (model_server.user / "prices.yaml").write_text(prices)
    assert cost == ask(model=model)[1]["llm_usage"]["cost_usd"]


def test_broken_prices(ask, model_server):
    """All that is wrong with the prices is told before anything is asked."""
    path = model_server.user / "prices.yaml"
    path.write_text("a: 5\nb: {input: -1, outptu: 2}\nc: {input: true, output: .nan}\n")
    with pytest.raises(Unhealable) as caught:
        ask()
    said = [problem.message.partition("cannot be read: ")[2] for problem in caught.value.problems]
    assert [
        "'a' has no map of prices (input, output)",
        "'b' has no price for its output",
        "the price of 'b' for input is no number from 0 on: USD for a million tokens",
        "'b' has a price for 'outptu': did you mean 'output'? known: cache_creation, cache_read, input, output",
        "the price of 'c' for input is no number from 0 on: USD for a million tokens",
        "the price of 'c' for output is no number from 0 on: USD for a million tokens",
    ] == said
    for text, words in (("[", "cannot be read: while parsing"), ("- 1", "it is no map of models to prices")):
        path.write_text(text)
        with pytest.raises(Unhealable, match=words):
            ask()
    assert [] == model_server.requests


def test_batch_in_parallel(model_server):
    """Fifty items, ten at a time: each has its own answer, and usage stands in the order of the items."""
    model_server.together = threading.Barrier(10)
    batch = {"items": list(range(50)), "parallel": True, "max_concurrent": 10}
    result = _flow(batch, model="says", prompt="number ${item}").run()
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


def test_first_items_together(model_server):
    """Items that are the first of their process to need the library all find its models."""
    script = (
        "import os, threading\nfrom pflow_engine import compile_ir_to_flow\n"
        "batch = {'items': list(range(8)), 'parallel': True, 'max_concurrent': 8}\n"
        "node = {'id': 'ask', 'type': 'llm', 'params': {'prompt': 'x', 'model': 'says'}, 'batch': batch}\n"
        "print(compile_ir_to_flow({'nodes': [node]}).run().store['ask']['success_count'])\n"
    )
    ran = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert ("8\n", "") == (ran.stdout, ran.stderr)


def test_retried(model_server):
    """A server that is busy at first is asked again, and a key that is wrong is not."""
    batch = {"items": [1], "max_retries": 3, "error_handling": "continue"}
    healed = _flow(batch, model="flaky").run()
    assert (1, 2) == (healed.outputs["success_count"], len(model_server.requests))
    assert [2] == [call["attempt"] for call in healed.store["__llm_calls__"]]
    refused = _flow(batch, model="status-401").run()
    assert [1] == [each["attempts"] for each in refused.store["ask"]["errors"]]
    assert 3 == len(model_server.requests)


def test_calls_of_nested(model_server, tmp_path):
    """Calls in a nested workflow are told by their path, with the index of the outer item."""
    batch = {"items": ["a", "b"], "parallel": True}
    inner = {"id": "ask", "type": "llm", "params": {"prompt": "${item}", "model": "says"}, "batch": batch}
    (tmp_path / "inner.json").write_text(json.dumps({"nodes": [inner]}))
    outer = {"id": "sub", "type": "workflow", "params": {"workflow_ref": "inner.json"}, "batch": {"items": [1, 2]}}
    (tmp_path / "outer.json").write_text(json.dumps({"nodes": [outer]}))
    from pflow_engine import run  # noqa: PLC0415  # beside the one fixture of this name

    calls = run(tmp_path / "outer.json").store["__llm_calls__"]
    expected = [("sub/ask[0]", 0), ("sub/ask[1]", 0), ("sub/ask[0]", 1), ("sub/ask[1]", 1)]
    assert expected == [(call["node_id"], call["item_index"]) for call in calls]


def test_error_edge(model_server):
    """An error edge takes what cannot heal as well as what can."""
    edges = [{"from": "ask", "to": "alert", "action": "error"}]
    more = [{"id": "alert", "type": "echo", "params": {"said": "${ask.error}"}}]
    for model in ("status-401", "status-500"):
        result = _flow(edges=edges, more=more, model=model).run()
        assert f"model '{model}': HTTP {model[-3:]}" in result.outputs["said"]


def test_json_in_answer(model_server):
    """An answer that is JSON stays text, and templates look into it."""
    more = [{"id": "end", "type": "echo", "params": {"label": "${ask.response.label}"}}]
    said = '{"label": "bug"}'
    result = _flow(more=more, model="repeats", prompt=said).run()
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


def test_batch_timeout(model_server):
    """An attempt that takes too long fails, and what comes late lands nowhere."""
    others = threading.enumerate()
    batch = {"items": [1, 2], "parallel": True, "timeout": 0.5, "error_handling": "continue"}
    result = _flow(batch, model="hang").run()
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


def test_without_the_extra(tmp_path):
    """Without the library the type is known, and running it says what to install."""
    (tmp_path / "llm.py").write_text("raise ModuleNotFoundError('No module named llm', name='llm')")
    script = (
        "from pflow_engine import compile_ir_to_flow\n"
        "flow = compile_ir_to_flow({'nodes': [{'id': 'ask', 'type': 'llm', 'params': {'prompt': 'x'}}]})\n"
        "print(flow.run().error.summary)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=True)
    assert "a node of type 'llm' needs the library llm: pip install 'pflow-testkit[llm]'\n" == ran.stdout


@pytest.mark.parametrize("error", [ModuleNotFoundError("no x", name="x"), RuntimeError("no")])
def test_broken_plugin(monkeypatch, error):
    """A plugin of the library that fails at import is told each time, and is not taken for a missing model."""

    def fail(_name):
        raise error

    monkeypatch.setattr(llm_models, "import_module", fail)
    llm_models._loaded.cache_clear()
    try:
        for _ in range(2):
            with pytest.raises(Unhealable, match=f"the library llm cannot be loaded: {type(error).__name__}: no"):
                llm_models.library()
    finally:
        llm_models._loaded.cache_clear()


def test_lazy_import():
    """The library is loaded when such a node runs, not when one is compiled."""
    script = (
        "import sys\nfrom pflow_engine import compile_ir_to_flow\n"
        "compile_ir_to_flow({'nodes': [{'id': 'ask', 'type': 'llm', 'params': {'prompt': 'x'}}]})\n"
        "print([name for name in ('llm', 'openai', 'pydantic', 'httpx', 'httpx2') if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == ran.stdout
