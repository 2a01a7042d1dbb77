"""Faults that are put into the calls of nodes."""

import math
import re
import threading

import pytest
import yaml

from pflow_engine import CancelToken, InvalidWorkflow, Node, RealClock, Registry, compile_ir_to_flow, validate
from pflow_engine.document.load import from_data
from pflow_engine.validation.structure import build_validator
from pflow_testkit.cases import InvalidCase, case_schema, load_cases
from pflow_testkit.clock import SkippingClock
from pflow_testkit.faults import Faults, InjectedError
from pflow_testkit.runner import Setting, prepare_case
from pflow_testkit.stubs import CallLog, StandIns

PATIENCE = 60
HOUR = 3600
WORDS = ["aabb", "ccdd", "eeff"]
MODES = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


class _Ran:
    """A run with faults: its result, the calls of its nodes, the waits."""

    def __init__(self, ir, written, *, stubs=None, registry=None, clock=None, **options):
        self.faults = Faults.of(written)
        self.log, self.clock = CallLog(), clock or SkippingClock()
        document, registry = from_data(ir), registry or Registry.default()
        registry.plug(StandIns(stubs or {}, False, self.log, document, self.faults))
        workflow = validate(document, registry)
        assert [] == list(self.faults.misfits(workflow, registry))
        self.result = compile_ir_to_flow(workflow, registry).run(clock=self.clock, **options)
        self.faults.after(self.result.trace.nodes)

    @property
    def calls(self):
        return [(call.index, call.attempt) for call in self.log.calls("b")]

    @property
    def rows(self):
        """Of each item: status, attempts, error."""
        return [row[:3] for row in self.result.trace.nodes[-1].batch.items]

    @property
    def texts(self):
        return [entry and entry.get("text") for entry in self.result.store["b"]["results"]]

    @property
    def unmet(self):
        return [said.partition(" was never met: ")[2] for _, said, _ in self.faults.unmet_faults()]


def _plain(kind="echo", **params):
    return {"nodes": [{"id": "b", "type": kind, "params": params or {"text": "aabb"}}]}


def _batch(items=WORDS, kind="echo", params=None, **batch):
    batch = {"items": items, "error_handling": "continue", **batch}
    return {"nodes": [{"id": "b", "type": kind, "params": params or {"text": "${item}"}, "batch": batch}]}


def _loop():
    """Runs ``b`` until its stub says that it is enough."""
    nodes = [{"id": "b", "type": "http", "params": {"url": "x"}}, {"id": "end", "type": "echo"}]
    edges = [{"from": "b", "to": "b", "action": "again"}, {"from": "b", "to": "b", "action": "error"}]
    return {"nodes": nodes, "edges": [*edges, {"from": "b", "to": "end"}]}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"raises": "busy"}, "node 'b' failed: InjectedError: busy"),
        ({"error": "busy"}, "node 'b' failed: busy"),
        ({"hang": True}, "nothing ever ends this: node 'b' hangs and no timeout is over it"),
    ],
)
def test_failing_node(fault, said):
    """A node that raises, returns an error or hangs fails, and says so in the fault's words."""
    ran = _Ran(_plain(), [{"node": "b", **fault}])
    assert ("failed", said, []) == (ran.result.status, ran.result.error.summary, ran.unmet)
    assert [(None, 1)] == ran.calls


@pytest.mark.parametrize(
    ("fault", "text", "slept"),
    [({"delay": 5}, "aabb", [5]), ({"corrupt": True}, "aa", []), ({"corrupt": {"text": [1]}}, [1], [])],
)
def test_node_that_goes_on(fault, text, slept):
    """A node that is held up, or whose outputs are spoilt, runs."""
    ran = _Ran(_plain(), [{"node": "b", **fault}])
    assert ("success", {"text": text}, slept) == (ran.result.status, ran.result.outputs, ran.clock.slept)


def _hits(target, index, attempt):
    return target.get("item", index) == index and target.get("attempt", attempt) == attempt


def _tried(target, index):
    """How an item ends whose attempts fail where they are hit: status and attempts, of two."""
    for attempt in (1, 2):
        if not _hits(target, index, attempt):
            return "completed", attempt
    return "failed", 2


TARGETS = pytest.mark.parametrize("target", [{}, {"item": 1}, {"attempt": 1}, {"item": 1, "attempt": 1}], ids=str)


@MODES
@TARGETS
@pytest.mark.parametrize(
    ("fault", "said"),
    [({"raises": "busy"}, "busy"), ({"error": "busy"}, "busy"), ({"hang": True}, "timed out after 30s")],
    ids=str,
)
def test_failing_items(parallel, target, fault, said):
    """Just the attempts of just the items that a fault is for fail, and those are tried again."""
    ran = _Ran(_batch(parallel=parallel, max_retries=2, timeout=30), [{"node": "b", **target, **fault}])
    expected = [_tried(target, index) for index in range(3)]
    assert [(status, tries, said if status == "failed" else None) for status, tries in expected] == ran.rows
    assert [(index, number + 1) for index in range(3) for number in range(expected[index][1])] == ran.calls
    assert [WORDS[index] if expected[index][0] == "completed" else None for index in range(3)] == ran.texts
    assert [] == ran.unmet


@MODES
@TARGETS
def test_delayed_items(parallel, target):
    """Just the items that a delay is for begin later."""
    ran = _Ran(_batch(parallel=parallel, max_retries=2, timeout=30), [{"node": "b", **target, "delay": 29}])
    hit = [_hits(target, index, 1) for index in range(3)]
    assert [29] * sum(hit) == ran.clock.slept
    assert [29 if each else 0 for each in hit] == [int(row[3] / 1000) for row in ran.result.trace.nodes[0].batch.items]
    assert [("completed", 1, None)] * 3 == ran.rows


@MODES
@TARGETS
@pytest.mark.parametrize("spoils", [True, {"text": "xy"}], ids=["half", "replaced"])
def test_spoilt_items(parallel, target, spoils):
    """Just the items that are to be spoilt are."""
    ran = _Ran(_batch(parallel=parallel, max_retries=2), [{"node": "b", **target, "corrupt": spoils}])
    spoilt = [word[:2] if spoils is True else "xy" for word in WORDS]
    assert [spoilt[i] if _hits(target, i, 1) else WORDS[i] for i in range(3)] == ran.texts


@pytest.mark.parametrize("given", [ValueError("busy"), SystemExit(3)])
def test_raises_exception(given):
    """An exception given in Python is the very one that is raised; text is an InjectedError."""
    error = _Ran(_plain(), [{"node": "b", "raises": given}]).result.error
    assert given is error.__cause__
    assert isinstance(_Ran(_plain(), [{"node": "b", "raises": "x"}]).result.error.__cause__, InjectedError)


@MODES
def test_retry_wait(parallel):
    """Three attempts that fail with an hour between them take two hours of the trace and none of ours."""
    flow = _batch(["a"], parallel=parallel, max_retries=3, retry_wait=HOUR)
    ran = _Ran(flow, [{"node": "b", "raises": "busy"}])
    assert [HOUR, HOUR] == ran.clock.slept
    (row,) = ran.result.trace.to_dict()["nodes"][0]["batch"]["items"]
    assert 7_200_000 <= row["duration_ms"]
    assert 7_200_000 <= ran.result.trace.duration_ms
    assert ("failed", 3, "busy") == (row["status"], row["attempts"], row["error"])


@pytest.mark.parametrize(
    ("kind", "params", "seconds"),
    [
        ("shell", {"command": "true"}, 30),
        ("shell", {"command": "true", "timeout": 5}, 5),
        ("shell", {"command": "true", "timeout": None}, 30),
        ("code", {"code": "result = 1", "timeout": 0.5}, 0.5),
        ("http", {"url": "x"}, 30),
    ],
)
def test_hang_ends_by_own_timeout(kind, params, seconds):
    """A node with a timeout of its own hangs for so long."""
    ran = _Ran(_plain(kind, **params), [{"node": "b", "hang": True}])
    assert f"node 'b' failed: TimeoutError: timed out after {seconds:g}s" == ran.result.error.summary
    assert [seconds] == ran.clock.slept
    assert seconds * 1000 <= ran.result.trace.nodes[0].duration_ms


@MODES
def test_hang_ends_by_the_first_timeout(parallel):
    """Of the node's own timeout and its batch's, the one that is up first ends it."""
    shell = {"kind": "shell", "params": {"command": "true", "timeout": 20}, "parallel": parallel}
    early = _Ran(_batch([1], timeout=10, **shell), [{"node": "b", "hang": True}])
    late = _Ran(_batch([1], timeout=30, **shell), [{"node": "b", "hang": True}])
    assert ([10], [("failed", 1, "timed out after 10s")]) == (early.clock.slept, early.rows)
    assert ([20], [("failed", 1, "timed out after 20s")]) == (late.clock.slept, late.rows)


@MODES
def test_hang_without_timeout(parallel):
    """Where nothing ends it a hang is an error that says so, once, and does not hang the tests."""
    ran = _Ran(_batch(["a"], parallel=parallel, max_retries=3), [{"node": "b", "hang": True}])
    assert [("failed", 1, "nothing ever ends this: node 'b' hangs and no timeout is over it")] == ran.rows
    assert ["Hang"] == [entry["error_type"] for entry in ran.result.store["b"]["errors"]]
    (problem,) = _Ran(_plain(), [{"node": "b", "hang": True}]).result.error.problems
    hint = "only an item of a batch can have a 'timeout' over it"
    assert ("hang", "nodes[0]", hint) == (problem.code, problem.path, problem.hint)


def test_hang_in_real_time():
    """Under a clock that really waits a hang without a timeout is an error at once, too."""
    ran = _Ran(_plain(), [{"node": "b", "hang": True}], clock=RealClock())
    assert "nothing ever ends this: node 'b' hangs and no timeout is over it" == ran.result.error.summary


def test_delay_in_real_time():
    """Under the real clock a delay lasts until the run is asked to stop, and the node never runs."""
    token = CancelToken()
    timer = threading.Timer(0, token.cancel)

    def start(event):
        if event.kind == "node_start":
            timer.start()

    ran = _Ran(_plain(), [{"node": "b", "delay": HOUR}], clock=RealClock(), cancel=token, on_event=start)
    timer.join()
    assert "node 'b' was asked to stop while a fault held it up" == ran.result.error.summary


class _Noted(Node):
    """Tells who ran it."""

    ran: list

    def post(self, shared, _prepared, _executed):
        self.ran.append(self.params["text"])
        shared["text"] = self.params["text"]


def _noted():
    ran, registry = [], Registry.default()
    registry.register("noted", type("Noted", (_Noted,), {"ran": ran}))
    return ran, registry


@MODES
@pytest.mark.parametrize("delays", [[31], [20, 20]])
def test_delay_trips_timeout(parallel, delays):
    """Delays that add up to more than the timeout end the attempt, and the node does not run late."""
    ran, registry = _noted()
    before = threading.enumerate()
    faults = [{"node": "b", "item": 0, "delay": seconds} for seconds in delays]
    done = _Ran(_batch(["aa", "bb"], "noted", parallel=parallel, timeout=30), faults, registry=registry)
    for thread in set(threading.enumerate()) - set(before):
        thread.join(PATIENCE)
    assert [("failed", 1, "timed out after 30s"), ("completed", 1, None)] == done.rows
    assert (["bb"], 30) == (ran, sum(done.clock.slept))


def test_delay_then_another():
    """A delay lets the next fault have the call; what comes behind any other has it never."""
    faults = [{"node": "b", "delay": 5}, {"node": "b", "delay": 7}, {"node": "b", "raises": "busy"}]
    ran = _Ran(_plain(), [*faults, {"node": "b", "delay": 9}, {"node": "b", "error": "no"}])
    assert ([5, 7], "node 'b' failed: InjectedError: busy") == (ran.clock.slept, ran.result.error.summary)
    assert ["an earlier fault came first, or its params or items did not resolve"] * 2 == ran.unmet
    assert ["delay", "delay", "raises"] == [fault.kind for fault in ran.faults.met]
    assert ["delay", "error"] == [fault.kind for fault in ran.faults.unmet]


def test_fault_before_stub():
    """A fault works on a stubbed node, whose attempts count it; each call is logged."""
    stub = [{"when": {"item": "ccdd"}, "attempts": [{"text": "one"}, {"text": "two"}]}, {"text": "other"}]
    ran = _Ran(_batch(max_retries=2), [{"node": "b", "item": 1, "attempt": 1, "raises": "busy"}], stubs={"b": stub})
    assert ["other", "two", "other"] == ran.texts
    assert [(0, 1), (1, 1), (1, 2), (2, 1)] == ran.calls


def test_spoilt_stub():
    """What a stub gives is spoilt like what a node gives."""
    ran = _Ran(_plain(), [{"node": "b", "corrupt": True}], stubs={"b": {"text": "word", "count": 1234}})
    assert {"text": "wo", "count": "12"} == ran.result.outputs


def test_fault_of_unstubbed_node():
    """A node that would reach out need not be stubbed where a fault keeps it from running."""
    ran = _Ran(_plain("http", url="x"), [{"node": "b", "raises": "no route"}])
    assert ((), "node 'b' failed: InjectedError: no route") == (ran.log.blocked, ran.result.error.summary)


def test_attempts_in_a_loop():
    """Outside a batch an attempt is a run of the node."""
    stub = {"attempts": [{"action": "again"}, {"action": "again"}, {"response": "ok"}]}
    ran = _Ran(_loop(), [{"node": "b", "attempt": 2, "error": "busy"}], stubs={"b": stub})
    assert 3 == len(ran.calls)
    assert ["again", "error", "default"] == [node.action for node in ran.result.trace.nodes[:3]]
    assert "busy" == ran.result.trace.nodes[1].error


def test_error_edge():
    """An error that is put in leads along the error edge, as the node's own would."""
    ir = _plain("shell", command="true")
    ir["nodes"].append({"id": "alert", "type": "echo", "params": {"why": "${b.error}"}})
    ir["edges"] = [{"from": "b", "to": "alert", "action": "error"}]
    assert {"why": "busy"} == _Ran(ir, [{"node": "b", "error": "busy"}]).result.outputs


@pytest.mark.parametrize("took", [0.1, 12.345])
def test_half_without_times(took):
    """Where a batch is cut off does not depend on how long it took."""
    times = dict.fromkeys(("total_items_ms", "avg_item_ms", "min_item_ms", "max_item_ms", "wall_ms"), took)
    whole = {"timing": times, "more": "a" * 10}
    ran = _Ran(_plain(), [{"node": "b", "corrupt": True}], stubs={"b": {"x": whole}})
    assert {"x": '{"timing": {}, "mo'} == ran.result.store["b"]


@pytest.mark.parametrize(
    ("whole", "half"),
    [
        ("abcde", "ab"),
        ("a", ""),
        ("", ""),
        (None, None),
        ([], []),
        ({}, {}),
        (1234, "12"),
        (True, "tr"),
        ([1, 2], "[1,"),
        ({"ä": "ö"}, '{"ä":'),
        (math.nan, '{"$float'),
        (b"\xff", '{"$bytes"'),
    ],
)
def test_half(whole, half):
    """A spoilt output is the first half of its text, or of its JSON; what is empty stays so."""
    ran = _Ran(_plain(), [{"node": "b", "corrupt": True}], stubs={"b": {"x": whole}})
    assert {"x": half} == ran.result.store["b"]


def test_error_is_not_spoilt():
    """What a node says went wrong is left as it is; its other outputs are spoilt."""
    ran = _Ran(_plain(), [{"node": "b", "corrupt": True}], stubs={"b": {"text": "word", "error": "it broke"}})
    assert {"text": "wo", "error": "it broke"} == ran.result.store["b"]


def test_spoils_without_namespacing():
    """Where namespacing is off, what is spoilt is what stands at the root."""
    ran = _Ran({**_plain(), "enable_namespacing": False}, [{"node": "b", "corrupt": True}])
    assert ("aa", {"text": "aa"}) == (ran.result.store["text"], ran.result.store["b"])


def test_spoils_this_run_alone():
    """In a loop, what the node gave the time before is no output of this time."""
    stub = {"attempts": [{"action": "again", "status_code": 200}, {"response": "word"}]}
    ran = _Ran(_loop(), [{"node": "b", "attempt": 2, "corrupt": True}], stubs={"b": stub})
    assert [{"status_code": 200}, {"response": "wo"}] == [node.outputs for node in ran.result.trace.nodes[:2]]


def test_spoils_one_output():
    """What is put in place of one output, of whatever type, leaves the others."""
    ran = _Ran(_plain("shell", command="echo hi"), [{"node": "b", "corrupt": {"exit_code": "odd"}}])
    assert ("hi\n", "odd") == (ran.result.outputs["stdout"], ran.result.outputs["exit_code"])


def test_spoils_do_not_alias():
    """What is put in place is a copy each time."""
    given = {"text": [1]}
    ran = _Ran(_batch(), [{"node": "b", "corrupt": given}])
    ran.texts[0].append(2)
    assert ([[1, 2], [1], [1]], {"text": [1]}) == (ran.texts, given)


FAULTS = [
    {"node": "b", "item": 0, "raises": "busy"},
    {"node": "b", "item": 1, "attempt": 1, "error": "busy"},
    {"node": "b", "item": 2, "attempt": 2, "hang": True},
    {"node": "b", "item": 2, "attempt": 1, "delay": 31},
    {"node": "b", "item": 3, "corrupt": True},
    {"node": "b", "item": 4, "delay": 29},
    {"node": "b", "attempt": 3, "corrupt": {"text": 1}},
]


@pytest.mark.parametrize("error_handling", ["continue", "fail_fast"])
def test_same_in_both_modes(error_handling):
    """The same faults leave the same store, errors and trace, one by one and in parallel."""
    left = []
    for parallel in (False, True):
        batch = {"parallel": parallel, "error_handling": error_handling, "max_retries": 3, "timeout": 30}
        ran = _Ran(_batch(["aa", "bb", "cc", "dd", "ee"], **batch, retry_wait=HOUR), FAULTS)
        outputs = {name: value for name, value in ran.result.store["b"].items() if name != "batch_metadata"}
        left.append((ran.result.status, str(ran.result.error), ran.rows, outputs, ran.calls, ran.unmet))
    sequential, parallel = left
    # Under fail_fast, what runs beside the item that fails comes to its end.
    same = slice(None) if error_handling == "continue" else slice(2)
    assert sequential[same] == parallel[same]
    assert ("failed", 3, "busy") == sequential[2][0] == parallel[2][0]


@pytest.mark.parametrize(
    ("ir", "target", "why"),
    [
        (_batch(), {"item": 7}, "the batch has 3 items"),
        (_batch(["a"]), {"item": 1}, "the batch has 1 item"),
        (_batch(), {"item": 1, "attempt": 2}, "the item was tried once"),
        (_batch(), {"attempt": 4}, "no item was tried more than once"),
        (_batch("${a.none}"), {}, "no item was tried"),
        (_batch("${a.none}"), {"item": 0}, "the batch has 0 items"),
        (_batch("${a.text}"), {"item": 0}, "the batch never came to its items"),
        (_plain(), {"attempt": 2}, "the node ran once"),
    ],
)
def test_why_unmet(ir, target, why):
    """A fault that did nothing says why."""
    before = {"id": "a", "type": "echo", "params": {"none": [], "text": "x"}}
    ran = _Ran({"nodes": [before, *ir["nodes"]]}, [{"node": "b", **target, "raises": "x"}])
    assert [why] == ran.unmet


def test_unmet_where_cancelled():
    """An item that was not started was not tried; a node that did not run did not."""
    ir = _batch(error_handling="fail_fast")
    ir["nodes"].append({"id": "after", "type": "echo"})
    ran = _Ran(ir, [{"node": "b", "item": 0, "raises": "x"}, {"node": "b", "item": 2, "raises": "x"}])
    assert ["the item was not tried"] == ran.unmet
    assert ["the node did not run"] == _Ran(ir, [{"node": "after", "hang": True}, *FAULTS[:1]]).unmet


def test_unmet_over_runs():
    """Over several runs it is the longest that tells how often a node ran."""
    faults = Faults()
    faults.error("b", "no", attempt=4)
    for _ in range(3):
        faults.after(_Ran(_plain(), []).result.trace.nodes)
    assert ["the fault for node 'b', attempt 4 was never met: the node ran once"] == [
        said for _, said, _ in faults.unmet_faults()
    ]


MALFORMED = [
    ("x", 'a fault is a map, not "x"', "write [{node: id, raises: text}]"),
    ("null", "a fault is a map, not null", "write [{node: id, raises: text}]"),
    ("{raises: x}", "a fault without a node", "add node: the id of one"),
    ("{node: 1, raises: x}", "'node' is the id of a node, not 1", "give it as text"),
    ("{node: a}", "a fault that does nothing", "add one of raises, error, delay, hang, corrupt"),
    ("{node: a, raise: x}", 'a fault knows no "raise"', "did you mean 'raises'? known: "),
    ("{node: a, hang: true, index: 1}", 'a fault knows no "index"', "known: attempt, "),
    ("{node: a, raises: x, error: y}", "'error' stands beside 'raises'", "a fault does one thing: make two of it"),
    ("{node: a, item: -1, hang: true}", "'item' is a whole number from 0 on, not -1", "items count from 0"),
    ("{node: a, item: x, hang: true}", "'item' is a whole number from 0 on, not \"x\"", "items count from 0"),
    ("{node: a, item: true, hang: true}", "'item' is a whole number from 0 on, not true", "items count from 0"),
    ("{node: a, attempt: 0, hang: true}", "'attempt' is a whole number from 1 on, not 0", "attempts count from 1"),
    ("{node: a, attempt: 1.5, hang: true}", "'attempt' is a whole number from 1 on, not 1.5", "attempts count from 1"),
    ("{node: a, raises: 1}", "'raises' is the text of an exception, not 1", "put it in quotes"),
    ("{node: a, error: [x]}", "'error' is the text of an error, not [\"x\"]", "put it in quotes"),
    ("{node: a, delay: 0}", "'delay' takes seconds above 0, not 0", "write a number of seconds without quotes"),
    ("{node: a, delay: 5s}", "'delay' takes seconds above 0, not \"5s\"", "write a number of seconds without quotes"),
    ("{node: a, delay: true}", "'delay' takes seconds above 0, not true", "write a number of seconds without quotes"),
    ("{node: a, hang: false}", "'hang' is true, not false", "write hang: true, or take it out"),
    ("{node: a, hang: 30}", "'hang' is true, not 30", "write hang: true, or take it out"),
    ("{node: a, corrupt: text}", "'corrupt' is true, or a map of outputs to put in place, not \"text\"", "{output: value}"),
    ("{node: a, corrupt: {}}", "'corrupt' is true, or a map of outputs to put in place, not {}", "{output: value}"),
    ("{node: a, corrupt: false}", "'corrupt' is true, or a map of outputs to put in place, not false", "{output: value}"),
]  # fmt: skip


def _load(tmp_path, text):
    path = tmp_path / "a.test.yaml"
    path.write_text(text)
    return load_cases(path, "a.test.yaml")


@pytest.mark.parametrize(("fault", "said", "hint"), MALFORMED)
def test_malformed(tmp_path, fault, said, hint):
    """A fault that could happen to no call is refused with line, column and the fix."""
    with pytest.raises(InvalidCase) as caught:
        _load(tmp_path, f"cases:\n  - name: a\n    faults:\n      - {fault}\n")
    (problem,) = caught.value.problems
    word = re.match(r"'(\w+)' |a fault knows no \"(\w+)\"", said)
    column = 9 + fault.index(f"{word[1] or word[2]}:") if word else 9
    assert ("bad-fault", said) == (problem.code, problem.message)
    assert (4, column) == (problem.position.line, problem.position.column)
    assert hint in problem.hint


@pytest.mark.parametrize("fault", [fault for fault, _, _ in MALFORMED])
def test_published_schema_refuses(fault):
    """The published schema refuses them as well."""
    cases = yaml.safe_load(f"cases: [{{name: a, faults: [{fault}]}}]")
    assert not build_validator(case_schema()).is_valid(cases)


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        ("{node: a}", "wrong-type", "'faults'"),
        ("[{node: a, raises: {$fixtrue: x}}]", "bad-fixture", "there is no $fixtrue here"),
        ("[{node: a, corrupt: {x: {$fixture: 1}}}]", "bad-fixture", "takes the name of a fixture"),
    ],
)
def test_malformed_list(tmp_path, faults, code, said):
    """Faults are a list, and their fixtures have names."""
    with pytest.raises(InvalidCase) as caught:
        _load(tmp_path, f"cases: [{{name: a, faults: {faults}}}]")
    (problem,) = caught.value.problems
    assert code == problem.code
    assert said in problem.message


@pytest.mark.parametrize(
    "fault",
    [
        "{node: a, raises: x}",
        "{node: a, item: 0, attempt: 1, error: ''}",
        "{node: a, delay: 0.5}",
        "{node: a, hang: true}",
        "{node: a, corrupt: true}",
        "{node: a, corrupt: {x: null, error: y}}",
        "{node: a, raises: {$fixture: f}}",
        "{node: a, error: {$fixture: f}}",
        "{node: a, corrupt: {x: [{$fixture: f}]}}",
    ],
)
def test_sound(tmp_path, fault):
    """A sound fault loads; the published schema takes it too."""
    (case,) = _load(tmp_path, f"cases: [{{name: a, faults: [{fault}]}}]")
    assert build_validator(case_schema()).is_valid({"cases": [{"name": "a", "faults": list(case.faults)}]})


def _run_case(tmp_path, ir, faults, fixture=None):
    (case,) = _load(tmp_path, f"cases:\n  - name: a\n    expect: {{status: degraded}}\n    faults:\n{faults}")
    return prepare_case(from_data(ir), case, Registry.default(), tmp_path, fixture, Setting()).ran(tmp_path)


@pytest.mark.parametrize(
    ("fault", "at", "said", "hint"),
    [
        ("{node: c, hang: true}", "node", "the workflow has no node 'c' for a fault", "known: a, b"),
        ("{node: bb, hang: true}", "node", "the workflow has no node 'bb' for a fault", "did you mean 'b'?"),
        ("{node: a, item: 0, hang: true}", "item", "node 'a' has no items: it is no batch", "take 'item' out"),
        ("{node: a, corrupt: {txt: 1}}", "txt", "a shell node has no output 'txt'", "stdout"),
    ],
)
def test_fault_that_does_not_fit(tmp_path, fault, at, said, hint):
    """A fault that does not fit the workflow is refused at its place, with the nearest that does."""
    ir = _batch()
    ir["nodes"].insert(0, {"id": "a", "type": "shell", "params": {"command": "true"}})
    with pytest.raises(InvalidCase) as caught:
        _run_case(tmp_path, ir, f"      - {fault}\n")
    (problem,) = caught.value.problems
    assert ("bad-fault", said) == (problem.code, problem.message)
    assert (5, 9 + fault.index(at)) == (problem.position.line, problem.position.column)
    assert hint in problem.hint


def test_fault_from_a_fixture(tmp_path):
    """What a fixture gives is filled in, and held against the rules once more."""
    faults = "      - {node: b, item: 1, raises: {$fixture: given}}\n"
    ran = _run_case(tmp_path, _batch(), faults, lambda _: KeyError("busy"))
    assert ((), ["KeyError"]) == (ran.problems, [entry["error_type"] for entry in ran.result.store["b"]["errors"]])
    with pytest.raises(InvalidCase, match="'raises' is the text of an exception, not 5"):
        _run_case(tmp_path, _batch(), faults, lambda _: 5)


def test_unmet_fails_case(tmp_path):
    """A fault that was never met fails its case, at its line, and says why."""
    faults = "      - {node: b, item: 0, raises: busy}\n      - {node: b, item: 7, raises: busy}\n"
    (problem,) = _run_case(tmp_path, _batch(), faults).problems
    assert ("unmet-fault", 6) == (problem.code, problem.position.line)
    assert "the fault for node 'b', item 7 was never met: the batch has 3 items" == problem.message


def test_nothing_about_the_blocked(tmp_path):
    """Where a node was not allowed to run the case says that, not which faults were not met."""
    ir = {"nodes": [{"id": "get", "type": "http", "params": {"url": "x"}}, *_batch()["nodes"]]}
    ran = _run_case(tmp_path, ir, "      - {node: b, raises: busy}\n")
    assert ["not-stubbed"] == [problem.code for problem in ran.problems]


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda faults: faults.raises("a", dict), "'raises' is the text of an exception, not a value of type type"),
        (lambda faults: faults.raises("a", {"$fixture": "x"}), "for case files"),
        (lambda faults: faults.error("a", ValueError("x")), "'error' is the text of an error"),
        (lambda faults: faults.delay("a", math.inf), "'delay' takes seconds above 0, not inf"),
        (lambda faults: faults.delay("a", math.nan), "'delay' takes seconds above 0"),
        (lambda faults: faults.hang("a", item=-1), "'item' is a whole number from 0 on"),
        (lambda faults: faults.hang(5), "'node' is the id of a node, not 5"),
        (lambda faults: faults.corrupt("a", {}), "'corrupt' is true, or a map"),
        (lambda faults: faults.corrupt("a", {1: 2}), "the name of an output is text, not 1"),
        (lambda faults: faults.corrupt("a", {"x": {"$fixture": "y"}}), "for case files"),
    ],
)  # fmt: skip
def test_malformed_in_python(add, said):
    """A fault made in Python that could not be meant is refused where it is made."""
    faults = Faults()
    with pytest.raises(InvalidWorkflow) as caught:
        add(faults)
    assert (1, ()) == (len(caught.value.problems), faults.unmet)
    assert said in caught.value.problems[0].message
    assert caught.value.problems[0].hint


def test_spoil_that_contains_itself():
    """What contains itself is put in place as it is."""
    given = []
    given.append(given)
    faults = Faults()
    faults.corrupt("b", {"text": given})
    assert 1 == len(faults.unmet)


@pytest.mark.parametrize("written", [None, "x", [1], [{"node": "a"}]])
def test_faults_of_any_shape(written):
    """Faults of a wrong shape are none, and left for their problems to be told."""
    assert () == Faults.of(written).unmet


PYTHON = """\
import pytest
BATCH = {"items": ["aabb", "ccdd"], "max_retries": 3, "retry_wait": 3600, "error_handling": "continue"}
IR = {"nodes": [{"id": "b", "type": "echo", "params": {"text": "${item}"}, "batch": BATCH}]}
"""


@pytest.fixture
def python_test(project):
    """Runs a Python test that may use ``IR``."""

    def run(body: str, *args: str) -> pytest.RunResult:
        project.pytester.makepyfile(PYTHON + body)
        return project.pytester.runpytest_inprocess(*args)

    return run


def test_fixtures(python_test):
    """Faults and time of a Python test, with the runs of the same test."""
    python_test(
        "def test(pflow, pflow_faults, pflow_clock):\n"
        "    pflow_faults.raises('b', TimeoutError('busy'), item=0)\n"
        "    pflow_faults.delay('b', 5, item=1, attempt=1)\n"
        "    pflow_faults.error('b', 'busy', item=1, attempt=1)\n"
        "    pflow_faults.corrupt('b', item=1, attempt=2)\n"
        "    assert 4 == len(pflow_faults.unmet)\n"
        "    results = pflow.run(IR).outputs['results']\n"
        "    assert [None, {'text': 'cc', 'item': 'ccdd'}] == results\n"
        "    assert [3600, 3600, 5, 3600] == pflow_clock.slept\n"
        "    assert ([], 4, 5) == (list(pflow_faults.unmet), len(pflow_faults.met), len(pflow.calls('b')))\n"
    ).assert_outcomes(passed=1)


def test_faults_given_later(python_test):
    """A fault is for the runs that come after it."""
    python_test(
        "def test(pflow, pflow_faults):\n"
        "    assert 'success' == pflow.run(IR).status\n"
        "    pflow_faults.raises('b', 'busy')\n"
        "    assert 'failed' == pflow.run(IR).status\n"
    ).assert_outcomes(passed=1)


def test_unmet_fails_test(python_test):
    """A fault that was never met fails the test in the end, in words."""
    result = python_test(
        "def test(pflow, pflow_faults):\n"
        "    pflow_faults.raises('b', 'busy', item=7)\n"
        "    assert 'success' == pflow.run(IR).status\n"
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*the fault for node 'b', item 7 was never met: the batch has 2 items*", "*hint: a fault that does nothing*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("end", "outcome"),
    [("assert 0", "failed"), ("pytest.skip()", "skipped"), ("pytest.xfail()", "xfailed")],
)
def test_unmet_beside_a_failure(python_test, end, outcome):
    """Of a test that did not come to its end nobody asks what it would have met."""
    result = python_test(f"def test(pflow, pflow_faults):\n    pflow_faults.hang('b')\n    {end}\n")
    result.assert_outcomes(**{outcome: 1})


def test_unmet_beside_a_failed_setup(python_test):
    """Nor of one that did not begin."""
    body = (
        "@pytest.fixture\ndef faulty(pflow_faults): pflow_faults.hang('b')\n"
        "@pytest.fixture\ndef broken(faulty): assert 0\n"
        "def test(pflow, broken): pass\n"
    )
    python_test(body).assert_outcomes(errors=1)


def test_unknown_node(python_test):
    """A fault for a node that the workflow does not have names the nearest, at the test's own line."""
    result = python_test(
        "def test(pflow, pflow_faults):\n    pflow_faults.corrupt('bb', {'x': 1})\n    pflow.run(IR)\n"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">       pflow.run(IR)", "E *no node 'bb' for a fault*", "E *did you mean 'b'?*"])


def test_own_clock_wins(python_test):
    """A clock given to a run is the run's."""
    python_test(
        "from pflow_testkit.clock import SkippingClock\n"
        "def test(pflow, pflow_faults, pflow_clock):\n"
        "    pflow_faults.delay('b', 5, item=0)\n"
        "    other = SkippingClock()\n"
        "    pflow.run(IR, clock=other)\n"
        "    assert ([], [5]) == (pflow_clock.slept, other.slept)\n"
    ).assert_outcomes(passed=1)


CASES = """\
cases:
  - name: busy for an hour
    inputs: {name: Ada}
    faults:
      - {node: hello, delay: 3600}
      - {node: hello, raises: busy}
    expect: {error: busy}
"""


def test_case_with_faults(project):
    """A case with faults passes where they do what it expects."""
    project.hello(CASES)
    project.run().assert_outcomes(passed=2)


def test_case_with_unmet_fault(project):
    """The failure of a case shows the fault that was never met at its line."""
    project.hello(CASES.replace("raises: busy}", "attempt: 2, raises: busy}").replace("expect: {error: busy}", ""))
    result = project.run("-k", "run")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(
        [
            "flows/hello.test.yaml:6:9: error: the fault for node 'hello', attempt 2 was never met: the node ran once*",
            "  6 |       - {node: hello, attempt: 2, raises: busy}",
            "  hint: a fault that does nothing tests nothing: mend it, or take it out",
        ]
    )


def test_clock_of_cases(project):
    """The clock of a case is the fixture's, which a conftest.py may give."""
    project.hello(CASES)
    project.write(
        "conftest.py",
        "import pytest\nfrom pflow_testkit.clock import SkippingClock\n"
        "@pytest.fixture\ndef pflow_clock():\n    clock = SkippingClock()\n    yield clock\n"
        "    print('slept', clock.slept)\n",
    )
    project.run("-s", "-k", "run").stdout.fnmatch_lines(["*slept [[]3600[]]*"])


def test_faults_of_one_run(project):
    """Faults given to a run are for that one alone, stand before those of the test, and may go unmet."""
    project.hello()
    project.pytester.makepyfile(
        """
        import pytest
        from pflow_engine import InvalidWorkflow

        def test(pflow, pflow_faults):
            pflow_faults.raises("hello", "of the test")
            faults = [{"node": "hello", "error": "of the run"}, {"node": "hello", "attempt": 9, "delay": 1}]
            run = lambda **given: str(pflow.run("flows/hello.json", {"name": "Ada"}, **given).error)
            assert "of the run" in run(faults=faults)
            assert "of the test" in run()
            for faults, said in [([{"node": "hello"}], "raises"), ([{"node": "nope", "raises": "x"}], "no node 'nope'")]:
                with pytest.raises(InvalidWorkflow, match=said):
                    run(faults=faults)
        """
    )
    project.pytester.runpytest_inprocess().assert_outcomes(passed=1)
