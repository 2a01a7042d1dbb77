"""For each rule a change that it tells, and one near to it that it does not.

A row is a base (edits of ``TRIAGE``), the edits that the rule tells, those that it does not tell, and what else is told
of the first. An edit is a path and a value; ``GONE`` takes it out.
"""

import copy
from typing import Any, NamedTuple

GONE = object()

TRIAGE = {
    "name": "triage",
    "description": "Sorts what came in.",
    "inputs": {
        "since": {"type": "string", "description": "From when on."},
        "limit": {"type": "integer", "default": 5},
        "notes": {"type": "string", "required": False, "stdin": True},
        "token": {"type": "string"},
    },
    "nodes": [
        {
            "id": "fetch",
            "type": "http",
            "purpose": "Fetches.",
            "params": {"url": "https://x.example/${since}", "method": "GET", "auth_token": "${token}", "timeout": 5},
        },
        {
            "id": "classify",
            "type": "llm",
            "params": {"prompt": "Label ${commit.text}", "model": "small", "temperature": 0.5},
            "batch": {
                "items": "${fetch.response}",
                "as": "commit",
                "error_handling": "continue",
                "parallel": True,
                "max_concurrent": 4,
                "max_retries": 3,
                "retry_wait": 1,
                "timeout": 10,
            },
        },
        {"id": "count", "type": "code", "params": {"code": "result = n", "inputs": {"n": "${classify.count}"}}},
        {"id": "print", "type": "shell", "params": {"command": "echo ${count.result} of ${limit}", "cwd": "."}},
        {"id": "alert", "type": "echo", "params": {"text": "it failed: ${notes}"}},
    ],
    "edges": [
        {"from": "fetch", "to": "classify"},
        {"from": "classify", "to": "count"},
        {"from": "count", "to": "print"},
        {"from": "fetch", "to": "alert", "action": "error"},
    ],
    "outputs": {
        "total": {"type": "number", "source": "${count.result}", "description": "How many."},
        "text": {"source": "${print.stdout}"},
    },
}


class Row(NamedTuple):
    """A rule, a base, and what is done to it."""

    code: str
    told: dict[str, Any]
    near: dict[str, Any]
    base: dict[str, Any] = {}  # noqa: RUF012  # nobody writes to it
    also: tuple[str, ...] = ()


_TEXT = "nodes/4/params/text"
_BATCH = "nodes/1/batch"
_NEW = {"id": "note", "type": "echo", "params": {"text": "hm"}}
_LINE = {"nodes": [{"id": name, "type": "echo", "params": {"text": name}} for name in "abcd"], "edges": GONE}
_LINE |= {"inputs": GONE, "outputs": GONE}

_INPUTS = [
    Row(
        "input-removed", {"inputs/notes": GONE, _TEXT: "it failed"}, {_TEXT: "it failed"}, also=("param-made-literal",)
    ),
    Row("input-required-added", {"inputs/by": {"type": "string"}}, {"inputs/by": {"type": "string", "default": "me"}}),
    Row("input-optional-added", {"inputs/by": {"default": "me"}}, {"inputs/by": {"type": "string"}}),
    Row(
        "input-declared",
        {"inputs": {"who": {"type": "string"}}},
        {"nodes/0/params/text": "hi ${whom}"},
        {**_LINE, "nodes": [{"id": "a", "type": "echo", "params": {"text": "hi ${who}"}}]},
    ),
    Row("input-made-required", {"inputs/notes/required": True}, {"inputs/limit/required": True}),
    Row("input-made-optional", {"inputs/since/required": False}, {"inputs/limit/required": False}),
    Row(
        "input-type-narrowed", {"inputs/any/type": "number"}, {"inputs/any/type": "any"}, {"inputs/any": {"default": 1}}
    ),
    Row("input-type-widened", {"inputs/limit/type": "number"}, {"inputs/limit/type": "string"}),
    Row("input-type-changed", {"inputs/since/type": "array"}, {"inputs/since/type": "any"}),
    Row(
        "input-default-removed",
        {"inputs/limit/default": GONE},
        {"inputs/limit": {"type": "integer", "required": False}},
    ),
    Row("input-default-changed", {"inputs/limit/default": 6}, {"inputs/limit/default": "5"}),
    Row("input-stdin-removed", {"inputs/notes/stdin": GONE}, {"inputs/since/stdin": False}),
    Row("input-stdin-added", {"inputs/since/stdin": True}, {"inputs/since/stdin": False}),
    Row("input-description-changed", {"inputs/since/description": "Since."}, {"inputs/limit/description": ""}),
]
_OUTPUTS = [
    Row("output-removed", {"outputs/text": GONE}, {"outputs/text/source": "${print.stderr}"}),
    Row("output-added", {"outputs/code": {"source": "${print.exit_code}"}}, {"outputs/text/description": "All of it."}),
    Row("output-type-changed", {"outputs/total/type": "string"}, {"outputs/total/type": "integer"}),
    Row("output-type-widened", {"outputs/total/type": GONE}, {"outputs/total/type": "integer"}),
    Row("output-type-narrowed", {"outputs/total/type": "integer"}, {"outputs/total/type": "any"}),
    Row(
        "output-source-changed",
        {"outputs/text/source": "${print.stderr}"},
        {"outputs/text/source": "${  print.stdout  }"},
    ),
    Row("output-description-changed", {"outputs/total/description": "All."}, {"outputs/text/description": ""}),
    Row("outputs-first-declared", {"outputs": {"text": {"source": "${d.text}"}}}, {"outputs": {}}, _LINE),
    Row(
        "last-outputs-changed",
        {"nodes/3/params": {"said": "d"}},
        {"nodes/3/params/also": "x"},
        _LINE,
        also=("param-added", "param-removed"),
    ),
]
_NODES = [
    Row("node-added", {"nodes/4": _NEW}, {"nodes/3/id": "note"}, _LINE),
    Row("node-removed", {"nodes/1": GONE}, {"nodes/1/id": "note"}, _LINE),
    Row(
        "node-renamed", {"nodes/1/id": "b2"}, {"nodes/1": _NEW | {"type": "shell", "params": {"command": "ls"}}}, _LINE
    ),
    Row(
        "node-type-changed",
        {"nodes/1": {"id": "b", "type": "shell", "params": {"command": "ls"}}},
        {"nodes/1/id": "b2"},
        _LINE,
    ),
    Row(
        "node-moved",
        {"nodes/1/id": "c", "nodes/1/params/text": "c", "nodes/2/id": "b", "nodes/2/params/text": "b"},
        {"nodes/1/id": "b2", "nodes/2/id": "c2"},
        _LINE,
        also=("nodes-reordered",),
    ),
    Row(
        "nodes-reordered",
        {"nodes/3": TRIAGE["nodes"][4], "nodes/4": TRIAGE["nodes"][3]},
        {"edges": [*reversed(TRIAGE["edges"])]},
    ),
    Row("node-purpose-changed", {"nodes/0/purpose": "Gets."}, {"nodes/1/purpose": ""}),
    Row(
        "node-off-path",
        {"edges/2/action": "error"},
        {"edges/4": {"from": "alert", "to": "print"}},
        also=("edge-action-changed", "error-path-added"),
    ),
    Row(
        "start-node-changed",
        {"start_node": "classify"},
        {"start_node": "fetch"},
        {"edges/4": {"from": "print", "to": "fetch", "action": "error"}},
        also=("node-off-path",),
    ),
]
_BACK = {"edges/4": {"from": "alert", "to": "print"}}
_ON_ERROR = {"edges/4": {"from": "count", "to": "alert", "action": "error"}}
_EDGES = [
    Row("edge-added", _BACK, _ON_ERROR),
    Row("edge-removed", {"edges/4": GONE}, {"edges/4/to": "count"}, _BACK),
    Row("edge-retargeted", {"edges/4/to": "count"}, {"edges/4/action": "error"}, _BACK),
    Row("edge-action-changed", {"edges/4/action": "error"}, {"edges/4/to": "count"}, _BACK, also=("error-path-added",)),
    Row("error-path-removed", {"edges/4": GONE}, {"edges/4/to": "print"}, _ON_ERROR),
    Row("error-path-added", _ON_ERROR, _BACK),
]
_PARAMS = [
    Row("param-added", {"nodes/0/params/headers": {"A": "b"}}, {"nodes/0/params/timeout": 6}),
    Row("param-removed", {"nodes/0/params/timeout": GONE}, {"nodes/0/params/timeout": 6}),
    Row("param-changed", {"nodes/0/params/timeout": 6}, {"nodes/0/params/timeout": GONE}),
    Row("param-made-template", {"nodes/3/params/cwd": "${since}"}, {"nodes/3/params/cwd": "$${since}"}),
    Row("param-made-literal", {_TEXT: "it failed: "}, {_TEXT: "it failed: ${since}"}),
    Row("template-changed", {_TEXT: "it failed: ${since}"}, {_TEXT: "it failed: ${ notes }"}),
    Row(
        "prompt-changed",
        {"nodes/1/params/prompt": "Rate ${commit.text}"},
        {"nodes/1/params/prompt": "Label ${ commit.text}"},
    ),
    Row("model-changed", {"nodes/1/params/model": "large"}, {"nodes/1/params/temperature": 0.6}),
    Row(
        "shell-command-changed",
        {"nodes/3/params/command": "printf ${count.result} of ${limit}"},
        {"nodes/3/params/command": "echo ${count.result} of ${since}"},
    ),
    Row("code-changed", {"nodes/2/params/code": "result = n + 1"}, {"nodes/2/params/inputs/m": 1}),
    Row("http-method-changed", {"nodes/0/params/method": "POST"}, {"nodes/0/params/timeout": 6}),
    Row(
        "http-url-changed",
        {"nodes/0/params/url": "https://y.example/${since}"},
        {"nodes/0/params/url": "https://x.example/${limit}"},
    ),
    Row("secret-changed", {"nodes/0/params/auth_token": "${since}"}, {"nodes/1/params/max_tokens": 3}),
    Row("secret-written", {"nodes/0/params/auth_token": "hunter2hunter2"}, {"nodes/0/params/auth_token": "${since}"}),
]
_BATCHES = [
    Row("batch-added", {"nodes/4/batch": {"items": ["a"]}}, {_BATCH + "/parallel": False}),
    Row("batch-removed", {"nodes/4/batch": GONE}, {"nodes/4/batch/items": ["b"]}, {"nodes/4/batch": {"items": ["a"]}}),
    Row(
        "batch-items-changed",
        {_BATCH + "/items": "${fetch.response.all}"},
        {_BATCH + "/items": " ${ fetch.response } "},
    ),
    Row(
        "batch-alias-renamed",
        {_BATCH + "/as": "it", "nodes/1/params/prompt": "Label ${it.text}"},
        {"nodes/1/params/prompt": "Label ${commit}"},
    ),
    Row("batch-made-fail-fast", {_BATCH + "/error_handling": GONE}, {_BATCH + "/max_retries": 1}),
    Row(
        "batch-made-tolerant",
        {_BATCH + "/error_handling": "continue"},
        {_BATCH + "/error_handling": "fail_fast"},
        {_BATCH + "/error_handling": GONE},
    ),
    Row(
        "batch-made-parallel", {_BATCH + "/parallel": True}, {_BATCH + "/parallel": GONE}, {_BATCH + "/parallel": False}
    ),
    Row("batch-made-sequential", {_BATCH + "/parallel": False}, {_BATCH + "/max_concurrent": 1}),
    Row("batch-concurrency-changed", {_BATCH + "/max_concurrent": 5}, {_BATCH + "/retry_wait": 2}),
    Row("batch-retries-lowered", {_BATCH + "/max_retries": 2}, {_BATCH + "/max_retries": 4}),
    Row("batch-retries-raised", {_BATCH + "/max_retries": 4}, {_BATCH + "/max_retries": 2}),
    Row(
        "batch-retry-wait-changed",
        {_BATCH + "/retry_wait": 2, _BATCH + "/max_retries": 2},
        {_BATCH + "/retry_wait": 2},
        {_BATCH + "/max_retries": 1},
        also=("batch-retries-raised",),
    ),
    Row("batch-timeout-added", {_BATCH + "/timeout": 9}, {_BATCH + "/retry_wait": 9}, {_BATCH + "/timeout": GONE}),
    Row("batch-timeout-removed", {_BATCH + "/timeout": GONE}, {_BATCH + "/timeout": 1}),
    Row("batch-timeout-lowered", {_BATCH + "/timeout": 9}, {_BATCH + "/timeout": 11}),
    Row("batch-timeout-raised", {_BATCH + "/timeout": 11}, {_BATCH + "/timeout": 9}),
]
_MODE = "template_resolution_mode"
_WHOLE = [
    Row("templates-made-strict", {_MODE: GONE}, {"name": "other"}, {_MODE: "permissive"}),
    Row("templates-made-permissive", {_MODE: "permissive"}, {_MODE: "strict"}),
    Row("namespacing-changed", {"enable_namespacing": False}, {"enable_namespacing": True}, _LINE),
    Row("name-changed", {"name": "sort"}, {"description": "Sorts."}),
    Row("description-changed", {"description": "Sorts."}, {"name": "sort"}),
    Row("metadata-changed", {"metadata": {"owner": "me"}}, {"metadata": {}}),
    Row("mappings-changed", {"mappings": {"a": 1}}, {"mappings": {}}),
    Row("ir-version-changed", {"ir_version": "0.2.0"}, {"ir_version": "0.1.0"}),
]

ROWS = [*_INPUTS, *_OUTPUTS, *_NODES, *_EDGES, *_PARAMS, *_BATCHES, *_WHOLE]

CHILD = {
    "inputs": {"text": {"type": "string"}},
    "nodes": [{"id": "say", "type": "echo", "params": {"said": "${text}"}}],
    "outputs": {"said": {"source": "${say.said}"}, "also": {"source": "${say.said}"}},
}
PARENT = {
    "nodes": [
        {"id": "sub", "type": "workflow", "params": {"workflow_ref": "child.json", "param_mapping": {"text": "hi"}}},
        {"id": "end", "type": "echo", "params": {"text": "${sub.said}"}},
    ],
    "outputs": {"text": {"source": "${end.text}"}},
}
FILES = {"child.json": CHILD, "parent.json": PARENT}


class FilesRow(NamedTuple):
    """A rule, and what is done to a folder: edits of each file, or GONE, or a file that is new.

    With ``alone`` that file is compared without the folder around it.
    """

    code: str
    told: dict[str, Any]
    near: dict[str, Any]
    base: dict[str, Any] = {}  # noqa: RUF012  # nobody writes to it
    alone: str = ""


_BROKEN = {"nodes": [{"id": "a", "type": "nothing"}]}
_PARAMS_OF_SUB = "nodes/0/params"
_SUB_GONE = {
    "nodes": [{"id": "end", "type": "echo", "params": {"text": "x"}}],
    "outputs": {"text": {"source": "${end.text}"}},
}

FILE_ROWS = [
    FilesRow("form-changed", {"parent.json": GONE, "parent.yaml": PARENT}, {"parent.json": GONE, "above.json": PARENT}),
    FilesRow("workflow-added", {"new.json": TRIAGE}, {"new.json": _BROKEN}),
    FilesRow("workflow-removed", {"parent.json": GONE}, {"parent.json": GONE, "above.json": PARENT}),
    FilesRow(
        "workflow-renamed",
        {"parent.json": GONE, "above.json": PARENT},
        {"parent.json": GONE, "above.json": TRIAGE},
    ),
    FilesRow(
        "nested-workflow-renamed",
        {"child.json": GONE, "kid.json": CHILD},
        {"child.json": GONE, "kid.json": CHILD, "parent.json": {_PARAMS_OF_SUB + "/workflow_ref": "kid.json"}},
    ),
    FilesRow("workflow-made-invalid", {"parent.json": {"nodes/1/type": "nothing"}}, {"parent.json": GONE}),
    FilesRow(
        "workflow-made-valid", {"bad.json": TRIAGE}, {"bad.json": GONE, "new.json": TRIAGE}, {"bad.json": _BROKEN}
    ),
    FilesRow(
        "child-contract-broken",
        {"child.json": {"outputs/said": GONE}},
        {"child.json": {"outputs/also": GONE}},
    ),
    FilesRow(
        "child-changed",
        {"child.json": {"nodes/0/params/said": "no ${text}"}},
        {"child.json": {"nodes/0/purpose": "It speaks."}},
        alone="parent.json",
    ),
    FilesRow("child-removed", {"parent.json": _SUB_GONE}, {"parent.json": {"nodes/1/params/text": "${sub.also}"}}),
    FilesRow(
        "child-replaced",
        {"parent.json": {_PARAMS_OF_SUB + "/workflow_ref": "other.json"}},
        {"parent.json": {_PARAMS_OF_SUB + "/workflow_ref": "./child.json"}},
        {"other.json": {**CHILD, "nodes": [{"id": "say", "type": "echo", "params": {"said": "no ${text}"}}]}},
    ),
    FilesRow(
        "child-ref-renamed",
        {"child.json": GONE, "kid.json": CHILD, "parent.json": {_PARAMS_OF_SUB + "/workflow_ref": "kid.json"}},
        {"parent.json": {_PARAMS_OF_SUB + "/workflow_ref": "./child.json"}},
    ),
    FilesRow(
        "param-mapping-changed",
        {"parent.json": {_PARAMS_OF_SUB + "/param_mapping/text": "ho"}},
        {"parent.json": {"nodes/1/params/text": "${sub.also}"}},
    ),
    FilesRow(
        "output-mapping-changed",
        {"parent.json": {_PARAMS_OF_SUB + "/output_mapping": {"also": "other"}}},
        {"parent.json": {_PARAMS_OF_SUB + "/output_mapping": {}}},
    ),
]


def edited(ir, edits):
    """A copy with the value at each dotted path set, or taken out."""
    changed = copy.deepcopy(ir)
    for path, value in edits.items():
        *above, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place = changed
        for step in above:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return changed


def edited_files(files, edits):
    """A copy of a folder with each file edited, taken out, or new."""
    changed = {name: ir for name, ir in files.items() if edits.get(name) is not GONE}
    for name, edit in edits.items():
        if edit is not GONE:
            changed[name] = edit if "nodes" in edit else edited(files[name], edit)
    return changed


def told(found):
    """Findings in short."""
    return [(each.rule.code, each.file, tuple(map(str, each.callers))) for each in found]
