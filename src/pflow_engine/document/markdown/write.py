"""A normalised IR to Markdown text.

Short values are bullets, text over several lines and data are fenced blocks. What reads back as something else is
refused, and all of it at once: Markdown's words for ids, purposes and edges are few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from pflow_engine.document.markdown.names import EDGES, IN_FRONTMATTER, NAME, OF_THE_NODE
from pflow_engine.document.markdown.outline import outline_of
from pflow_engine.document.markdown.scalars import is_plain
from pflow_engine.document.normalise import IR_VERSION
from pflow_engine.document.positions import Path, path_text
from pflow_engine.document.yaml.text import yaml_text
from pflow_engine.errors import InvalidWorkflow, Problem

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w.-]*(?: [\w.-]+)*")
_MARKS = re.compile(r"^ *(`{3,})", re.MULTILINE)
_LANGUAGES: Final = {"command": "shell", "code": "python", "prompt": "markdown", "system": "markdown"}
_ACTIONS: Final = {action: name for name, action in EDGES.items()}
_LONGEST: Final = 100


def markdown_text(ir: Mapping[str, Any]) -> str:
    """Markdown for an IR that ``normalise`` has gone over.

    Raises:
        InvalidWorkflow: with everything in it that Markdown has no words for.
    """
    problems = [*_problems(ir), *_edge_problems(ir)]
    if problems:
        raise InvalidWorkflow(problems)
    parts = [*_frontmatter(ir), *_top(ir), *_declared(ir, "inputs"), "## Steps", *_nodes(ir), *_declared(ir, "outputs")]
    return "\n\n".join(parts) + "\n"


def _frontmatter(ir: Mapping[str, Any]) -> Iterator[str]:
    data = {name: ir[name] for name in IN_FRONTMATTER if name in ir}
    if data.get("ir_version") == IR_VERSION:
        del data["ir_version"]
    data |= ir.get("metadata", {})
    if data:
        yield f"---\n{yaml_text(data)}---"


def _top(ir: Mapping[str, Any]) -> Iterator[str]:
    if ir.get("name"):
        yield f"# {ir['name']}"
    if ir.get("description"):
        yield ir["description"]


def _declared(ir: Mapping[str, Any], section: str) -> Iterator[str]:
    if ir.get(section):
        yield f"## {section.capitalize()}"
    for name, declared in ir.get(section, {}).items():
        yield from _entity(name, declared["description"], {**declared, "description": _LEFT_OUT})


def _nodes(ir: Mapping[str, Any]) -> Iterator[str]:
    edges = _edge_fields(ir)
    for node in ir["nodes"]:
        fields = {name: node[name] for name in OF_THE_NODE if name in node}
        yield from _entity(node["id"], node["purpose"], {**fields, **edges[node["id"]], **node.get("params", {})})


_LEFT_OUT: Final = object()


def _entity(name: str, told: str, fields: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield told
    shown = {key: value for key, value in fields.items() if value is not _LEFT_OUT}
    bullets = {key: line for key, value in shown.items() if (line := _bullet(key, value))}
    if bullets:
        yield "\n".join(bullets.values())
    for key, value in shown.items():
        if key not in bullets:
            yield _fence(key, value)


def _bullet(key: str, value: Any) -> str:
    start = f"- {_key(key)}:"
    if isinstance(value, str):
        if _is_tag(key) and "\r" not in value and ("\n" in value or (value and key in _LANGUAGES)):
            return ""
        return f"{start} {value if is_plain(value) and value.isprintable() else _flow(value)}"
    line = f"{start} {_flow(value)}"
    if isinstance(value, dict | list) and _is_tag(key) and (len(line) > _LONGEST or key == "batch"):
        return ""
    # To a bullet 1.0e+16 is text; to the YAML below one it is a number.
    return f"{start}\n    {_flow(value)}" if isinstance(value, float) and "e" in repr(value) else line


def _is_tag(key: str) -> bool:
    return re.fullmatch(r"[^\s`]+", key) is not None


def _fence(key: str, value: Any) -> str:
    is_text = isinstance(value, str)
    content = value if is_text else yaml_text(value).removesuffix("\n")
    longest = max((len(found[1]) for found in _MARKS.finditer(content)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{_LANGUAGES.get(key, 'text') if is_text else 'yaml'} {key}\n{content}\n{marks}"


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else _flow(name)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, float):  # YAML 1.1 knows no exponent without a point
        return repr(value) if "." in repr(value) else repr(value).replace("e", ".0e")
    return "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004  # four digits


def _edge_fields(ir: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    nodes: Sequence[Any] = ir["nodes"]
    fields: dict[str, dict[str, Any]] = {node["id"]: {} for node in nodes}
    after = {node["id"]: following["id"] if following else None for node, following in zip_longest(nodes, nodes[1:])}
    edges = {(edge["from"], edge.get("action", "default")): edge["to"] for edge in ir["edges"]}
    for node_id, following in after.items():
        if edges.get((node_id, "default")) != following:
            fields[node_id]["next"] = edges.get((node_id, "default"))
        if (node_id, "error") in edges:
            fields[node_id]["on-error"] = edges[node_id, "error"]
    return fields


def _problems(ir: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _top_problems(ir)
    seen: set[str] = set()
    for at, node in enumerate(ir["nodes"]):
        path: Path = ("nodes", at)
        yield from _entity_problems(node["id"], node.get("purpose", ""), path, "purpose")
        if node["id"] in seen:
            yield _no_words(f"two nodes named '{node['id']}'", (*path, "id"), "give each its own id")
        seen.add(node["id"])
        for name in node.get("params", {}):
            if name in OF_THE_NODE or name in EDGES:
                yield _no_words(f"a parameter named '{name}'", (*path, "params", name), "keep it in JSON or YAML")
    for section in ("inputs", "outputs"):
        for name, declared in ir.get(section, {}).items():
            yield from _entity_problems(name, declared.get("description", ""), (section, name), "description")


def _top_problems(ir: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(ir.get("metadata", {}).keys() & set(IN_FRONTMATTER)):
        yield _no_words(f"metadata named '{name}'", ("metadata", name), "rename it")
    written = "\n\n".join([*_top(ir), "## Steps"])
    read = outline_of(written)
    name, description = ir.get("name", ""), ir.get("description", "")
    if name and (not read.title or written[slice(*read.title.title)] != name):
        yield _no_words("this name", ("name",), "a name is one line, without blanks or # at its ends")
    elif read.description != description or bool(read.title) != bool(name) or len(read.sections) != 1 or read.unclosed:
        hint = "it is prose: no headings, no open fenced block, no blanks at its ends"
        yield _no_words("this description", ("description",), hint)


def _entity_problems(name: str, told: str, path: Path, word: str) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield _no_words(f"the name '{name}'", path, "use small letters, digits, _ and -, with a letter first")
    if not told:
        yield _no_words(f"'{name}', which has no {word}", path, f"give it a {word}: what it is for")
        return
    read = outline_of(f"## Steps\n\n### a\n\n{told}\n\n- k: v\n")
    entities = read.entities("steps")
    if len(read.sections) != 1 or len(entities) != 1 or len(entities[0].parts) != 1 or entities[0].prose != told:
        hint = "it is prose: no headings, no bullets with -, no fenced blocks, no blanks at its ends"
        yield _no_words(f"this {word}", (*path, word), hint)


def _edge_problems(ir: Mapping[str, Any]) -> Iterator[Problem]:
    ids = {node["id"] for node in ir["nodes"]}
    taken: set[tuple[str, str]] = set()
    for at, edge in enumerate(ir["edges"]):
        action = edge.get("action", "default")
        if action not in _ACTIONS:
            yield _no_words(f"an edge for the action '{action}'", ("edges", at), "it knows default and error")
        elif edge["from"] not in ids or (edge["from"], action) in taken:
            yield _no_words(f"this edge from '{edge['from']}'", ("edges", at), "mend the edges first")
        taken.add((edge["from"], action))


def _no_words(what: str, path: Path, hint: str) -> Problem:
    return Problem("no-markdown", f"Markdown has no words for {what}", path_text(path), hint)
