"""Sound workflows, and what may be done to them, for hypothesis."""

import copy
import itertools
import random

from hypothesis import strategies as st

IDS = st.lists(st.sampled_from(["a", "b", "c-d", "it_2", "node", "x"]), min_size=1, max_size=5, unique=True)
NAMES = ("since", "limit", "notes")
TYPES = ("string", "number", "integer", "boolean", "array", "object", "any")
_LITERAL = st.sampled_from(["", "a", "a\nb", "$${x}", "${HOME:-x}", 0, 1, 1.5, True, None, [], [1, "x"], {"k": "v"}])
_DEFAULTS = {"string": "x", "number": 1.5, "integer": 2, "boolean": True, "array": [1], "object": {"a": 1}, "any": None}


@st.composite
def inputs(draw):
    """Declared inputs."""
    declared = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        kind = draw(st.sampled_from(TYPES))
        more = st.fixed_dictionaries(
            {},
            optional={
                "required": st.booleans(),
                "default": st.just(_DEFAULTS[kind]),
                "stdin": st.booleans(),
            },
        )
        declared[name] = {"type": kind, "description": draw(st.sampled_from(["One.", "Two."])), **draw(more)}
    return declared


@st.composite
def _params(draw, there):
    reference = st.sampled_from([f"${{{name}}}" for name in there]) if there else st.just("none")
    text = st.builds("{}{}".format, st.sampled_from(["", "so ", "a\n"]), reference)
    value = _LITERAL | text | st.lists(text, max_size=2) | st.fixed_dictionaries({"in": text, "by": _LITERAL})
    return {"text": draw(text), **draw(st.dictionaries(st.sampled_from("pqr"), value, max_size=2))}


@st.composite
def _batch(draw, there):
    items = st.sampled_from([f"${{{name}}}" for name in there]) if there else st.nothing()
    more = st.fixed_dictionaries(
        {},
        optional={
            "error_handling": st.sampled_from(["continue", "fail_fast"]),
            "parallel": st.booleans(),
            "max_concurrent": st.integers(1, 3),
            "max_retries": st.integers(1, 3),
            "retry_wait": st.sampled_from([0, 1, 0.5]),
            "timeout": st.sampled_from([1, 2.5]),
        },
    )
    return {"items": draw(items | st.lists(_LITERAL, min_size=1, max_size=2)), "as": "it", **draw(more)}


def _edges(ids):
    line = [{"from": one, "to": other} for one, other in itertools.pairwise(ids)]
    ends = [{"from": one, "to": ids[-1], "action": "error"} for one in ids[:-1]]
    return (
        st.lists(st.sampled_from(ends), unique_by=lambda edge: edge["from"]).map(line.__add__)
        if ends
        else st.just(line)
    )


@st.composite
def workflows(draw):
    """A sound workflow of echo nodes, whose templates name inputs and earlier nodes."""
    ids, declared = draw(IDS), draw(inputs())
    there, nodes = list(declared), []
    for name in ids:
        batch = draw(st.none() | _batch(there))
        params = draw(_params([*there, "it"] if batch else there))
        nodes.append(
            {"id": name, "type": "echo", "purpose": draw(st.sampled_from(["Acts.", "Speaks."])), "params": params}
        )
        nodes[-1] |= {"batch": batch} if batch else {}
        there.append(f"{name}.results" if batch else f"{name}.text")
    sources = st.sampled_from([f"${{{name}}}" for name in there if name not in declared])
    output = st.fixed_dictionaries(
        {"source": sources, "description": st.just("Out.")}, optional={"type": st.just("any")}
    )
    outputs = draw(st.dictionaries(st.sampled_from(["out", "more"]), output))
    edges = draw(st.none() | _edges(ids))
    more = {"edges": edges} if edges is not None else {}
    mode = draw(st.sampled_from([{}, {"template_resolution_mode": "permissive"}]))
    return {"name": "w", "inputs": declared, "nodes": nodes, "outputs": outputs, **more, **mode}


def spelled_otherwise(ir, seed):
    """The same workflow: keys in another order, defaults and edges written out, other words for the same."""
    other = copy.deepcopy(ir)
    ids = [node["id"] for node in other["nodes"]]
    other.setdefault("edges", [{"from": one, "to": to} for one, to in itertools.pairwise(ids)])
    other["edges"] = [{"action": "default", **edge} for edge in other["edges"]]
    other |= {"start_node": ids[0], "enable_namespacing": True, "ir_version": "0.1.0", "metadata": {}}
    other.setdefault("template_resolution_mode", "strict")
    for declared in other["inputs"].values():
        declared |= {"required": declared.get("required", True), "stdin": declared.get("stdin", False)}
    for node in other["nodes"]:
        node["parameters"] = respaced(node.pop("params"))
        for key, value in {"parallel": False, "max_retries": 1, "max_concurrent": 10, "retry_wait": 0.0}.items():
            if "batch" in node:
                node["batch"].setdefault(key, value)
    name = {"name": other.pop("name")}
    return shuffled({**name, "ir": other}, random.Random(seed))


def respaced(value):
    """A value with blanks in its templates."""
    if isinstance(value, str):
        return value if ":-" in value or "$$" in value else value.replace("${", "${  ").replace("}", " }")
    if isinstance(value, list):
        return [respaced(item) for item in value]
    return {key: respaced(item) for key, item in value.items()} if isinstance(value, dict) else value


def shuffled(value, chance):
    """A value with its keys in another order; the declared ones keep theirs, which callers may see."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def renamed(ir, names):
    """A workflow whose nodes have other ids, and all that refers to them with them."""
    if isinstance(ir, str):
        for old, new in names.items():
            ir = ir.replace(f"${{{old}.", f"${{\0{new}.")
        return ir.replace("\0", "")
    if isinstance(ir, list):
        return [renamed(item, names) for item in ir]
    if not isinstance(ir, dict):
        return ir
    changed = {key: renamed(item, names) for key, item in ir.items()}
    ends = {key: names[ir[key]] for key in ("id", "from", "to", "start_node") if ir.get(key) in names}
    return {**changed, **ends}
