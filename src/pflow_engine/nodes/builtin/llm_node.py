"""A prompt and its settings to what a model says."""

from __future__ import annotations

from typing import Any, ClassVar

from pflow_engine.nodes.builtin.aside import aside
from pflow_engine.nodes.builtin.llm_question import Question, question_of
from pflow_engine.nodes.builtin.outputs import leave
from pflow_engine.nodes.builtin.params import read_params
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import LLM_CALLS, Store


class Llm(Node):
    """Asks a model, through the library ``llm`` and whatever providers are plugged into that."""

    interface: ClassVar[Interface] = Interface(
        params={
            "prompt": Param("string", required=True, description="what to ask the model"),
            "system": Param("string", description="what it is told beforehand"),
            "model": Param("string", description="a name or alias that `llm models` lists; its default when left out"),
            "temperature": Param("number", description="how far it may stray, from 0"),
            "max_tokens": Param("integer", description="how long its answer may be"),
            "images": Param(description="the path or URL of an image, or a list of them"),
        },
        outputs={"response": "string", "llm_usage": "object", "error": "string"},
        actions=("default", "error"),
        effects="model",
    )

    def prep(self, _shared: Store) -> Question:
        """The question."""
        return question_of(read_params(self.interface, self.params))

    def exec(self, prep_result: Question) -> tuple[dict[str, Any], float]:
        """The outputs, and the milliseconds that the answer took."""
        from pflow_engine.nodes.builtin.llm_exchange import ask  # noqa: PLC0415  # beside it, for start-up time

        started, context = self.context.clock.now(), self.context
        outputs = aside(lambda token: ask(prep_result, token, context.keep_secret), context.cancel)
        took = (context.clock.now() - started) * 1000
        return outputs or {"error": "cancelled"}, round(took, 3)

    def post(self, shared: Store, _prep_result: Question, exec_result: tuple[dict[str, Any], float]) -> Action:
        """Leave the outputs, and tell of the call: how long it took is no output, since it is never the same."""
        outputs, took = exec_result
        if "llm_usage" in outputs:
            shared[LLM_CALLS].append({**outputs["llm_usage"], "duration_ms": took})
        return leave(shared, outputs)
