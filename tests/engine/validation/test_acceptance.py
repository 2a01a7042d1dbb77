"""What is valid at once beside what jsonschema finds: it may know less, never other things."""

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pflow_engine.document.schema import FLOW_IR_SCHEMA
from pflow_engine.validation.acceptance import accepting
from pflow_engine.validation.structure import build_validator
from pflow_testkit.strategies import workflows

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.floats(allow_nan=False) | st.sampled_from(["", "a", "a\n", "1.0.0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "x"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def _plain(schema):
    # jsonschema by itself, but for its ``$``.
    pattern = build_validator(schema).VALIDATORS["pattern"]
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})(schema)


def _told(validator, data):
    return sorted((list(map(str, error.absolute_path)), error.message) for error in validator.iter_errors(data))


def _paths(data, path=()):
    yield path
    for step, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _paths(value, (*path, step))


def _changed(data, path, value):
    if not path:
        return value
    step, *rest = path
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    changed = {name: _changed(each, rest, value) if name == step else each for name, each in pairs}
    return changed if isinstance(data, dict) else list(changed.values())


@st.composite
def _broken(draw):
    """A workflow with one value of it changed, to whatever."""
    data = draw(workflows())
    path = draw(st.sampled_from(list(_paths(data))))
    return _changed(data, path, draw(_VALUES))


@given(workflows())
def test_sound(data):
    """A sound workflow is known to be one at once."""
    assert accepting(FLOW_IR_SCHEMA)(data)


@given(workflows() | _broken() | _VALUES)
@example({"nodes": [{"id": "a", "type": "b", "batch": {"items": [1], "max_retries": 2.0}}]})
@example({"nodes": [{"id": "a", "type": "b", "batch": {"items": "${a}\n", "as": "x\n"}}]})
@example({"nodes": [{"id": "a", "type": "b"}], "inputs": {"a b": {"required": 1}, "c": {"type": []}}})
def test_as_jsonschema(data):
    """What is accepted jsonschema finds nothing in, and where there is something we report the same."""
    expected = _told(_plain(FLOW_IR_SCHEMA), data)
    if accepting(FLOW_IR_SCHEMA)(data):
        assert [] == expected
    assert expected == _told(build_validator(FLOW_IR_SCHEMA), data)


@pytest.mark.parametrize(
    ("schema", "accepted", "refused"),
    [
        ({"type": ["string", "null"]}, ["a", None], [1, True]),
        ({"type": "integer"}, [1], [True, 1.5, "1"]),
        ({"type": "number"}, [1, 1.5], [True, "1"]),
        ({"enum": ["a", 1]}, ["a"], ["b", 2, ["a"]]),
        ({"pattern": "^a$"}, ["a", 1], ["a\n", "b"]),
        ({"properties": {"a": {"type": "string"}}}, [{}, {"a": "b", "c": 1}, 1], [{"a": 1}]),
        ({"properties": {"a": {}}, "additionalProperties": False}, [{}, {"a": 1}], [{"b": 1}]),
        ({"additionalProperties": {"type": "string"}}, [{"a": "b"}], [{"a": 1}]),
        ({"required": ["a"]}, [{"a": 1}, 1], [{}]),
        ({"propertyNames": {"pattern": "^a"}}, [{"ab": 1}, 1], [{"b": 1}]),
        ({"items": {"type": "null"}}, [[], [None], 1], [[1]]),
        ({"minLength": 1}, ["a", 1], [""]),
        ({"minItems": 1}, [[1], 1], [[]]),
        ({"minimum": 1}, [1, "a"], [0.5]),
        ({"maximum": 1}, [1, "a"], [1.5]),
        ({"exclusiveMinimum": 1}, [2, "a"], [1]),
        ({"title": "t", "description": "d", "default": 1}, [1, None], []),
        ({"oneOf": [{}]}, [], [1]),
        ({"items": {"oneOf": [{}]}}, [[]], [[1]]),
    ],
)
def test_words(schema, accepted, refused):
    """Each word of a schema is held; one that is not known accepts nothing."""
    accepts = accepting(schema)
    assert [True] * len(accepted) == list(map(accepts, accepted))
    assert [False] * len(refused) == list(map(accepts, refused))


@pytest.mark.parametrize("others", [False, True, {"type": "string"}])
def test_pattern_properties(others):
    """Other properties than those named by a pattern are left to jsonschema."""
    schema = {"patternProperties": {"^x": {}}, "additionalProperties": others}
    data = {"x1": 1, "b": 2}
    assert _told(_plain(schema), data) == _told(build_validator(schema), data)
