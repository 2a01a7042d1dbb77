import pytest

from pflow_engine import Registry
from pflow_engine.document.load import from_data
from pflow_testkit.mutation.mutants import mutants_of
from pflow_testkit.mutation.operators import OPERATORS

RICH = {
    "inputs": {
        "who": {"type": "string", "default": "Ada"},
        "names": {"type": "array", "required": False},
        "also": {"type": "string", "required": False},
    },
    "nodes": [
        {
            "id": "fetch",
            "type": "http",
            "params": {"url": "http://x/${who}/${names[0]}", "method": "POST", "timeout": 5},
        },
        {
            "id": "each",
            "type": "read-file",
            "params": {"text": "${item.name ?? who}", "list": [1, 2], "on": True, "to": "${fetch.response.user.name}"},
            "batch": {
                "items": ["a", "b"],
                "parallel": True,
                "max_concurrent": 3,
                "max_retries": 2,
                "retry_wait": 1,
                "timeout": 9,
            },
        },
        {"id": "done", "type": "echo", "params": {"text": "done"}},
        {"id": "lost", "type": "echo", "params": {"text": "${fetch.error}"}},
    ],
    "edges": [
        {"from": "fetch", "to": "each"},
        {"from": "each", "to": "done"},
        {"from": "fetch", "to": "lost", "action": "error"},
    ],
    "outputs": {"text": {"source": "${done.text}"}, "count": {"source": "${each.count}"}},
    "template_resolution_mode": "permissive",
    "start_node": "fetch",
}


def _mutants(ir, *operators):
    found = mutants_of(from_data(ir), Registry.default())
    return [mutant for mutant in found if not operators or mutant.operator in operators]


def _told(ir, operator):
    return [f"{mutant.name}: {mutant.idea.was} -> {mutant.idea.now}" for mutant in _mutants(ir, operator)]


@pytest.mark.parametrize(
    ("operator", "told"),
    [
        (
            "drop-node",
            [
                "drop-node nodes.1: each (read-file) -> no such node",
                "drop-node nodes.2: done (echo) -> no such node",
                "drop-node nodes.3: lost (echo) -> no such node",
            ],
        ),
        (
            "swap-neighbours",
            [
                "swap-neighbours edges.0: fetch -> each -> each -> fetch",
                "swap-neighbours edges.1: each -> done -> done -> each",
            ],
        ),
        (
            "swap-edges",
            ["swap-edges edges.0: fetch -> each, fetch -[error]-> lost -> fetch -> lost, fetch -[error]-> each"],
        ),
        (
            "other-output",
            [
                "other-output nodes.1.params.to: ${fetch.response.user.name} -> ${fetch.error.user.name}",
                "other-output nodes.3.params.text: ${fetch.error} -> ${fetch.response}",
                "other-output outputs.count.source: ${each.count} -> ${each.results}",
            ],
        ),
        (
            "other-source",
            [
                "other-source nodes.0.params.url: ${who} -> ${names}",
                "other-source nodes.0.params.url #2: ${names[0]} -> ${who[0]}",
                "other-source nodes.1.params.text: ${item.name ?? who} -> ${item.name ?? names}",
                "other-source outputs.text.source: ${done.text} -> ${lost.text}",
            ],
        ),
        ("other-index", ["other-index nodes.0.params.url: ${names[0]} -> ${names[1]}"]),
        (
            "drop-choice",
            [
                "drop-choice nodes.1.params.text: ${item.name ?? who} -> ${who}",
                "drop-choice nodes.1.params.text #2: ${item.name ?? who} -> ${item.name}",
            ],
        ),
        (
            "blank-template",
            [
                "blank-template nodes.0.params.url: ${who} -> nothing",
                "blank-template nodes.0.params.url #2: ${names[0]} -> nothing",
            ],
        ),
        (
            "swap-params",
            [
                'swap-params nodes.0.params.url: "http://x/${who}/${names[0]}" -> "POST", the value of method',
                'swap-params nodes.1.params.text: "${item.name ?? who}" -> "${fetch.response.user.name}", the value of to',
            ],
        ),
        (
            "change-number",
            [
                "change-number nodes.0.params.timeout: 5 -> 6",
                "change-number nodes.1.params.list.0: 1 -> 2",
                "change-number nodes.1.params.list.1: 2 -> 3",
            ],
        ),
        (
            "change-text",
            [
                'change-text nodes.0.params.method: "POST" -> "POSTx"',
                'change-text nodes.2.params.text: "done" -> "donex"',
            ],
        ),
        ("flip-boolean", ["flip-boolean nodes.1.params.on: true -> false"]),
        ("shorten-list", ["shorten-list nodes.1.params.list: [1, 2] -> [1]"]),
        ("change-error-handling", ['change-error-handling nodes.1.batch.error_handling: "fail_fast" -> "continue"']),
        ("fewer-attempts", ["fewer-attempts nodes.1.batch.max_retries: 2 -> 1"]),
        ("more-attempts", ["more-attempts nodes.1.batch.max_retries: 2 -> 3"]),
        ("drop-wait", ["drop-wait nodes.1.batch.retry_wait: 1 -> 0"]),
        ("drop-timeout", ["drop-timeout nodes.1.batch.timeout: 9 -> left out"]),
        ("drop-item", ['drop-item nodes.1.batch.items: ["a", "b"] -> ["a"]']),
        ("flip-parallel", ["flip-parallel nodes.1.batch.parallel: true -> false"]),
        ("change-concurrency", ["change-concurrency nodes.1.batch.max_concurrent: 3 -> 2"]),
        (
            "drop-output",
            [
                "drop-output outputs.text: ${done.text} -> no such output",
                "drop-output outputs.count: ${each.count} -> no such output",
            ],
        ),
        ("swap-outputs", ["swap-outputs outputs.text.source: ${done.text} -> ${each.count}, the source of count"]),
        ("change-default", ['change-default inputs.who.default: "Ada" -> "Adax"']),
        ("drop-default", ['drop-default inputs.who.default: "Ada" -> left out']),
        (
            "require-input",
            ["require-input inputs.names.required: false -> true", "require-input inputs.also.required: false -> true"],
        ),
        ("tighten-mode", ["tighten-mode template_resolution_mode: permissive -> strict"]),
    ],
)
def test_operator(operator, told):
    """Each operator changes what it says, where it says."""
    assert told == _told(RICH, operator)


def test_shorten_path():
    """A path loses its last step, wherever the template stands."""
    assert [
        "${names[0]} -> ${names}",
        "${item.name ?? who} -> ${item ?? who}",
        "${fetch.response.user.name} -> ${fetch.response.user}",
        "${fetch.error} -> ${fetch}",
        "${done.text} -> ${done}",
        "${each.count} -> ${each}",
    ] == [told.partition(": ")[2] for told in _told(RICH, "shorten-path")]


def test_drop_param():
    """Only what a node can do without is left out: a required one is a matter of validation."""
    dropped = [mutant.idea.path for mutant in _mutants(RICH, "drop-param")]
    assert ("nodes", 0, "params", "method") in dropped
    assert ("nodes", 0, "params", "url") not in dropped


RING = {
    "nodes": [
        {"id": "a", "type": "shell", "params": {"command": "true"}},
        *({"id": name, "type": "echo"} for name in "bcd"),
    ],
    "edges": [
        {"from": "a", "to": "b"},
        {"from": "a", "to": "c", "action": "error"},
        {"from": "b", "to": "c"},
        {"from": "c", "to": "d"},
        {"from": "a", "to": "d", "action": "end"},
    ],
}


@pytest.mark.parametrize(
    ("operator", "told"),
    [
        (
            "drop-edge",
            [
                "drop-edge edges.1: a -[error]-> c -> no such edge",
                "drop-edge edges.2: b -> c -> no such edge",
                "drop-edge edges.3: c -> d -> no such edge",
                "drop-edge edges.4: a -[end]-> d -> no such edge",
            ],
        ),
        (
            "retarget-edge",
            [
                "retarget-edge edges.1: a -[error]-> c -> a -[error]-> d",
                "retarget-edge edges.2: b -> c -> b -> d",
            ],
        ),
    ],
)
def test_edges(operator, told):
    """What would leave a node behind that nothing leads to is no mutant."""
    assert told == _told(RING, operator)


def test_move_start():
    """The start moves where all can still be reached."""
    ir = {**RING, "edges": [*RING["edges"], {"from": "c", "to": "a", "action": "again"}]}
    assert ["move-start start_node: a -> b"] == _told(ir, "move-start")


def test_drop_mapping(tmp_path):
    """What a nested workflow is given, and what is taken from it, is left out one by one."""
    child = tmp_path / "child.json"
    child.write_text(
        '{"inputs": {"x": {"required": false}}, "nodes": [{"id": "say", "type": "echo", "params": {"y": "${x}"}}]}'
    )
    params = {"workflow_ref": str(child), "param_mapping": {"x": "1"}, "output_mapping": {"y": "z"}}
    ir = {"nodes": [{"id": "sub", "type": "workflow", "params": params}]}
    assert ["drop-mapping nodes.0.params.param_mapping.x", "drop-mapping nodes.0.params.output_mapping.y"] == [
        mutant.name for mutant in _mutants(ir)
    ]


def test_every_operator_is_tested():
    """No operator lacks a case above, and there are at least the twenty that were asked for."""
    used = {mutant.operator for ir in (RICH, RING) for mutant in _mutants(ir)}
    assert {"move-start", "drop-mapping"} == set(OPERATORS) - used
    assert len(OPERATORS) >= 20


def test_mutants_are_distinct():
    """No two mutants of a workflow are the same, nor have the same name, and none is the workflow itself."""
    found = _mutants(RICH)
    texts = [repr(mutant.ir) for mutant in found]
    assert len(set(texts)) == len(texts) == len({mutant.name for mutant in found})
    assert repr(from_data(RICH).ir) not in texts


@pytest.mark.parametrize("name", ["command", "cwd", "env"])
def test_processes_are_left_alone(name):
    """Nothing of what a process does is changed: a changed command could do harm."""
    node = {
        "id": "wipe",
        "type": "shell",
        "params": {"command": "rm -rf ./${folder}/x", "cwd": "${folder}", "env": {"A": "b"}, "timeout": 3},
    }
    changed = {
        mutant.idea.path[3]
        for mutant in _mutants({"inputs": {"folder": {}}, "nodes": [node]})
        if "params" in mutant.idea.path
    }
    assert {"timeout"} == changed


def test_what_cannot_fail():
    """Nothing of how failures are handled is changed where the node's type cannot fail."""
    node = {"id": "say", "type": "echo", "batch": {"items": [1, 2], "max_retries": 3, "retry_wait": 1}}
    found = {mutant.operator for mutant in _mutants({"nodes": [node]})}
    assert not found & {"change-error-handling", "fewer-attempts", "more-attempts", "drop-wait"}


def test_metadata_reader_is_excused():
    """Where a workflow reads how its batch was run, the way it is run makes a difference."""
    batch = {"id": "each", "type": "echo", "params": {"x": "${item}"}, "batch": {"items": [1, 2], "parallel": True}}
    for source, equivalents in (("${each.count}", 2), ("${each.batch_metadata.parallel}", 0), ("${each}", 0)):
        ir = {"nodes": [batch], "outputs": {"out": {"source": source}}}
        assert equivalents == sum(mutant.idea.equivalent for mutant in _mutants(ir))
