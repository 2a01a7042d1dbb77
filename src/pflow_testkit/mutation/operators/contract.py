"""Changes of what a workflow takes and gives, and of what it hands to workflows that it nests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pflow_testkit.mutation.model import DROP, Edits, Idea, Subject, nodes_at
from pflow_testkit.mutation.operators.values import another, in_line


def drop_output(subject: Subject) -> Iterator[Idea]:
    """An output is gone, and there are others: without any, the outputs would be those of the last node."""
    outputs = subject.ir.get("outputs", {})
    for name, output in outputs.items() if len(outputs) > 1 else ():
        path = ("outputs", name)
        yield Idea(path, output.get("source", name), "no such output", ((path, DROP),))


def swap_outputs(subject: Subject) -> Iterator[Idea]:
    """Two outputs have each other's source."""
    with_source = [(name, output) for name, output in subject.ir.get("outputs", {}).items() if "source" in output]
    for (first, one), (second, other) in combinations(with_source, 2):
        if one["source"] != other["source"]:
            paths = ("outputs", first, "source"), ("outputs", second, "source")
            edits: Edits = ((paths[0], other["source"]), (paths[1], one["source"]))
            yield Idea(paths[0], one["source"], f"{other['source']}, the source of {second}", edits)


def change_default(subject: Subject) -> Iterator[Idea]:
    """An input has another default."""
    for name, declared in subject.ir.get("inputs", {}).items():
        if "default" in declared:
            path, now = ("inputs", name, "default"), another(declared["default"])
            yield Idea(path, in_line(declared["default"]), in_line(now), ((path, now),))


def drop_default(subject: Subject) -> Iterator[Idea]:
    """An input has no default, so that it must be given."""
    for name, declared in subject.ir.get("inputs", {}).items():
        if "default" in declared:
            path = ("inputs", name, "default")
            edits: Edits = ((path, DROP), (("inputs", name, "required"), True))
            yield Idea(path, in_line(declared["default"]), "left out", edits)


def require_input(subject: Subject) -> Iterator[Idea]:
    """An input that could be left out must be given."""
    for name, declared in subject.ir.get("inputs", {}).items():
        if declared.get("required") is False and "default" not in declared:
            path = ("inputs", name, "required")
            yield Idea(path, "false", "true", ((path, True),))


def tighten_mode(subject: Subject) -> Iterator[Idea]:
    """A template without a value, that was left as it is, is an error."""
    path = ("template_resolution_mode",)
    if subject.ir.get(path[0]) == "permissive":
        yield Idea(path, "permissive", "strict", ((path, "strict"),))


def drop_mapping(subject: Subject) -> Iterator[Idea]:
    """A nested workflow is given one input less, or gives one output less."""
    for path, node in nodes_at(subject):
        for mapping in ("param_mapping", "output_mapping") if subject.interface(node).nests else ():
            written = node.get("params", {}).get(mapping)
            for name, value in written.items() if isinstance(written, dict) else ():
                at = (*path, "params", mapping, name)
                yield Idea(at, in_line(value), "left out", ((at, DROP),), node["id"])
