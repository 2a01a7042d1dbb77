"""PocketFlow's own classes, as they come."""

import pocketflow
import pytest


class _Shout(pocketflow.Node):
    def prep(self, shared):
        return shared["word"]

    def exec(self, prep_res):
        return prep_res.upper() + self.params["mark"]

    def post(self, shared, prep_res, exec_res):
        shared["shouted"] = exec_res
        return "loud"


class _Squares(pocketflow.BatchNode):
    def prep(self, shared):
        return shared["numbers"]

    def exec(self, prep_res):
        return prep_res**2

    def post(self, shared, prep_res, exec_res):
        shared["squares"] = exec_res


class _Fetch(pocketflow.AsyncNode):
    async def prep_async(self, shared):
        return shared["word"]

    async def exec_async(self, prep_res):
        return f"fetched {prep_res}"

    async def post_async(self, shared, prep_res, exec_res):
        shared["body"] = exec_res
        return "done"


class _Flaky(pocketflow.Node):
    def __init__(self, fails=2, max_retries=3):
        super().__init__(max_retries=max_retries)
        self.fails = fails

    def exec(self, _prep_res):
        if self.cur_retry < self.fails:
            raise ValueError("not yet")
        return self.cur_retry

    def exec_fallback(self, _prep_res, exc):
        return f"fell back: {exc}"

    def post(self, shared, _prep_res, exec_res):
        shared["came"] = exec_res


class _AsyncFlaky(pocketflow.AsyncNode):
    def __init__(self):
        super().__init__(max_retries=2)
        self.tries = 0

    async def exec_async(self, _prep_res):
        self.tries += 1
        raise ValueError("never")

    async def exec_fallback_async(self, _prep_res, _exc):
        return self.tries

    async def post_async(self, shared, _prep_res, exec_res):
        shared["came"] = exec_res


def test_node(run):
    """A Node runs: prep, exec with its params, post, and its action."""
    result = run(_Shout, {"mark": "!"}, word="hey")
    assert ({"shouted": "HEY!"}, "loud") == (result.outputs, result.trace.nodes[0].action)


def test_batch_node(run):
    """A BatchNode runs over its own items."""
    assert run(_Squares, numbers=[1, 2, 3]).outputs == {"squares": [1, 4, 9]}


def test_async_node(run):
    """An AsyncNode runs, on a loop of its own."""
    result = run(_Fetch, word="page")
    assert ({"body": "fetched page"}, "done") == (result.outputs, result.trace.nodes[0].action)


def test_own_retries(run):
    """A node's own retries are its own."""
    assert run(_Flaky).outputs == {"came": 2}


def test_own_fallback(run):
    """So is what it does when they are used up."""
    assert run(_Flaky(fails=9)).outputs == {"came": "fell back: not yet"}


def test_async_fallback(run):
    """So it is with an AsyncNode."""
    assert run(_AsyncFlaky).outputs == {"came": 2}


def test_no_fallback(run):
    """A node that has none fails."""

    class Fails(pocketflow.Node):
        def exec(self, _prep_res):
            raise ValueError("no")

    assert run(Fails).error.summary == "node 'n' failed: ValueError: no"


def test_odd_action(run):
    """What post returns besides text is no action."""

    class Odd(pocketflow.Node):
        def post(self, _shared, _prep_res, _exec_res):
            return {"not": "an action"}

    assert run(Odd).trace.nodes[0].action == "default"


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize(
    ("source", "params", "output"),
    [(_Shout, {"mark": "${item}"}, "shouted"), (_Flaky, {}, "came"), (_Flaky(), {}, "came"), (_Fetch, {}, "body")],
)
def test_in_a_batch(batch_of, parallel, source, params, output):
    """Each item has a node of its own, in parallel too."""
    flow = batch_of(source, params, parallel=parallel)
    results = flow.run({"xs": ["?", "!"] * 20, "word": "hey"}).store["b"]["results"]
    expected = {"shouted": ["HEY?", "HEY!"], "came": [2, 2], "body": ["fetched hey"] * 2}[output]
    assert expected * 20 == [result[output] for result in results]


def test_whole_flow(run):
    """A PocketFlow flow is a node as well."""

    class Two(pocketflow.Flow):
        def __init__(self):
            first, second = _Shout(), _Squares()
            first - "loud" >> second  # PocketFlow's own way to say it
            super().__init__(start=first)

    result = run(Two, {"mark": "!"}, word="hey", numbers=[2])
    assert result.outputs == {"shouted": "HEY!", "squares": [4]}
