"""Workflows that hypothesis makes, and what of an IR counts, for all tests of its forms."""

from hypothesis import strategies as st

from pflow_engine.document.load import from_data

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "true", "010", "1e5", "null", "~", "[a", "{", '"a"', "'", "a: b", "a #b", "- a", "|", ">-", "```\na\n```", "~~~", "# a\nb",
        "## Steps\n", "${a.b} ${c}", "a\n", "\na", " a\n b", "a\r\nb", "\x85", "\u2028a\n", "\ufeff", "a\n\n", "---", "\ta\n", "`````x",
    ]
)  # fmt: skip
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)
_WORD = st.text("abc xyzé.,*_", min_size=1, max_size=20).map(str.strip).filter(bool)
_PROSE = st.lists(_WORD, min_size=1, max_size=3).map("\n\n".join)
_NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
_RESERVED = {"type", "batch", "next", "on-error"}
_PARAMS = st.dictionaries(
    (_TEXT | st.sampled_from(["command", "code", "a b"])).filter(lambda key: key not in _RESERVED), _DATA
)
_BATCH = st.fixed_dictionaries(
    {"items": st.lists(_DATA, min_size=1, max_size=3) | st.just("${xs}")},
    optional={"as": st.just("one"), "parallel": st.booleans(), "retry_wait": st.floats(0, 1e20)},
)


@st.composite
def workflows(draw):
    """IRs that every form can hold."""
    ids = draw(st.lists(_NAME, min_size=1, max_size=4, unique=True))
    some = st.fixed_dictionaries({"type": _WORD, "purpose": _PROSE}, optional={"params": _PARAMS, "batch": _BATCH})
    nodes = [{"id": name, **draw(some)} for name in ids]
    edges = st.dictionaries(
        st.tuples(st.sampled_from(ids), st.sampled_from(["default", "error"])), st.sampled_from(ids)
    )
    declared = st.fixed_dictionaries(
        {"description": _PROSE}, optional={"type": st.just("any"), "required": st.booleans(), "default": _DATA}
    )
    output = st.fixed_dictionaries({"description": _PROSE}, optional={"source": _TEXT})
    top = st.fixed_dictionaries(
        {},
        optional={
            "name": _WORD,
            "description": _PROSE,
            "ir_version": st.just("0.2.0"),
            "metadata": st.dictionaries(_TEXT, _DATA, max_size=3),
            "start_node": st.sampled_from(ids),
            "enable_namespacing": st.booleans(),
            "inputs": st.dictionaries(_NAME, declared, max_size=3),
            "outputs": st.dictionaries(_NAME, output, max_size=3),
            "edges": edges.map(
                lambda found: [{"from": one, "to": to, "action": action} for (one, action), to in found.items()]
            ),
        },
    )
    return {"nodes": nodes, **draw(top)}


def meaning(ir):
    """An IR with nothing left to its defaults, and its edges in one order."""
    ir = dict(from_data(ir).ir)
    edges = sorted((edge["from"], edge.get("action", "default"), edge["to"]) for edge in ir.pop("edges"))
    nodes = [{"params": {}, **node} for node in ir.pop("nodes")]
    return {"inputs": {}, "outputs": {}, "metadata": {}, **ir, "nodes": nodes, "edges": edges}
