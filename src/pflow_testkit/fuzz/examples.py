"""A workflow and its cases to cases that nobody wrote; and one of those back to the words of a case file."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import strategies as st

from pflow_engine.document.model import Workflow
from pflow_engine.document.yaml.text import yaml_text
from pflow_engine.nodes import Registry
from pflow_engine.templates import Reference, parse
from pflow_engine.trace.names import REDACTED, looks_secret, members
from pflow_engine.validation.graph import Graph
from pflow_testkit.cases import Case
from pflow_testkit.expectations import FIXTURE
from pflow_testkit.nested import Placed, nodes_in
from pflow_testkit.strategies import Shape, faults_for, inputs_for, shapes_in
from pflow_testkit.stubs import outputs_to_stub, reaches_outside

NAME: Final = "found by fuzzing"
_PARTS: Final = ("inputs", "files", "env", "stubs", "faults")
_PROGRAMS: Final = ("command", "code")
_BY_TYPE: Final = "type:"
_PUT_BACK: Final = "for [redacted] put back the secret that is written in the workflow, its cases or the environment"


@dataclass(frozen=True)
class Subject:
    """What is fuzzed: a workflow, the types of its nodes, the cases that say how it is run, the faults it is to meet.

    ``folder_stubs`` are those of conftest.py: they stand in though no case names them.
    """

    workflow: Workflow
    registry: Registry
    cases: tuple[Case, ...]
    folder_stubs: Mapping[str, Any]
    faults: bool = True

    @property
    def starts_processes(self) -> bool:
        """Whether a node is of a type that does."""
        return any(self._effects(placed.node.type) == "process" for placed in nodes_in(self.workflow))

    def examples(self) -> st.SearchStrategy[Case]:
        """Cases: each one of those that were written, or an empty one, with other inputs, stubs and faults.

        One under ``live`` is left out: an example never reaches out.
        """
        bases = [case for case in self.cases if not case.live] or [Case(NAME)]
        return st.one_of(list(map(self._examples_of, bases)))

    def _examples_of(self, base: Case) -> st.SearchStrategy[Case]:
        parts: dict[str, st.SearchStrategy[Any]] = {
            "inputs": self._inputs(base),
            "stubs": st.fixed_dictionaries(dict(self._stubs(base))).map(lambda made: {**base.stubs, **made}),
            "faults": self._faults() if self.faults else st.just([]),
        }
        bare = Case(NAME, files=base.files, env=base.env)
        return st.fixed_dictionaries(parts).map(lambda made: replace(bare, **made))

    def _faults(self) -> st.SearchStrategy[list[dict[str, Any]]]:
        # What a node in a loop finds of its own is its own doing: it may rely on that.
        looping = {placed.path for placed in nodes_in(self.workflow) if _is_in_loop(placed)}
        made = faults_for(self.workflow, registry=self.registry)
        return made.map(
            lambda faults: [each for each in faults if "corrupt" not in each or each["node"] not in looping]
        )

    def _inputs(self, base: Case) -> st.SearchStrategy[dict[str, Any]]:
        # What a fixture gives is not known here, and a program is not made up of letters.
        kept = {name: value for name, value in base.inputs.items() if _has_fixture(value)}
        programs = set(_programs(self.workflow))
        given = [
            {name: value for name, value in case.inputs.items() if name not in kept} for case in (base, *self.cases)
        ]
        plain = [{name: value for name, value in each.items() if not _has_fixture(value)} for each in given]
        made = inputs_for(self.workflow, registry=self.registry, examples=plain)
        known = {name: [each[name] for each in plain if name in each] for name in programs}
        chosen = st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(seen) for name, seen in known.items() if seen}
        )
        return st.tuples(made, chosen).map(
            lambda both: {name: value for name, value in both[0].items() if name not in programs} | both[1] | kept
        )

    def _stubs(self, base: Case) -> Iterator[tuple[str, st.SearchStrategy[dict[str, Any]]]]:
        there = {*base.stubs, *self.folder_stubs}
        for path, node, within in nodes_in(self.workflow):
            kind = self.registry.get(node.type)
            if kind is None or path in there or _BY_TYPE + node.type in there or not reaches_outside(kind.interface):
                continue
            outputs = outputs_to_stub(kind.interface).items()
            asked = shapes_in(within, self.registry).get(node.id, Shape())
            asked = asked.field_of("results").listed() if node.batch else asked
            yield path, st.fixed_dictionaries({name: asked.field_of(name).values(word) for name, word in outputs})

    def _effects(self, name: str) -> str:
        kind = self.registry.get(name)
        return kind.interface.effects if kind is not None else "none"


def pasted(case: Case, beside: Sequence[Case], redact: Callable[[Any], Any] = lambda value: value) -> str:
    """The case as YAML to paste behind those of its file; a whole file where there is none.

    A secret that one of them has in the same place is taken out, whatever it is. Other values go through ``redact``,
    each by itself: what was made up under a secret's name is needed as it is.
    """
    parts = {name: _part(name, case, beside, redact) for name in _PARTS if getattr(case, name)}
    text = yaml_text([{"name": case.name, **parts, "expect": {"sound": True}}])
    if REDACTED in text:
        text = f"# {_PUT_BACK}\n{text}"
    if not beside or beside[0].file is None:
        return f"cases:\n{textwrap.indent(text, '  ')}"
    position = beside[0].problem("", "").position
    return textwrap.indent(text, " " * max(0, position.column - 3) if position else "")


def given_to(case: Case) -> list[Any]:
    """What people wrote in a case that may have secrets. A node's name says nothing of what stands in for it."""
    return [case.inputs, case.files, case.env, *case.stubs.values()]


def _part(name: str, case: Case, beside: Sequence[Case], redact: Callable[[Any], Any]) -> Any:
    value, written = getattr(case, name), [getattr(each, name) for each in beside]
    if name != "stubs":
        return _safe(value, written, redact)
    return {node: _safe(stub, _under(node, written), redact) for node, stub in value.items()}


def _safe(value: Any, written: list[Any], redact: Callable[[Any], Any], *, secret: bool = False) -> Any:
    # ``written`` is what cases have in the same place.
    if isinstance(value, dict):
        named = zip(value, members(value), strict=True)
        return {
            key: _safe(item, _under(key, written), redact, secret=secret or looks_secret(called))
            for key, (called, item) in named
        }
    if isinstance(value, list | tuple):
        items = [item for each in written if isinstance(each, list | tuple) for item in each]
        return [_safe(item, items, redact, secret=secret) for item in value]
    taken = secret and value and any(type(each) is type(value) and each == value for each in written)
    return REDACTED if taken and value is not True else redact(value)


def _under(key: Any, written: list[Any]) -> list[Any]:
    return [each[key] for each in written if isinstance(each, Mapping) and key in each]


def _has_fixture(value: Any) -> bool:
    if isinstance(value, Mapping):
        return FIXTURE in value or any(map(_has_fixture, value.values()))
    return isinstance(value, list) and any(map(_has_fixture, value))


def _is_in_loop(placed: Placed) -> bool:
    return any(placed.node.id in cycle for cycle in Graph.of(placed.workflow).cycles())


def _programs(workflow: Workflow) -> Iterator[str]:
    # Inputs that a program starts with, or is: letters in any order are no program, and who knows what they would do.
    for _, node, within in nodes_in(workflow):
        for text in (node.params.get(name) for name in _PROGRAMS):
            first = parse(text).parts[0] if isinstance(text, str) else ""
            if isinstance(first, Reference):
                yield from (path.root for path in first.paths() if within is workflow)
