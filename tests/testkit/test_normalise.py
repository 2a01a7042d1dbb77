import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine import compile_ir_to_flow
from pflow_engine.trace import trace_schema
from pflow_testkit.normalise import canonical_text, sorted_maps, stable, without_places

SCHEMA = trace_schema()


def resolved(schema):
    """A schema behind its reference."""
    return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def example(schema):
    """Data that has every field of a schema, each with a value."""
    schema = resolved(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "properties" in schema:
        named = {name: example(field) for name, field in schema["properties"].items()}
        return named if schema.get("additionalProperties") is False else {**named, "own": {"of": "the user"}}
    kinds = {"string": "text", "number": 1.5, "integer": 3, "boolean": True, "object": {"own": [1]}}
    kind = schema.get("type", "array" if "items" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    return [example(schema["items"])] * 2 if kind == "array" else kinds[kind]


def leaves(schema, data, path=(), stability="stable"):
    """Every leaf of the data: its path, and whether it or anything above it is volatile."""
    schema = resolved(schema)
    if "if" in schema and data.get("type") == schema["if"]["properties"]["type"]["const"]:
        schema = {**schema, "properties": {**schema["properties"], **schema["then"]["properties"]}}
    stability = "volatile" if "volatile" in (stability, schema.get("x-stability")) else "stable"
    if isinstance(data, dict):
        fields = schema.get("properties", {})
        for name, value in data.items():
            field = fields.get(name, {})
            below = "volatile" if field.get("x-stability") == "volatile" else stability
            yield from leaves(field, value, (*path, name), below)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(schema.get("items", {}), value, (*path, index), stability)
    else:
        yield path, stability


FULL = example(SCHEMA)
HTTP = {**FULL["nodes"][1], "type": "http", "outputs": example(SCHEMA["$defs"]["httpOutputs"])}
FULL = {**FULL, "nodes": [FULL["nodes"][0], HTTP]}
LEAVES = list(leaves(SCHEMA, FULL))


def changed(path):
    """The full trace with another value at a path."""
    trace = json.loads(json.dumps(FULL))
    above = trace
    for step in path[:-1]:
        above = above[step]
    value = above[path[-1]]
    above[path[-1]] = (not value) if isinstance(value, bool) else value + (1 if isinstance(value, int | float) else "!")
    return trace


def text(trace):
    """What a snapshot of the trace would be."""
    return canonical_text(stable(trace))


def test_full_example():
    """The example has what the next test is about: volatile and stable fields at every level."""
    volatile = {path for path, stability in LEAVES if stability == "volatile"}
    assert {("started_at",), ("nodes", 0, "duration_ms"), ("nodes", 1, "batch", "items", 0, "duration_ms")} <= volatile
    assert ("nodes", 1, "outputs", "results", 1, "response_time") in volatile
    assert len(LEAVES) - len(volatile) > 60


@pytest.mark.parametrize("path", [path for path, stability in LEAVES if stability == "volatile"], ids=str)
def test_volatile_is_masked(path):
    """What the schema calls volatile, changed, leaves the snapshot as it is."""
    assert text(FULL) == text(changed(path))


@pytest.mark.parametrize("path", [path for path, stability in LEAVES if stability == "stable"], ids=str)
def test_stable_is_kept(path):
    """What the schema calls stable, changed, changes the snapshot."""
    assert text(FULL) != text(changed(path))


def test_http_alone_has_headers():
    """Outputs that http nodes have by nature are any other node's own."""
    node = {"id": "a", "type": "sla", "outputs": {"response_time": "gold", "results": [{"response_headers": "x"}]}}
    assert node == stable({"nodes": [node]})["nodes"][0]


def test_no_field_unmarked():
    """Every field of the schema says whether it is stable."""
    stack = [SCHEMA]
    while stack:
        schema = stack.pop()
        for name, field in schema.get("properties", {}).items():
            assert field.get("x-stability") in ("stable", "volatile"), name
            stack.append(field)
        stack += list(schema.get("$defs", {}).values())


def test_same_whoever_runs():
    """Two runs of one flow have the same text, one by one and in parallel."""
    node = {"id": "a", "type": "echo", "params": {"x": "${item}", "b": 1, "a": 2}}
    batch = {"items": [{"z": 1, "a": 2}, "two", None], "parallel": True}
    flow = compile_ir_to_flow({"nodes": [{**node, "batch": batch}]})
    assert 1 == len({text(flow.run().trace.to_dict()) for _ in range(10)})


def test_empty_fields_left_out():
    """What is null or empty is not written, and one that comes is."""
    trace = compile_ir_to_flow({"nodes": [{"id": "a", "type": "echo", "params": {"x": 0}}]}).run().trace.to_dict()
    assert {"id", "type", "status", "action", "params", "outputs"} == stable(trace)["nodes"][0].keys()
    assert {"x": 0} == stable(trace)["nodes"][0]["params"]
    trace["nodes"][0]["warnings"] = ["odd"]
    assert ["odd"] == stable(trace)["nodes"][0]["warnings"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_text_is_the_data(data):
    """The text is strict JSON of the data, and the order of its maps does not matter."""
    written = canonical_text(sorted_maps(data))
    assert data == json.loads(written)
    assert written == canonical_text(sorted_maps(json.loads(json.dumps(data))))


@given(st.recursive(st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=60))
def test_short_fits_a_line(data):
    """What takes several lines would not have fitted in one."""
    for line in canonical_text(data).splitlines():
        opened = line.rstrip().endswith(("{", "["))
        assert not opened or len(json.dumps(data, ensure_ascii=False)) > 40


def test_malformed_is_left():
    """What is no trace at all goes through unchanged, so that it can be compared and shown."""
    assert {"nodes": "none", "status": 1} == stable({"nodes": "none", "status": 1})
    assert {"nodes": [3, {"outputs": "x"}]} == stable({"nodes": [3, {"outputs": "x", "started_ms": 1}]})


def test_places_replaced():
    """A folder of the run reads the same wherever it was; names that only start like it are left."""
    places = {"/tmp/r1/work": "<work>", "/tmp/r1": "<tmp>"}
    seen = {"a": "in /tmp/r1/work/x and /tmp/r1/y", "/tmp/r1/work": ["/tmp/r1/workshop", "/tmp/r10"]}
    assert {"a": "in <work>/x and <tmp>/y", "<work>": ["<tmp>/workshop", "/tmp/r10"]} == without_places(seen, places)


TIMING = {"avg_item_ms": 1.5, "max_item_ms": 2.0, "min_item_ms": 1.0, "total_items_ms": 3.0, "wall_ms": 3.2}
METADATA = {**example(SCHEMA["$defs"]["batchMetadata"]), "timing": TIMING}
UNTIMED = {name: value for name, value in METADATA.items() if name != "timing"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (METADATA, UNTIMED),
        ([{"deep": METADATA}], [{"deep": UNTIMED}]),
        (TIMING, {}),
        ({**METADATA, "timing": None}, UNTIMED),
        ({"timing": TIMING["wall_ms"]}, {"timing": TIMING["wall_ms"]}),
        ({**METADATA, "own": 1}, {**METADATA, "own": 1, "timing": {}}),
        ({"wall_ms": 1}, {"wall_ms": 1}),
    ],
)
@pytest.mark.parametrize("field", ["params", "templates", "outputs"])
def test_handed_on_is_masked(field, value, kept):
    """What a batch says of itself is known wherever a node has it from; what is only like it stays."""
    node = {"id": "a", field: {"of": value}}
    assert {"id": "a", field: {"of": kept}} == stable({"nodes": [node]})["nodes"][0]


def test_input_is_not_changed():
    """The trace that is looked at stays as it is."""
    trace = json.loads(json.dumps(FULL))
    before = copy.deepcopy(trace)
    stable(trace)
    assert before == trace
