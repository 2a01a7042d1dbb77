"""Node types that share what they should not, and their sound twins."""

import itertools
import threading

from pflow_engine import Node, Registry, compile_ir_to_flow


class Tally(Node):
    total = 0

    def exec(self, prep_result):
        n = Tally.total
        Tally.total = n + 1
        return n + 1

    def post(self, shared, prep_result, exec_result):
        shared["total"] = exec_result


class Counting(Node):
    total = 0
    lock = threading.Lock()

    def exec(self, prep_result):
        with Counting.lock:
            Counting.total += 1
        return self.params["value"] * 2

    def post(self, shared, prep_result, exec_result):
        shared["doubled"] = exec_result


class Marking(Node):
    def post(self, shared, prep_result, exec_result):
        shared["seen"]["last"] = self.params["value"]


class Last(Node):
    item = None

    def prep(self, shared):
        Last.item = shared["item"]

    def post(self, shared, prep_result, exec_result):
        shared["half"] = True
        shared["item_seen"] = Last.item


class Failing(Node):
    def exec(self, prep_result):
        if self.params["value"] == 1:
            raise ValueError("one is too many")
        return self.params["value"]

    def post(self, shared, prep_result, exec_result):
        shared["value"] = exec_result
        shared["llm_usage"] = {"tokens": exec_result}


class Timing(Node):
    ticks = itertools.count()

    def post(self, shared, prep_result, exec_result):
        shared["at"] = next(Timing.ticks)


def flow_of(kind, items=2, **batch):
    """A flow of one batch of numbers over nodes of a type."""
    registry = Registry.default()
    registry.register("it", kind)
    node = {
        "id": "it",
        "type": "it",
        "batch": {"items": [*range(items)], "parallel": True, **batch},
        "params": {"value": "${item}"},
    }
    return compile_ir_to_flow({"inputs": {"seen": {"type": "object", "default": {}}}, "nodes": [node]}, registry)
