"""Everything that goes wrong between a question and its answer, to words."""

import json
import logging
import socket
from types import SimpleNamespace

import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin.llm_failures import failure

KEY = "key-of-the-local-server"


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


@pytest.mark.parametrize(("model", "said"), [("newer-cut", "was cut off"), ("newer-filtered", "content filter")])
def test_newer_interface_fails(ask, model, said):
    """So they do when the answer is none."""
    assert said in ask(model=model)[1]["error"]


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


def test_missing_key(ask, model_server):
    """A key that is not there cannot heal; how to add one is told."""
    (model_server.user / "keys.json").unlink()
    with pytest.raises(Unhealable, match="No key found - add one using 'llm keys set local'"):
        ask()


def test_half_a_key():
    """A key is taken out of a long text before that is cut, and with it what would be left of the key."""
    said = failure(RuntimeError("x" * 490 + f" {KEY}"), SimpleNamespace(model_id="m"), [KEY], asked=True)["error"]
    assert said.endswith("x [redacted…")


def test_key_not_told(model_server, caplog, llm_flow):
    """A stored key is neither in the trace, though the model says it, nor in any log."""
    caplog.set_level(logging.DEBUG)
    result = llm_flow(model="says", prompt=f"my key is {KEY}").run()
    assert "my key is [redacted]" in json.dumps(result.trace.to_dict())
    assert KEY not in json.dumps(result.trace.to_dict()) + caplog.text
    assert [] == [record for record in caplog.records if record.name.startswith(("openai", "http"))]


@pytest.mark.parametrize("model", ["silent", "whole-silent"])
def test_silent_model(ask, model):
    """An answer without words is an answer."""
    assert (None, "") == (ask(model=model)[0], ask(model=model)[1]["response"])
