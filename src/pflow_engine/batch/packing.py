"""A job's parts to bytes, and what of them cannot be sent: all of it named before anything has run."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from pflow_engine.batch import far_side
from pflow_engine.batch.attempt import Crossing, error_text
from pflow_engine.batch.pickles import describe, references, to_bytes
from pflow_engine.batch.pool import CrossingPool
from pflow_engine.errors import Problem, Unhealable

_MOST_NAMED: Final = 20

_NOT_HERE: Final = "what is sent to workers must be picklable: no locks, connections, open files or generators"
_NOT_THERE: Final = "install the same packages on the workers as here"


class Packed(NamedTuple):
    """A job ready to be sent, item by item."""

    run_id: str
    shared: bytes
    payloads: list[bytes]


def pack(count: int, crossing: Crossing, pool: CrossingPool) -> Packed:
    """Pickle everything once, and have each worker read what is shared.

    Raises:
        Unhealable: naming each store key, node type and item that cannot be pickled here, or not be
            unpickled there.
    """
    problems: list[Problem] = []
    shared = _packed_shared(crossing, problems)
    payloads, needed = _packed_items(count, crossing, problems)
    _refuse(problems)
    packed = Packed(uuid.uuid4().hex, shared, payloads)
    _refuse(_refused_there(packed, needed, crossing, pool))
    return packed


def _packed_shared(crossing: Crossing, problems: list[Problem]) -> bytes:
    try:
        return to_bytes(crossing.shared)
    except Exception as error:  # noqa: BLE001  # whatever an object that cannot be pickled raises
        named = [_unpicklable(f"{name} ({describe(part)})", why) for name, part, why in _culprits(crossing)]
        problems += named or [_unpicklable("the batch", error)]
        return b""


def _culprits(crossing: Crossing) -> Iterator[tuple[str, Any, Exception]]:
    for name, part in crossing.parts():
        try:
            to_bytes(part)
        except Exception as error:  # noqa: BLE001  # as above
            yield name, part, error


def _packed_items(
    count: int, crossing: Crossing, problems: list[Problem]
) -> tuple[list[bytes], dict[tuple[str, str], int]]:
    payloads: list[bytes] = []
    needed: dict[tuple[str, str], int] = {}
    refused = 0
    for index in range(count):
        item = crossing.payload(index)
        try:
            data = to_bytes(item)
            names = references(data)
        except Exception as error:  # noqa: BLE001  # as above
            refused += 1
            if refused <= _MOST_NAMED:
                problems.append(_unpicklable(f"item {index} ({describe(item)})", error))
        else:
            payloads.append(data)
            for name in names:
                needed.setdefault(name, index)
    if refused > _MOST_NAMED:
        problems.append(Problem("unpicklable", f"and {refused - _MOST_NAMED} more items cannot be pickled"))
    return payloads, needed


def _refused_there(
    packed: Packed, needed: dict[tuple[str, str], int], crossing: Crossing, pool: CrossingPool
) -> list[Problem]:
    problems = []
    for answer in pool.ask(far_side.prepare, packed.run_id, packed.shared, sorted(needed)).values():
        # A worker that died over it is none the worse: who comes in its place is sent the same with its first chunk.
        for name, module, why in answer if isinstance(answer, list) else []:
            if name == far_side.SHARED:
                problems += _refused_parts(crossing, pool) or [_unreadable("the batch", module, why)]
            else:
                problems.append(_unreadable(f"item {needed[name]} ({'.'.join(name)})", module, why))
    return problems


def _refused_parts(crossing: Crossing, pool: CrossingPool) -> list[Problem]:
    parts = list(crossing.parts())
    answers = pool.ask(far_side.unreadable, [to_bytes(part) for _, part in parts]).values()
    refused = [failure for answer in answers if isinstance(answer, list) for failure in answer]
    return [_unreadable(f"{parts[at][0]} ({describe(parts[at][1])})", module, why) for at, module, why in refused]


def _refuse(problems: Iterable[Problem]) -> None:
    # Each worker names the same things; said once, in the order found.
    if distinct := list(dict.fromkeys(problems)):
        raise Unhealable(distinct)


def _unpicklable(what: str, error: Exception) -> Problem:
    return Problem("unpicklable", f"{what} cannot be sent to a worker: {error_text(error)}", hint=_NOT_HERE)


def _unreadable(what: str, module: str, why: str) -> Problem:
    package = module.partition(".")[0]
    hint = f"install '{package}' on the workers, or call cloudpickle.register_pickle_by_value(<its module>) before"
    return Problem("unreadable-there", f"{what} cannot be read on a worker: {why}", hint=hint if module else _NOT_THERE)
