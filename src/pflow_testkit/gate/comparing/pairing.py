"""Two versions of a folder to which file of one is which of the other.

By their names; by those without the ending, since the form of a file is not its meaning; and what is then left by
what stands in it: a file that came while one that is nearly the same went was renamed.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pflow_engine.document.model import Workflow
from pflow_testkit.gate.comparing.callers import Workflows
from pflow_testkit.gate.comparing.meaning import batch_meaning, meaning

_LIKE = 0.6
"""How much two files must share, of 1, to be one that was renamed; git takes half."""

_ENDINGS = (".md", ".json", ".yaml", ".yml")


class Match(NamedTuple):
    """A file in both versions; None where it is not there."""

    base: str | None
    head: str | None
    renamed: bool = False


def matched(base: Workflows, head: Workflows) -> list[Match]:
    """Every file of both, each once, in the order of their names."""
    same = {file: file for file in base if file in head}
    same |= _only_ones(_left(base, same), _left(head, same.values()))
    renamed = _renamed(
        {file: found for file in _left(base, same) if (found := base[file]) is not None},
        {file: found for file in _left(head, same.values()) if (found := head[file]) is not None},
    )
    known = same | renamed
    both = [Match(old, new, old in renamed) for old, new in known.items()]
    gone = [Match(old, None) for old in _left(base, known)]
    new = [Match(None, new) for new in _left(head, known.values())]
    return sorted((*both, *gone, *new), key=lambda match: match.head or match.base or "")


def stem_of(file: str) -> str:
    """A path without what says the form: ``flows/triage`` of ``flows/triage.pflow.md``."""
    folder, name = posixpath.split(file)
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), "")
    stem = name[: len(name) - len(ending)]
    return posixpath.join(folder, stem[: -len(".pflow")] if stem.lower().endswith(".pflow") else stem)


def _left(files: Iterable[str], known: Iterable[str]) -> list[str]:
    done = set(known)
    return [file for file in files if file not in done]


def _only_ones(base: list[str], head: list[str]) -> dict[str, str]:
    was, now = _by_stem(base), _by_stem(head)
    return {was[stem][0]: now[stem][0] for stem in was if len(was[stem]) == len(now.get(stem, ())) == 1}


def _by_stem(files: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        found[stem_of(file)].append(file)
    return found


def _renamed(base: Mapping[str, Workflow], head: Mapping[str, Workflow]) -> dict[str, str]:
    was, now = ({file: _parts(workflow) for file, workflow in side.items()} for side in (base, head))
    likes = [(-_likeness(was[old], now[new]), old, new) for old in was for new in now]
    found: dict[str, str] = {}
    for like, old, new in sorted(likes):
        if -like >= _LIKE and old not in found and new not in found.values():
            found[old] = new
    return found


def _parts(workflow: Workflow) -> Counter[Hashable]:
    return Counter(_told(workflow))


def _told(workflow: Workflow) -> Iterator[Hashable]:
    for node in workflow.nodes:
        yield node.id, node.type, meaning(node.params), batch_meaning(node.batch)
    yield from (("input", name, declared.type, declared.required) for name, declared in workflow.inputs.items())
    yield from (("output", name, meaning(declared.source)) for name, declared in workflow.outputs.items())


def _likeness(was: Counter[Hashable], now: Counter[Hashable]) -> float:
    return 2 * (was & now).total() / (was.total() + now.total())
