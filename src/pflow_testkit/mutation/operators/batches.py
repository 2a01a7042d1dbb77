"""Changes of batch blocks: how items are run, and what is done about those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pflow_engine.document.model import BatchConfig
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.templates import parse
from pflow_testkit.coverage.places import may_fail
from pflow_testkit.mutation.model import DROP, Idea, Subject, nodes_at
from pflow_testkit.mutation.operators.values import in_line

_DEFAULTS: Final = BatchConfig([])
_MOST_ATTEMPTS: Final = 10
_OTHER: Final = {"fail_fast": "continue", "continue": "fail_fast"}


def _changed(
    subject: Subject, field: str, change: Callable[[Any], Any], *, equivalent: bool = False, failures: bool = False
) -> Iterator[Idea]:
    for path, node in nodes_at(subject):
        if "batch" not in node or (failures and not may_fail(subject.interface(node))):
            continue
        batch: Path = (*path, "batch")
        value = node["batch"].get(field, getattr(_DEFAULTS, field))
        now = change(value)
        if now is not None and now != value:
            at = (*batch, field)
            yield Idea(at, in_line(value), in_line(now), ((at, now),), node["id"], equivalent)


def change_error_handling(subject: Subject) -> Iterator[Idea]:
    """A batch goes on after a failure, or no longer does."""
    return _changed(subject, "error_handling", _OTHER.get, failures=True)


def fewer_attempts(subject: Subject) -> Iterator[Idea]:
    """An item is tried once less."""
    return _changed(subject, "max_retries", lambda tries: tries - 1 if tries > 1 else None, failures=True)


def more_attempts(subject: Subject) -> Iterator[Idea]:
    """An item is tried once more."""
    return _changed(subject, "max_retries", _once_more, failures=True)


def _once_more(tries: int) -> int | None:
    return tries + 1 if tries < _MOST_ATTEMPTS else None


def drop_wait(subject: Subject) -> Iterator[Idea]:
    """There is no wait between attempts."""
    return _changed(subject, "retry_wait", lambda seconds: 0 if seconds else None, failures=True)


def drop_timeout(subject: Subject) -> Iterator[Idea]:
    """An attempt may take as long as it likes."""
    for path, node in nodes_at(subject):
        at = (*path, "batch", "timeout")
        if "timeout" in node.get("batch", {}):
            yield Idea(at, in_line(node["batch"]["timeout"]), "left out", ((at, DROP),), node["id"])


def drop_item(subject: Subject) -> Iterator[Idea]:
    """A list of items that is written out lacks its last."""
    return _changed(subject, "items", lambda items: items[:-1] if isinstance(items, list) and len(items) > 1 else None)


def flip_parallel(subject: Subject) -> Iterator[Idea]:
    """Items that ran one by one run in parallel, and the other way round: no case may see it."""
    return _untold(subject, _changed(subject, "parallel", lambda parallel: not parallel, equivalent=True))


def change_concurrency(subject: Subject) -> Iterator[Idea]:
    """One item more, or less, is in flight in a parallel batch: no case may see it."""
    found = _changed(subject, "max_concurrent", lambda most: most - 1 if most > 1 else 2, equivalent=True)
    parallel = (idea for idea in found if subject.nodes[int(idea.path[1])]["batch"].get("parallel"))
    return _untold(subject, parallel)


def _untold(subject: Subject, ideas: Iterable[Idea]) -> Iterator[Idea]:
    # The metadata of a batch says how it was run: whoever reads it may see the difference.
    read = [
        path for _, text in texts_in(dict(subject.ir), ()) for each in parse(text).references for path in each.paths()
    ]
    tellers = {path.root for path in read if not path.steps or path.steps[0] == "batch_metadata"}
    return (idea for idea in ideas if idea.node not in tellers)
