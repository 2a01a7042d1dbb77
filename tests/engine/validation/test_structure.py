"""The schema's objections in words."""

import pytest

from pflow_engine.document.load import from_data
from pflow_engine.nodes import Registry
from pflow_engine.validation import find_problems, schema_problems
from pflow_engine.validation.structure import build_validator, structure_problems

NODE = {"id": "a", "type": "echo"}


def _found(ir):
    return [
        (problem.code, problem.path, problem.message, problem.hint) for problem in structure_problems(from_data(ir))
    ]


def _of_batch(batch):
    return _found({"nodes": [{**NODE, "batch": batch}]})


@pytest.mark.parametrize(
    ("fields", "code", "message", "hint"),
    [
        ({"items": "${a}${b}"}, "batch-items", "exactly one template or an array, not '${a}${b}'", "${node.output}"),
        ({"items": "x ${a}"}, "batch-items", "exactly one template", ""),
        ({"items": "[1, 2]"}, "batch-items", "exactly one template", "an inline array"),
        ({"items": ""}, "batch-items", "exactly one template", ""),
        ({"items": "$${a}"}, "batch-items", "exactly one template", ""),
        ({"items": []}, "empty-field", "'items' must not be empty", "give it at least one"),
        ({"items": 5}, "wrong-type", "'items' must be a string or array, not integer 5", ""),
        ({"items": None}, "wrong-type", "'items' must be a string or array, not null", "take it out"),
        ({"as": "1a"}, "bad-name", "the batch alias '1a' is not a name", "an alias starts with a letter"),
        ({"as": "a-b"}, "bad-name", "the batch alias 'a-b' is not a name", ""),
        ({"as": "item\n"}, "bad-name", "the batch alias 'item\\n' is not a name", ""),
        ({"as": ""}, "bad-name", "the batch alias '' is not a name", ""),
        ({"as": 1}, "wrong-type", "'as' must be a string, not integer 1", "put it in quotes"),
        ({"error_handling": "fail-fast"}, "wrong-value", "cannot be 'fail-fast'", "did you mean 'fail_fast'?"),
        ({"error_handling": None}, "wrong-value", "cannot be null", "one of: continue, fail_fast"),
        ({"parallel": "true"}, "wrong-type", "must be a boolean, not 'true'", "write true without quotes"),
        ({"parallel": "False"}, "wrong-type", "must be a boolean, not 'False'", "write false without quotes"),
        ({"parallel": "maybe"}, "wrong-type", "must be a boolean, not 'maybe'", "give it a boolean"),
        ({"parallel": 1}, "wrong-type", "must be a boolean, not integer 1", "give it a boolean"),
        ({"max_concurrent": 0}, "out-of-range", "must be at least 1, not 0", "from 1 to 100"),
        ({"max_concurrent": 101}, "out-of-range", "must be at most 100, not 101", "from 1 to 100"),
        ({"max_concurrent": "5"}, "wrong-type", "not '5'", "write the number without quotes"),
        ({"max_concurrent": "five"}, "wrong-type", "not 'five'", "give it an integer"),
        ({"max_concurrent": 1.5}, "wrong-type", "not number 1.5", ""),
        ({"max_concurrent": True}, "wrong-type", "not true", ""),
        ({"max_retries": 0}, "out-of-range", "must be at least 1, not 0", "from 1 to 10"),
        ({"max_retries": 11}, "out-of-range", "must be at most 10, not 11", "from 1 to 10"),
        ({"retry_wait": -0.1}, "out-of-range", "must be at least 0, not -0.1", "a number at least 0"),
        ({"timeout": 0}, "out-of-range", "must be more than 0, not 0", "a number more than 0"),
        ({"timeout": "5"}, "wrong-type", "must be a number, not '5'", "without quotes"),
        ({"max_retry": 3}, "unknown-field", "unknown field 'max_retry' in 'batch'", "did you mean 'max_retries'?"),
        ({"retry": 3}, "unknown-field", "unknown field 'retry' in 'batch'", "did you mean 'retry_wait'?"),
    ],
)  # fmt: skip
def test_batch(fields, code, message, hint):
    """Each bound of the batch block is its own refusal, with the fix named."""
    ((found, path, words, fix),) = _of_batch({"items": [1], **fields})
    assert (code, f"nodes[0].batch.{next(iter(fields))}") == (found, path)
    assert message in words
    assert hint in fix


@pytest.mark.parametrize(
    "batch",
    [
        {"items": [1]},
        {"items": ["${a}", {"x": "${b}"}]},
        {"items": "${a.b[0]}"},
        {"items": " ${a} "},
        {"items": "${a[${i}]}"},
        {"items": "${a ?? b}"},
        {
            "items": [None], "as": "_x1", "error_handling": "continue", "parallel": True, "max_concurrent": 100,
            "max_retries": 10, "retry_wait": 0, "timeout": 0.1,
        },
        {"items": [0], "max_concurrent": 1, "max_retries": 1.0, "retry_wait": 2.5},
    ],
)  # fmt: skip
def test_sound_batch(batch):
    """What is within the bounds has no problems."""
    assert [] == _of_batch(batch)


def test_batch_without_items():
    """A batch needs its items."""
    assert [("missing-field", "nodes[0].batch", "'items' is missing in 'batch'", "add 'items'")] == _of_batch({})


@pytest.mark.parametrize(
    ("ir", "code", "path", "message", "hint"),
    [
        ({"nodes": []}, "empty-field", "nodes", "the workflow has no nodes", "add at least one"),
        ({"nodes": {}}, "wrong-type", "nodes", "'nodes' must be an array, not object", "put it in [ ]"),
        ({"nodes": [5]}, "wrong-type", "nodes[0]", "'nodes[0]' must be an object, not integer 5", "give it an object"),
        ({"nodes": [{"id": "a"}]}, "missing-field", "nodes[0]", "'type' is missing in 'nodes[0]'", "add 'type'"),
        ({"nodes": [{"type": "a"}]}, "missing-field", "nodes[0]", "'id' is missing in 'nodes[0]'", "add 'id'"),
        ({"nodes": [{"id": "", "type": "a"}]}, "empty-field", "nodes[0].id", "'id' must not be empty", ""),
        ({"nodes": [{**NODE, "parms": {}}]}, "unknown-field", "nodes[0].parms", "unknown field 'parms' in 'nodes[0]'", "'params'"),
        ({"nodes": [{**NODE, "params": None}]}, "wrong-type", "nodes[0].params", "not null", "take it out, or give it an object"),
        ({"nodes": [NODE], "node": 1}, "unknown-field", "node", "unknown field 'node'", "did you mean 'nodes'?"),
        ({"nodes": [NODE], "ir_version": "1"}, "wrong-value", "ir_version", "must be x.y.z, not '1'", '"0.1.0"'),
        ({"nodes": [NODE], "ir_version": 1}, "wrong-type", "ir_version", "must be a string", '"0.1.0"'),
        ({"nodes": [NODE], "edges": [{"from": "a"}]}, "missing-field", "edges[0]", "'to' is missing", "add 'to'"),
        ({"nodes": [NODE], "edges": [{"from": "a", "to": "a", "action": ""}]}, "empty-field", "edges[0].action", "", ""),
        ({"nodes": [NODE], "edges": None}, "wrong-type", "edges", "must be an array, not null", ""),
        ({"nodes": [NODE], "inputs": {"a b": {}}}, "bad-name", "inputs.a b", "'a b' is not a name", "a name starts"),
        ({"nodes": [NODE], "inputs": {"x": {"type": "str"}}}, "wrong-value", "inputs.x.type", "'str'", "'string'"),
        ({"nodes": [NODE], "outputs": {"x": {"value": 1}}}, "unknown-field", "outputs.x.value", "in 'x'", ""),
        ({"nodes": [NODE], "template_resolution_mode": "lax"}, "wrong-value", "template_resolution_mode", "'lax'", ""),
        ({"nodes": [NODE], "name": "x" * 100, "start_node": []}, "wrong-type", "start_node", "not array", ""),
    ],
)  # fmt: skip
def test_workflow(ir, code, path, message, hint):
    """Each fault of structure has its code, its path and the likely fix."""
    ((found, place, words, fix),) = _found(ir)
    assert (code, path) == (found, place)
    assert message in words
    assert hint in fix


@pytest.mark.parametrize("field", ["retry", "loop", "cache", "prompt_cache", "prewarm", "approval"])
@pytest.mark.parametrize("place", ["node", "top"])
def test_newer_fields(field, place):
    """Fields of newer files are told apart from typos."""
    ir = {"nodes": [{**NODE, field: {}}]} if place == "node" else {"nodes": [NODE], field: {}}
    ((code, _, message, _),) = _found(ir)
    assert ("not-supported", f"'{field}' is known to pflow, not supported here yet") == (code, message)


def test_all_at_once():
    """Faults are reported all at once, in the order of the data."""
    nodes = [*[NODE] * 2, {"id": 1, "x": 2}, *[NODE] * 8, {"id": 3}]
    expected = ["nodes[2].x", "nodes[2]", "nodes[2].id", "nodes[11]", "nodes[11].id"]
    assert expected == [path for _, path, _, _ in _found({"nodes": nodes})]


def test_accepted_text():
    """Free text about the workflow is accepted at the top."""
    assert [] == _found({"nodes": [NODE], "name": "n", "description": "d", "metadata": {"x": 1}, "mappings": {}})


def test_other_schema():
    """What other schemas object to is told in jsonschema's words where there are none of ours."""
    validator = build_validator({"maxLength": 1})
    (found,) = schema_problems(validator, "abc", lambda code, message, *_, **__: (code, message))
    assert ("invalid", "'abc' is too long") == found


def test_wrong_top():
    """The top itself goes by the name of the file."""
    validator = build_validator({"type": "object"})
    (found,) = schema_problems(validator, [], lambda _code, message, *_, **__: message)
    assert "the file must be an object, not array" == found


def test_long_value():
    """A long value is cut."""
    ((_, _, message, _),) = _found({"nodes": [NODE], "ir_version": "x" * 100})
    assert f"'ir_version' must be x.y.z, not '{'x' * 57}...'" == message


def test_many_unknown_fields():
    """Of tens of thousands of unknown fields a thousand are named, and no more looked up."""
    ir = {"nodes": [{"id": "a", "type": "echo"}], **{f"field{at}": 0 for at in range(30_000)}}
    codes = [problem.code for problem in find_problems(from_data(ir), Registry())]
    assert [1000, 1, 1001] == [codes.count("unknown-field"), codes.count("too-many"), len(codes)]
