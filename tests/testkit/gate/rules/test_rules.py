"""Every rule tells what it is for, and does not tell what is near to it."""

import pytest
from replay_pairs import DIFFER
from rule_pairs import FILE_ROWS, FILES, ROWS, TRIAGE, edited, edited_files

from pflow_testkit.gate import RULES, compare, compare_sets

ROW_CODES = [row.code for row in ROWS]
FILE_CODES = [row.code for row in FILE_ROWS]


def _findings(versions, row, edits, **options):
    base = edited(TRIAGE, row.base)
    return versions.compare(base, edited(base, edits), **options)


def _file_findings(versions, row, edits, **options):
    before = edited_files(FILES, row.base)
    base, head = versions.folder_of("base", before), versions.folder_of("head", edited_files(before, edits))
    if row.alone:
        return compare(base[row.alone], head[row.alone], **options)
    return compare_sets(base, head, **options)


def _codes(findings):
    return {finding.rule.code for finding in findings}


def test_rows_are_all():
    """Each rule has one row: a pair that it tells, and one that it does not. Those of replays have pairs of their own."""
    replays = {pair.code for pair in DIFFER}
    assert sorted(RULES) == sorted([*ROW_CODES, *FILE_CODES, *replays])


@pytest.mark.parametrize("row", ROWS, ids=ROW_CODES)
def test_told(versions, row):
    """The change is told by its rule, and by no other than follows from it."""
    assert {row.code, *row.also} == _codes(_findings(versions, row, row.told))


@pytest.mark.parametrize("row", ROWS, ids=ROW_CODES)
def test_near_not_told(versions, row):
    """What is near to it is another workflow, and no case of the rule."""
    base = edited(TRIAGE, row.base)
    assert base != edited(base, row.near)
    assert row.code not in _codes(_findings(versions, row, row.near))


@pytest.mark.parametrize("row", ROWS, ids=ROW_CODES)
def test_taken_away(versions, row):
    """Without its rule a change is not told: no other rule stands in for it."""
    others = {code: rule for code, rule in RULES.items() if code != row.code}
    assert set(row.also) == _codes(_findings(versions, row, row.told, rules=others))


@pytest.mark.parametrize("row", FILE_ROWS, ids=FILE_CODES)
def test_file_told(versions, row):
    """The change of a folder is told by its rule."""
    assert row.code in _codes(_file_findings(versions, row, row.told))


@pytest.mark.parametrize("row", FILE_ROWS, ids=FILE_CODES)
def test_file_near_not_told(versions, row):
    """What is near to it is another folder, and no case of the rule."""
    before = edited_files(FILES, row.base)
    assert before != edited_files(before, row.near)
    assert row.code not in _codes(_file_findings(versions, row, row.near))


@pytest.mark.parametrize("row", FILE_ROWS, ids=FILE_CODES)
def test_file_taken_away(versions, row):
    """Without its rule the change is not told under its name."""
    others = {code: rule for code, rule in RULES.items() if code != row.code}
    assert row.code not in _codes(_file_findings(versions, row, row.told, rules=others))


def test_severity_is_the_rules():
    """There is a rule of each class, at least forty in all, in the order of their codes."""
    assert {"BREAKING", "BEHAVIOUR", "COSMETIC"} == {rule.severity for rule in RULES.values()}
    assert 40 <= len(RULES)
    assert sorted(RULES) == [*RULES]
    assert all(
        code == rule.code and rule.sentence.endswith(".") and rule.fix.endswith(".") for code, rule in RULES.items()
    )


@pytest.mark.parametrize(("is_off", "said"), [(True, "to the root of the store"), (False, "into corners of their own")])
def test_namespacing_words(versions, is_off, said):
    """What is told of namespacing says where nodes write now."""
    base = {"nodes": [{"id": "a", "type": "echo"}]}
    pair = base | {"enable_namespacing": is_off}, base | {"enable_namespacing": not is_off}
    (finding,) = versions.compare(*pair)
    assert f"nodes write {said}" in finding.message
