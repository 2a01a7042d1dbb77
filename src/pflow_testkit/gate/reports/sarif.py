"""What the gate found to SARIF 2.1.0, the format of code scanning."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import metadata
from typing import Any, Final
from urllib.parse import quote

from pflow_engine.errors import showable
from pflow_testkit.gate.catalogue import RULES, Rule
from pflow_testkit.gate.page import anchor_of
from pflow_testkit.gate.reports.told import Told
from pflow_testkit.gate.row import Row, Spot

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
_LEVELS: Final = {"BREAKING": "error", "BEHAVIOUR": "warning", "COSMETIC": "note"}
_INDICES: Final = {code: index for index, code in enumerate(RULES)}

_TAKEN: Final = re.compile(r"\{(\d+)\}|\](?=\()")
"""What a reader would take for a placeholder, or for the text of a link. The standard has every brace doubled; but a
message without arguments is shown as it is by most readers, and ``${…}`` stands in many."""


def as_sarif(told: Told) -> dict[str, Any]:
    """One run with every rule, and a result for each finding.

    A result stands at the place at hand that is closest to it, also of what is gone: the reader has no other version.
    Fingerprints are made of the rule, the workflow, the node's id and the path in it, never of lines.
    """
    distribution = metadata("pflow-testkit")
    urls = dict(_named(distribution.get_all("Project-URL") or ()))
    address = next((urls[name] for name in ("documentation", "homepage") if name in urls), "")
    driver = {
        "name": "pflow-gate",
        "version": distribution["Version"],
        **({"informationUri": address} if address else {}),
        "rules": [rule_in_sarif(rule, address) for rule in RULES.values()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "pflow-gate/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the repository."}}},
        "invocations": [_invocation(told)],
        "results": list(_results(told.rows)),
        "properties": {"comparedWith": showable(told.against)},
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def rule_in_sarif(rule: Rule, address: str) -> dict[str, Any]:
    """A rule; with a link to its place in the README where that has an address: none may be relative."""
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.sentence},
        "fullDescription": {"text": rule.sentence},
        "help": {"text": rule.fix, "markdown": f"{rule.fix}\n\nREADME.md#{anchor_of(rule)}"},
        **({"helpUri": f"{address.partition('#')[0]}#{anchor_of(rule)}"} if address else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.severity.lower()]},
    }


def _named(urls: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in urls:
        name, _, url = each.partition(",")
        yield name.strip().lower(), url.strip()


def _invocation(told: Told) -> dict[str, Any]:
    said = [f"{file}: its item 'gate' came to no verdict" for file in told.unjudged]
    said += [] if told.complete else ["the run was stopped before every workflow was compared"]
    notes = [{"level": "error", "message": {"text": _text(text)}} for text in said]
    return {"executionSuccessful": told.whole, "toolExecutionNotifications": notes}


def _results(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for row in rows:
        known = _fingerprint(row)
        seen[known] += 1
        yield {
            "ruleId": row.rule,
            "ruleIndex": _INDICES[row.rule],
            "level": _LEVELS[row.severity],
            "message": {"text": _text(row.message)},
            "locations": [_location(row.now)],
            "relatedLocations": [{"id": index, **_location(each)} for index, each in enumerate(row.callers, 1)],
            # The second name is the one that GitHub goes by; without it, GitHub hashes the line, which of what is gone
            # is another one's.
            "partialFingerprints": {
                "pflowGate/v1": f"{known}:{seen[known]}",
                "primaryLocationLineHash": f"{known[:16]}:{seen[known]}",
            },
            # Nothing of it is found where the base is compared with itself.
            "baselineState": "new",
            "suppressions": list(_suppressions(row)),
            "properties": {"path": showable(row.path), "node": showable(row.node)},
        }


def _fingerprint(row: Row) -> str:
    said = json.dumps([row.rule, row.workflow, row.node, row.below])
    return hashlib.sha256(said.encode()).hexdigest()


def _suppressions(row: Row) -> Iterator[dict[str, Any]]:
    if row.approved:
        kind = "inSource" if row.approved_at.file == row.workflow else "external"
        location = {"location": _location(row.approved_at)} if row.approved_at.line else {}
        yield {"kind": kind, "status": "accepted", "justification": showable(row.approved), **location}


def _location(spot: Spot) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(spot.file)}
    if spot.line and spot.side == "head":
        physical["region"] = {"startLine": spot.line, "startColumn": spot.column}
    said = {"message": {"text": _text(spot.words)}} if spot.words else {}
    return {"physicalLocation": physical, **said}


def _artifact(file: str) -> dict[str, str]:
    uri = quote(file.encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _text(text: str) -> str:
    return _TAKEN.sub(lambda found: f"{{{found[0]}}}" if found[1] else r"\]", showable(text))
