"""The same doubling by other engines, each as its own manual has it."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

from timing import Contestant, Entry, installed, timed
from work import double, doubled


def rivals(count: int, sent: int) -> list[Entry]:
    """PocketFlow over ``count`` numbers, LangGraph over ``sent``, since its cost grows with their number."""
    module, package = "langgraph.graph", "langgraph"
    return [
        installed("pocketflow", "pocketflow", "pocketflow AsyncParallelBatchNode", lambda name: _gather(name, count)),
        installed("pocketflow", "pocketflow", "pocketflow AsyncParallelBatchFlow", lambda name: _flows(name, count)),
        installed(package, module, f"langgraph Send, 10 at a time, of {sent:,} items", lambda name: _send(name, sent)),
    ]


def sequential_rivals(count: int) -> list[Entry]:
    """Those that take one after the other."""
    return [installed("pocketflow", "pocketflow", "pocketflow BatchNode", lambda name: _each(name, count))]


def _each(name: str, count: int) -> Contestant:
    from pocketflow import BatchNode  # noqa: PLC0415  # may not be installed

    class Double(BatchNode):
        def prep(self, shared: dict[str, Any]) -> Any:
            return shared["numbers"]

        def exec(self, prep_res: int) -> dict[str, Any]:
            return double(prep_res)

        def post(self, shared: dict[str, Any], prep_res: Any, exec_res: Any) -> None:
            shared["results"] = exec_res

    def act() -> list[dict[str, Any]]:
        shared: dict[str, Any] = {"numbers": range(count)}
        Double().run(shared)
        return shared["results"]

    return timed(name, act, count, doubled(count))


def _gather(name: str, count: int) -> Contestant:
    from pocketflow import AsyncParallelBatchNode  # noqa: PLC0415  # may not be installed

    class Double(AsyncParallelBatchNode):
        async def prep_async(self, shared: dict[str, Any]) -> Any:
            return shared["numbers"]

        async def exec_async(self, prep_res: int) -> dict[str, Any]:
            return double(prep_res)

        async def post_async(self, shared: dict[str, Any], prep_res: Any, exec_res: Any) -> None:
            shared["results"] = exec_res

    def act() -> list[dict[str, Any]]:
        shared: dict[str, Any] = {"numbers": range(count)}
        asyncio.run(Double().run_async(shared))
        return shared["results"]

    return timed(name, act, count, doubled(count))


def _flows(name: str, count: int) -> Contestant:
    from pocketflow import AsyncNode, AsyncParallelBatchFlow  # noqa: PLC0415  # may not be installed

    class Double(AsyncNode):
        async def post_async(self, shared: dict[str, Any], prep_res: Any, exec_res: Any) -> None:
            number = self.params["value"]
            shared["results"][number] = double(number)

    class Numbers(AsyncParallelBatchFlow):
        async def prep_async(self, shared: dict[str, Any]) -> Any:
            return [{"value": number} for number in range(len(shared["results"]))]

    def act() -> list[dict[str, Any]]:
        shared: dict[str, Any] = {"results": [None] * count}
        asyncio.run(Numbers(start=Double()).run_async(shared))
        return shared["results"]

    return timed(name, act, count, doubled(count))


class _State(TypedDict):
    numbers: Any
    results: Annotated[list[dict[str, Any]], operator.add]


def _send(name: str, count: int) -> Contestant:
    from langgraph.graph import END, START, StateGraph  # noqa: PLC0415  # may not be installed
    from langgraph.types import Send  # noqa: PLC0415  # as above

    graph = StateGraph(_State)
    graph.add_node("double", lambda state: {"results": [double(state["value"])]})
    graph.add_conditional_edges(
        START, lambda state: [Send("double", {"value": number}) for number in state["numbers"]], ["double"]
    )
    graph.add_edge("double", END)
    compiled = graph.compile()

    def act() -> list[dict[str, Any]]:
        state = compiled.invoke({"numbers": range(count), "results": []}, {"max_concurrency": 10})
        return state["results"]

    return timed(name, act, count, doubled(count))
