"""Names to models: those of the library, of its lists, and of its plugins."""

import os
import subprocess
import sys

import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin import llm_models


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


def test_key_of_environment(model_server, monkeypatch, llm_flow):
    """A model of OpenAI's takes the key and the address from the environment, which the trace does not show."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment-key")
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.url)
    result = llm_flow(model="gpt-4o", prompt="I have sk-environment-key").run()
    assert ["Bearer sk-environment-key"] == model_server.keys
    assert "You said: I have [redacted]" == result.trace.to_dict()["outputs"]["response"]


def test_user_folder_untouched(model_server, llm_flow):
    """The library writes nothing into its folder: no log, no configuration."""
    before = sorted(model_server.user.iterdir())
    llm_flow(model="says").run()
    assert before == sorted(model_server.user.iterdir())


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


def test_without_the_extra(tmp_path):
    """Without the library the type is known, and running it says what to install; what import warns of is no error."""
    (tmp_path / "llm.py").write_text(
        "import warnings\nwarnings.warn('old', DeprecationWarning)\nraise ModuleNotFoundError('no llm', name='llm')"
    )
    script = (
        "from pflow_engine import compile_ir_to_flow\n"
        "flow = compile_ir_to_flow({'nodes': [{'id': 'ask', 'type': 'llm', 'params': {'prompt': 'x'}}]})\n"
        "print(flow.run().error.summary)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, env=env, check=True
    )
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


def test_other_provider(ask, plug, model_server):
    """A plugin's model answers as OpenAI's do; it need not count, and what it counts beside the input costs more."""
    plug("Hi", " there")
    assert ("Hi there", None) == (ask(model="other")[1]["response"], ask(model="other")[1]["llm_usage"]["total_tokens"])
    with pytest.raises(Unhealable, match="model 'other': temperature: Extra inputs are not permitted"):
        ask(model="other", temperature=1)
