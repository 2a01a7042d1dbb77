"""The schemas as data."""

import jsonschema
import pytest

from pflow_engine.document.schema import BATCH_CONFIG_SCHEMA, FLOW_IR_SCHEMA


def _objects(schema):
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from _objects(inner)


def test_is_schema():
    """The IR schema is a JSON Schema itself."""
    jsonschema.Draft202012Validator.check_schema(FLOW_IR_SCHEMA)


def test_closed():
    """No level takes fields it does not name."""
    found = list(_objects(FLOW_IR_SCHEMA))
    assert {False} == {schema["additionalProperties"] for schema in found}
    assert len(found) >= 6


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("as", "item"), ("error_handling", "fail_fast"), ("parallel", False),
        ("max_concurrent", 10), ("max_retries", 1), ("retry_wait", 0),
    ],
)  # fmt: skip
def test_batch_defaults(field, default):
    """The batch schema tells its defaults."""
    assert default == BATCH_CONFIG_SCHEMA["properties"][field]["default"]
