"""Pairs of workflows whose replay must differ, with the node and the item where, and pairs near to them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from rule_pairs import edited

COMMITS = [{"message": "Fix it"}, {"message": "Add it", "short": "Add"}]
TRIAGE: dict[str, Any] = {
    "inputs": {"since": {"type": "string", "default": "v1"}},
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "https://commits.example/${since}"}},
        {
            "id": "label",
            "type": "echo",
            "batch": {"items": "${fetch.response}", "as": "commit", "error_handling": "continue"},
            "params": {"text": "${commit.message}"},
        },
        {"id": "note", "type": "echo", "params": {"text": "a note"}},
        {"id": "tell", "type": "echo", "params": {"first": "${label.results[0].text}", "all": "${label.count}"}},
    ],
    "edges": [
        {"from": "fetch", "to": "label"},
        {"from": "label", "to": "note"},
        {"from": "note", "to": "tell"},
    ],
    "outputs": {"first": {"source": "${tell.first}"}},
}
CASE = {"stubs": {"fetch": {"response": COMMITS}}}
FAULTY = {**CASE, "faults": [{"node": "label", "item": 1, "raises": "no"}]}
RANDOM = {"nodes/2": {"id": "note", "type": "code", "params": {"code": "import random\nresult = random.random()"}}}
CODE = {"nodes/2": {"id": "note", "type": "code", "params": {"code": "result = 1"}}}
HASHES = {"nodes/2": {"id": "note", "type": "code", "params": {"code": "result = list({'a', 'b', 'c', 'd'})"}}}
_POST = {"id": "post", "type": "http", "params": {"url": "https://chat.example"}}
_LINEAR = [("fetch", "label"), ("label", "tell"), ("tell", "note")]
_EDGES = [{"from": source, "to": target} for source, target in _LINEAR]
_RENAMED = {
    "nodes/0/id": "commits",
    "nodes/1/batch/items": "${commits.response}",
    "nodes/1/id": "weigh",
    "nodes/3/params": {"first": "${weigh.results[0].text}", "all": "${weigh.count}"},
    "edges": [
        {"from": "commits", "to": "weigh"},
        {"from": "weigh", "to": "note"},
        {"from": "note", "to": "tell"},
    ],
}


class Pair(NamedTuple):
    """A change of TRIAGE, and what is told of it: the rule, the node, and words of the message."""

    what: str
    head: dict
    code: str
    node: str
    words: str
    base: Mapping[str, Any] = MappingProxyType({})
    case: Mapping[str, Any] = CASE

    @property
    def workflows(self):
        """As it was, and as it is."""
        was = edited(TRIAGE, self.base)
        return was, edited(was, self.head)


DIFFER = [
    Pair(
        "param",
        {"nodes/2/params/text": "two"},
        "replay-differs",
        "note",
        '\'note\': params.text is "two", was "a note" (and 1 more)',
    ),
    Pair(
        "param that is read, and more",
        {"nodes/0/params/timeout": 60, "nodes/2/params/text": "two"},
        "replay-differs",
        "fetch",
        "'fetch': params.timeout added: 60 (and 2 more)",
    ),
    Pair("code", {"nodes/2/params/code": "result = 2"}, "replay-differs", "note", "params.code", CODE),
    Pair("every item", {"nodes/1/params/text": "- ${commit.message}"}, "replay-differs", "label", "node 'label'"),
    Pair(
        "second item",
        {"nodes/1/params/text": "${commit.short ?? commit.message}"},
        "replay-differs",
        "label",
        "node 'label', item 1",
    ),
    Pair(
        "address",
        {"nodes/0/params/url": "https://x.example/${since}"},
        "replay-differs",
        "fetch",
        "'fetch': params.url",
    ),
    Pair(
        "default",
        {"inputs/since/default": "v2"},
        "replay-differs",
        "fetch",
        "'fetch': params.url is \"https://commits.example/v2\"",
    ),
    Pair(
        "order",
        {"edges": _EDGES},
        "replay-differs",
        "note",
        "node 'note': order ran after 'tell', before it ran after 'label'",
    ),
    Pair(
        "node added",
        {"nodes/4": {"id": "more", "type": "echo", "params": {"text": "x"}}, "edges/3": {"from": "tell", "to": "more"}},
        "replay-differs",
        "more",
        "'more': ran, it did not before",
    ),
    Pair("node not reached", {"edges/2/action": "error"}, "replay-differs", "tell", "'tell': did not run"),
    Pair(
        "output",
        {"outputs/first/source": "${note.text}"},
        "replay-differs",
        "",
        'output \'first\' is "a note", was "Fix it"',
    ),
    Pair(
        "no second try",
        {"nodes/1/batch/error_handling": "fail_fast"},
        "replay-fails",
        "label",
        "fails now: node 'label'",
        {},
        FAULTY,
    ),
    Pair(
        "reaches out",
        {"nodes/4": _POST, "edges/3": {"from": "tell", "to": "post"}},
        "replay-impossible",
        "",
        "cannot be replayed: node 'post' (http) reaches for the network, and there is no stub for it",
    ),
    Pair(
        "differs, then reaches out",
        {"nodes/2/params/text": "two", "nodes/4": _POST, "edges/3": {"from": "tell", "to": "post"}},
        "replay-differs",
        "note",
        "; it cannot be replayed any further: node 'post'",
    ),
    Pair(
        "reaches out first",
        {"nodes/2": {**_POST, "id": "note"}},
        "replay-impossible",
        "",
        "cannot be replayed: node 'note' (http) reaches",
    ),
    Pair("renamed, and changed", {**_RENAMED, "nodes/2/params/text": "two"}, "replay-differs", "note", "params.text"),
    Pair("noise around", {"nodes/1/params/text": "x"}, "replay-differs", "label", "node 'label'", RANDOM),
    Pair(
        "input needed",
        {"inputs/until": {"type": "string", "required": True}, "nodes/2/params/text": "${until}"},
        "replay-impossible",
        "",
        "'until'",
    ),
]

ALIKE = [
    Pair("param of a stub", {"nodes/0/params/timeout": 60}, "", "", ""),
    Pair("param that comes to the same", {"nodes/2/params/code": "result = 2 - 1"}, "", "", "", CODE),
    Pair("description", {"description": "What it is for."}, "", "", ""),
    Pair("parallel", {"nodes/1/batch/parallel": True, "nodes/1/batch/max_concurrent": 2}, "", "", ""),
    Pair("renamed nodes", _RENAMED, "", "", ""),
    Pair("renamed nodes with faults", _RENAMED, "", "", "", {}, FAULTY),
    Pair("alias", {"nodes/1/batch/as": "it", "nodes/1/params/text": "${it.message}"}, "", "", ""),
    Pair("unused input", {"inputs/until": {"type": "string", "default": "v9"}}, "", "", ""),
    Pair(
        "unreached node", {"nodes/4": _POST, "edges/3": {"from": "tell", "to": "post", "action": "error"}}, "", "", ""
    ),
    Pair("random", {"nodes/1/batch/parallel": True}, "", "", "", RANDOM),
    Pair("hash order", {"nodes/1/batch/parallel": True}, "", "", "", HASHES),
    Pair("renamed, and random", _RENAMED, "", "", "", RANDOM),
]
