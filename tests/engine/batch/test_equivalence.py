"""However the items of a batch are run, the run comes to the same.

A way of running is a parameter of the law: one more way is one more ``Way``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pflow_engine import DaskExecutor, Registry, compile_ir_to_flow
from pflow_engine.wrappers import batch as engine
from pflow_testkit.strategies import batch_configs

PATIENCE = 60
MOST = 6
"""Items of a generated batch: fewer than the most workers, so that all of them may be in flight at once."""

DEEDS = (
    "succeed", "nothing", "item", "raise", "mute", "report", "act", "both", "elsewhere", "exit", "cancelled",
    "hopeless", "use", "call", "pay", "unlist", "forget", "delete", "usurp", "exotic",
)  # fmt: skip


class Case(NamedTuple):
    """A workflow whose batches do not say how their items are run, and its inputs."""

    workflow: dict[str, Any]
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How the items are run: one by one, or by workers of an executor.

    With an ``order`` all items are in flight at once, and they end (``late``) or begin their work in the order of
    these ranks. It needs as many workers as there are items, and the process of the test.
    """

    executor: Callable[[int], Executor] | None = None
    workers: int = 8
    order: tuple[int, ...] = ()
    late: bool = True

    def settle(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node with its batch run this way."""
        if "batch" not in node:
            return node
        mode = {"parallel": self.executor is not None, "max_concurrent": self.workers}
        return {**node, "batch": {**node["batch"], **mode}}


ONE_BY_ONE = Way()


words = st.sampled_from(["", "0", "a", "${item}", "ü\n", "null"])
atoms = st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from([0.0, -0.5, 1e300]) | words
anything = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "name", "item"]), inner),
    max_leaves=4,
)
items = st.sampled_from([MOST, 4, 3, 2, 0]).flatmap(
    lambda size: st.lists(anything | st.fixed_dictionaries({"value": anything}), min_size=size, max_size=size)
)
plans = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(DEEDS),
            "until": st.sampled_from([1, 2, 9, 3, 0]),
            "value": st.sampled_from([None, 0, "", 7, "w", [], {"a": [1]}]),
        }
    ),
    min_size=3,
    max_size=MOST,
)
SOURCES = ("${xs}", "${pre0.values}", "${pre0.stdout}", "inline", "${xs}", "${pre0.stdout}", "inline", "${word}")
INLINE = ("${word}", {"value": "<${word}>"}, 0, None, "", ["${xs}", {"deep": "${xs}"}], "text")
PARAMS = {
    "text": "<${@}|${__index__}>",
    "field": "${@.value}",
    "either": '${@.value ?? "none"}',
    "deep": {"list": ["${@}", "n${__index__}"], "other": "${word}"},
    "other": "${pre0.word}",
}
EMITS = {"values": "${xs}", "stdout": "${printed}", "word": "${word}"}
MEND = {
    "id": "mend",
    "type": "emit",
    "params": {"why": "${first.error}", "entry": '${first.errors[0].error ?? "none"}'},
}
SECOND = ("${first.results}", "${first.results}", "${first.results}", "${first.errors}")
READS = ("results", "count", "errors", "results[0].value", "batch_metadata.retried", 'errors[0].error ?? "none"')


@st.composite
def _batches(draw, name, source, alias):
    extra = draw(st.lists(st.sampled_from(sorted(PARAMS)), unique=True, max_size=3))
    params = {"plan": draw(plans), "at": "${__index__}", "given": "${@}", **{key: PARAMS[key] for key in extra}}
    made = batch_configs(items=st.just(source), aliases=st.just(alias), timeouts=st.just(PATIENCE))
    batch = {"as": alias, "error_handling": "continue", **draw(made)}
    params = json.loads(json.dumps(params).replace("@", alias))
    return {"id": name, "type": "behave", "params": params, "batch": batch}


@st.composite
def cases(draw):
    """A workflow: at most three nodes, one or two batches and two nodes more, and a node for what fails."""
    source = draw(st.sampled_from(SOURCES))
    if source == "inline":
        source = draw(st.lists(st.sampled_from(INLINE), min_size=2, max_size=MOST))
    first = draw(_batches("first", source, draw(st.sampled_from(["item", "row", "_x"]))))
    batches = [first]
    if draw(st.booleans()):
        batches.append(draw(_batches("second", draw(st.sampled_from(SECOND)), "it")))
    reads = draw(st.lists(st.sampled_from(READS), max_size=2))
    after = [
        {"id": f"post{number}", "type": "emit", "params": {"read": f"${{{batches[-1]['id']}.{read}}}"}}
        for number, read in enumerate(reads)
    ]
    needed = "pre0" in json.dumps(batches)
    before = [{"id": f"pre{number}", "type": "emit", "params": EMITS} for number in range(draw(st.integers(needed, 3)))]
    edges = draw(_edges([node["id"] for node in (*before, *batches, *after)], first))
    mend = [MEND] if edges and edges[-1]["to"] == "mend" else []
    workflow = {
        "nodes": [*before, *batches, *after, *mend],
        "edges": edges,
        "inputs": {name: {} for name in ("xs", "word", "printed")},
        "enable_namespacing": draw(st.booleans()),
        "template_resolution_mode": draw(st.sampled_from(["strict", "strict", "permissive"])),
        **draw(st.sampled_from([{}, {"outputs": {"count": {"source": "${first.count}"}}}])),
    }
    xs, word, printed = draw(items), draw(anything), json.dumps(draw(items)) + "\n"
    return Case(workflow, {"xs": xs, "word": word, "printed": printed})


@st.composite
def _edges(draw, chain, first):
    """From each node to the next; the first batch's failure to the mending node, and from there sometimes on."""
    edges = [{"from": one, "to": other} for one, other in pairwise(chain)]
    if not draw(st.booleans()):
        return edges
    onward = [] if first["batch"]["error_handling"] == "fail_fast" or chain[-1] in ("first", "second") else [chain[-1]]
    edges += [{"from": "mend", "to": node_id} for node_id in onward if draw(st.booleans())]
    return [*edges, {"from": "first", "to": "mend", "action": "error"}]


@pytest.fixture(scope="module", params=["threads", "dask-local", "dask-separate"])
def pool(request, no_time, local_cluster, separate_cluster):
    """What makes the executors of the way that is held against one by one: threads, or a cluster's workers."""
    if request.param == "threads":
        yield ThreadPoolExecutor
        return
    cloudpickle, distributed = pytest.importorskip("cloudpickle"), pytest.importorskip("distributed")
    # No worker can import the module that the nodes are from.
    nodes = sys.modules[type(no_time).__module__]
    cloudpickle.register_pickle_by_value(nodes)
    with (
        local_cluster(2) if request.param == "dask-local" else separate_cluster(2) as cluster,
        distributed.Client(cluster.address, set_as_default=False) as client,
    ):
        yield DaskExecutor(client)
    cloudpickle.unregister_pickle_by_value(nodes)


@pytest.fixture(scope="module")
def run(new_registry, no_time, new_turns):
    """``run(workflow, inputs, way)``: the result. ``ended`` is filled with the items, as they end."""

    def run(workflow, inputs, way, *, ended=None):
        registry, turns = new_registry(), new_turns(way)
        if way.order:
            registry.plug(turns)
        settled = {**workflow, "nodes": [way.settle(node) for node in workflow["nodes"]]}
        flow = compile_ir_to_flow(settled, registry)
        result = flow.run(inputs, clock=no_time, executor=way.executor, on_event=turns.listen if way.order else None)
        if ended is not None:
            ended += turns.ended
        return result

    return run


@pytest.fixture(scope="module")
def law(run, canonical, found):
    """``law(workflow, inputs, way_a, way_b)``: both ways come to the same, and no item finds anything of another."""

    def law(workflow, inputs, way_a, way_b):
        one, other = run(workflow, inputs, way_a), run(workflow, inputs, way_b)
        assert canonical(one) == canonical(other)
        assert ([], []) == (found(one), found(other))

    return law


@settings(max_examples=80, deadline=None)
@given(case=cases(), workers=st.integers(1, 8))
def test_pool_as_one_by_one(law, pool, case, workers):
    """Run by workers, a workflow leaves the same store, error and trace as one by one."""
    law(*case, ONE_BY_ONE, Way(pool, workers))


@settings(max_examples=25, deadline=None)
@given(case=cases(), workers=st.integers(1, 8), others=st.integers(1, 8))
def test_any_number_of_workers(law, pool, case, workers, others):
    """Any two numbers of workers come to the same."""
    law(*case, Way(pool, workers), Way(pool, others))


@settings(max_examples=20, deadline=None)
@given(case=cases(), workers=st.none() | st.integers(1, 8))
def test_same_way_twice(law, pool, case, workers):
    """The same way twice comes to the same."""
    way = ONE_BY_ONE if workers is None else Way(pool, workers)
    law(*case, way, way)


@settings(max_examples=60, deadline=None)
@given(case=cases(), order=st.permutations(range(MOST)), late=st.booleans())
def test_any_order(law, case, order, late):
    """Whatever the order in which items begin their work or end, the run comes to the same as one by one."""
    law(*case, ONE_BY_ONE, Way(ThreadPoolExecutor, MOST, tuple(order), late=late))


@settings(max_examples=50, deadline=None)
@given(case=cases(), workers=st.integers(1, 8))
def test_fail_fast_is_continue_cut_short(run, spelled, case, workers):
    """Items start in order, and each that a fail_fast batch started comes to what it comes to under continue."""
    whole = _batches_of(run(_handling(case.workflow, "continue"), case.inputs, ONE_BY_ONE))
    for way in (ONE_BY_ONE, Way(ThreadPoolExecutor, workers)):
        for name, (rows, outputs) in _batches_of(run(_handling(case.workflow, "fail_fast"), case.inputs, way)).items():
            words = [word for word, *_ in rows]
            started = _started(rows, outputs)
            assert words.count("failed") <= (1 if way is ONE_BY_ONE else workers)
            assert _part(*whole[name], started, spelled) == _part(rows, outputs, started, spelled)


def _handling(workflow, word):
    changed = [
        {**node, "batch": {**node["batch"], "error_handling": word}} if "batch" in node else node
        for node in workflow["nodes"]
    ]
    return {**workflow, "nodes": changed}


def _batches_of(result):
    ran = [node for node in result.trace.nodes if node.batch]
    return {node.id: ([row[:3] for row in node.batch.items], result.store[node.id]) for node in ran}


def _started(rows, outputs):
    """How many items started, once it is sure that they did so in order and that all the numbers agree."""
    words, attempts = [word for word, *_ in rows], [tries for _, tries, _ in rows]
    started = len(words) - words.count("cancelled")
    assert {"cancelled"}.issuperset(words[started:])
    assert [word != "cancelled" for word in words] == [tries > 0 for tries in attempts]
    assert [None] * (len(words) - started) == outputs["results"][started:]
    assert (len(words), words.count("completed"), words.count("failed"), sum(tries > 1 for tries in attempts)) == (
        outputs["count"],
        outputs["success_count"],
        outputs["error_count"],
        outputs["batch_metadata"]["retried"],
    )
    return started


def _part(rows, outputs, started, spelled):
    errors = [entry for entry in outputs["errors"] or () if entry["index"] < started]
    return spelled([rows[:started], outputs["results"][:started], errors])


REVERSED = Way(ThreadPoolExecutor, MOST, tuple(reversed(range(MOST))), late=False)


def _plain(error_handling="continue", *deeds):
    """A batch of one item for each deed: done at all three attempts, or by the first item at the first of them."""
    plan = [{"do": deed, "until": 3 if number else 1, "value": number} for number, deed in enumerate(deeds)]
    batch = {"items": "${xs}", "error_handling": error_handling, "max_retries": 3}
    params = {"plan": plan, "at": "${__index__}", "given": "${item}"}
    return Case({"nodes": [{"id": "first", "type": "behave", "params": params, "batch": batch}]}, {"xs": [*deeds]})


@pytest.mark.parametrize("late", [False, True])
@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(MOST)))
def test_order_is_forced(run, order, late):
    """The items of an ordered way end in the order of their ranks, whatever that is."""
    ended = []
    run(*_plain("continue", *["succeed"] * MOST), Way(ThreadPoolExecutor, MOST, tuple(order), late=late), ended=ended)
    assert sorted(range(MOST), key=order.__getitem__) == ended


def test_shared_data_is_caught(law):
    """A store is copied shallowly: items that change data they all got through a template depend on their order."""
    workflow, inputs = _plain("continue", *["push"] * 3)
    workflow["nodes"][0]["params"]["all"] = "${xs}"
    with pytest.raises(AssertionError):
        law(workflow, inputs, ONE_BY_ONE, REVERSED)


def _noting(monkeypatch, change):
    """Let ``change(outcomes, ended)`` have the outcomes of each batch that someone listens to."""
    real = engine.run_batch

    def run_batch(job, **how):
        if job.on_item is None:
            return real(job, **how)
        ended = []

        def tell(event):
            job.on_item(event)
            if event.kind == "item_end":
                ended.append(event.index)

        return change(real(replace(job, on_item=tell), **how), ended)

    monkeypatch.setattr(engine, "run_batch", run_batch)


def _results_as_they_end(monkeypatch):
    _noting(monkeypatch, lambda outcomes, ended: [outcomes[i]._replace(index=n) for n, i in enumerate(ended)])


def _errors_as_they_end(monkeypatch):
    noted, real = [], engine.error_entries
    _noting(monkeypatch, lambda outcomes, ended: noted.extend(ended) or outcomes)

    def entries(*given):
        found = real(*given)
        return sorted(found, key=lambda entry: noted.index(entry["index"])) if found and noted else found

    monkeypatch.setattr(engine, "error_entries", entries)


def _first_in_time_raised(monkeypatch):
    def change(outcomes, ended):
        first = next(index for index in ended if outcomes[index].status == "failed")
        return [
            outcome._replace(status="completed") if outcome.status == "failed" and outcome.index != first else outcome
            for outcome in outcomes
        ]

    _noting(monkeypatch, change)


def _leaking(monkeypatch, whose):
    """Let an attempt begin with the marks that those before it left which ``whose(call)`` gives the same for."""
    left, real = {}, Registry.wrap

    def wrap(registry, spec, layer):
        inner = real(registry, spec, layer)

        class Leak:
            def run(self, call, *more):
                store = more[0] if more else call.store
                marks = left.setdefault(whose(call), {})
                store.update(dict(marks))
                try:
                    return inner.run(call, *more)
                finally:
                    marks.update({key: True for key in store if key.startswith("mark")})

        return Leak()

    monkeypatch.setattr(Registry, "wrap", wrap)


def _namespace_shared(monkeypatch):
    _leaking(monkeypatch, lambda call: id(call.recorder))


def _namespace_kept(monkeypatch):
    _leaking(monkeypatch, lambda call: (id(call.recorder), call.index))


MIXED = _plain("continue", "raise", "succeed", "report", "raise", "succeed")


@pytest.mark.parametrize(
    ("twin", "case"),
    [
        (_results_as_they_end, MIXED),
        (_errors_as_they_end, MIXED),
        (_namespace_shared, MIXED),
        (_namespace_kept, MIXED),
        (_first_in_time_raised, _plain("fail_fast", "succeed", "raise", "succeed", "raise")),
    ],
    ids=lambda value: getattr(value, "__name__", "case").strip("_"),
)
def test_law_catches(law, monkeypatch, twin, case):
    """The law holds for the engine, and not for a broken twin of it."""
    law(*case, ONE_BY_ONE, REVERSED)
    twin(monkeypatch)
    with pytest.raises(AssertionError):
        law(*case, ONE_BY_ONE, REVERSED)
