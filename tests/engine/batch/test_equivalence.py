"""Sequential and parallel are the same but for timing."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pflow_engine import Node, Registry, Unhealable, compile_ir_to_flow
from pflow_engine.errors import Problem

WAYS = ("succeed", "nothing", "own item", "raise", "return", "action", "both", "exit", "hopeless")


class _Behave(Node):
    """Fails the way its item says until attempt ``heals``, then behaves the way it says."""

    def post(self, shared, _prepared, _executed):
        item = self.params["do"]
        # Something that a later attempt, or another item, could find.
        shared["found"] = "mark" in shared
        shared["mark"] = True
        item["spoilt"] = item.get("spoilt", 0) + 1
        shared["spoilt"] = item["spoilt"]
        attempt = self.context.attempt
        return getattr(self, "_" + item["way"].replace(" ", "_"))(shared, item) if attempt < item["heals"] else None

    def _succeed(self, shared, item):
        shared["value"] = item["value"]
        shared["llm_usage"] = {"total_tokens": item["value"]}

    def _nothing(self, shared, _item):
        shared.clear()

    def _own_item(self, shared, item):
        shared["item"] = item["value"]

    def _raise(self, _shared, item):
        raise ValueError(f"raised {item['value']}")

    def _return(self, shared, item):
        shared["error"] = f"returned {item['value']}"

    def _action(self, _shared, _item):
        return "error"

    def _both(self, shared, _item):
        shared["error"] = {"code": 5}
        return "error"

    def _exit(self, _shared, _item):
        raise SystemExit(3)

    def _hopeless(self, _shared, _item):
        raise Unhealable(Problem("hopeless", "nothing helps"))


items = st.lists(
    st.fixed_dictionaries(
        {"way": st.sampled_from(WAYS), "heals": st.sampled_from([1, 2, 3, 99]), "value": st.integers(0, 9)}
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def behave():
    """A registry with the node that does as its item says."""
    registry = Registry()
    registry.register("behave", _Behave)
    return registry


def _run(registry, xs, *, parallel, **batch):
    batch = {"items": "${xs}", "parallel": parallel, **batch}
    node = {"id": "b", "type": "behave", "params": {"do": "${item}"}, "batch": batch}
    return compile_ir_to_flow({"nodes": [node]}, registry).run({"xs": xs})


def _comparable(result):
    """Everything a run left behind, without timing and without what tells the modes apart."""
    store, trace = copy.deepcopy(result.store), result.trace.to_dict()
    (record,) = trace["nodes"]
    for output in (store["b"], record["outputs"]):
        for name in ("parallel", "execution_mode", "max_concurrent", "timing"):
            del output["batch_metadata"][name]
    rows = [(item["status"], item["attempts"], item["error"]) for item in record["batch"]["items"]]
    error = str(result.error)
    return (
        result.status,
        store,
        error,
        record["outputs"],
        record["llm_calls"],
        record["warnings"],
        record["error"],
        rows,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(xs=items, retries=st.integers(1, 3), workers=st.integers(1, 5))
def test_continue_equivalent(behave, xs, retries, workers):
    """Under continue both modes leave the same store, errors, statuses, usage and trace."""
    batch = {"error_handling": "continue", "max_retries": retries, "max_concurrent": workers}
    one, other = _run(behave, xs, parallel=False, **batch), _run(behave, xs, parallel=True, **batch)
    assert _comparable(one) == _comparable(other)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(xs=items, retries=st.integers(1, 3), workers=st.integers(1, 5))
def test_fail_fast_equivalent(behave, xs, retries, workers):
    """Under fail_fast both modes raise the same error, and are the same up to the item that failed."""
    batch = {"max_retries": retries, "max_concurrent": workers}
    one, other = _run(behave, xs, parallel=False, **batch), _run(behave, xs, parallel=True, **batch)
    assert (one.status, str(one.error)) == (other.status, str(other.error))
    failed = getattr(one.error, "index", len(xs) - 1)
    assert _up_to(one, failed) == _up_to(other, failed)


def _up_to(result, index):
    rows = [row[:3] for row in result.trace.nodes[0].batch.items]
    return rows[: index + 1], result.store["b"]["results"][: index + 1]
