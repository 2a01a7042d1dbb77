import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pflow_engine.document.yaml.text import yaml_text
from pflow_engine.validation.structure import build_validator
from pflow_testkit.cases import InvalidCase, case_schema, load_cases
from pflow_testkit.cases.places import env_faults, file_faults
from pflow_testkit.strategies import texts, values


def _load(tmp_path, text):
    path = tmp_path / "a.test.yaml"
    path.write_text(text)
    return load_cases(path, "a.test.yaml")


def _problems(tmp_path, text):
    with pytest.raises(InvalidCase) as caught:
        _load(tmp_path, text)
    return caught.value.problems


def test_schema_is_a_schema():
    """The published schema of case files is one."""
    Draft202012Validator.check_schema(case_schema())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the case file is empty"),
        ("# later\n", "the case file is empty"),
        ("cases: [{name: a}]\n---\ncases: []", "a file holds one list of cases: take out the"),
        ("cases: [", "not YAML"),
        ("- a", "a case file is a map with 'cases', not array"),
        ("cases: []", "'cases' must not be empty"),
        ("case: []", "unknown field 'case'"),
        ("{}", "'cases' is missing"),
        ("survivors: [{mutant: a}]", "'because' is missing"),
        ("fuzz: true\ncases: {}", "'cases' must be a list of cases, not object"),
        ("cases: [{}]", "'name' is missing"),
        ("cases: [{name: a, expct: {}}]", "unknown field 'expct'"),
        ("cases: [{name: a, expect: {status: ok}}]", "'status' cannot be 'ok'"),
        ("cases: [{name: a, expect: {outputs: {n: {$mach: x}}}}]", "there is no matcher $mach"),
        ("cases: [{name: a, expect: {outputs: {n: {$match: '['}}}}]", "not a regular expression"),
        ("cases: [{name: a, expect: {outputs: {n: {$match: 1}}}}]", "takes a regular expression"),
        ("cases: [{name: a, expect: {outputs: {n: {$type: int}}}}]", "there is no type"),
        ("cases: [{name: a, expect: {outputs: {n: [{$len: -1}]}}}]", "$len takes a whole number"),
        ("cases: [{name: a, expect: {outputs: {n: {$approx: x}}}}]", "$approx takes a number"),
        ("cases: [{name: a}, {name: a}]", "already taken by cases[0]"),
        ("cases: {name: a}", "'cases' must be a list of cases, not object"),
        ("cases: [{name: !!binary aa}]", "makes no value a case file can hold"),
        ("cases: [{name: a, name: b}]", "key 'name' is given twice"),
        ("cases: [{name: {a: b}, snapshot: [trace]}]", "'name' must be"),
        ("cases: [{name: a, expect: {sound: very}}]", "'sound' must be"),
        ("fuzz: {allow: ValueError}\ncases: [{name: a}]", "'allow' must be"),
    ],
)
def test_bad_case_file(tmp_path, text, said):
    """What is wrong with a case file is said with its place."""
    path = tmp_path / "a.test.yaml"
    path.write_text(text)
    with pytest.raises(InvalidCase) as caught:
        load_cases(path, "a.test.yaml")
    assert said in str(caught.value)
    assert "a.test.yaml" in str(caught.value)
    assert all(problem.position for problem in caught.value.problems)


@pytest.mark.parametrize("beside", ["survivors: [{mutant: a, because: b}]", "fuzz: true"])
@pytest.mark.parametrize("cases", ["", "cases: []\n"])
def test_no_cases_beside(tmp_path, beside, cases):
    """A case file may say what it says of the workflow, and have no case."""
    path = tmp_path / "a.test.yaml"
    path.write_text(cases + beside)
    assert () == load_cases(path, "a.test.yaml")


_WORDS = [
    "when",
    "attempts",
    "raises",
    "action",
    "node",
    "item",
    "attempt",
    "hang",
    "corrupt",
    "$match",
    "$type",
    "$fixture",
    "status",
    "outputs",
]
_PARTS = ["inputs", "files", "env", "stubs", "faults", "expect", "snapshot", "stress", "live"]
_ANY = values(text=texts() | st.sampled_from(_WORDS))
_CASES = st.lists(
    st.fixed_dictionaries({"name": texts() | _ANY}, optional=dict.fromkeys(_PARTS, _ANY)) | _ANY, max_size=3
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(fuzz=_ANY, cases=_CASES | _ANY)
def test_anything_in_a_case_file(tmp_path, fuzz, cases):
    """Whatever stands in a case file, it is cases, or refused with the place of each thing that is wrong."""
    try:
        _load(tmp_path, yaml_text({"fuzz": fuzz, "cases": cases}))
    except InvalidCase as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.position and str(problem).encode() for problem in problems)


STUBS = [
    ("text", 'a stub is outputs, or a list of rules, not "text"', "write {output: value}"),
    ("", "a stub is outputs, or a list of rules, not null", "write {output: value}"),
    ("[]", "a stub without rules", "give it one, or take it out"),
    ("[1]", "a rule of a stub is outputs by name, not 1", "write {output: value}"),
    ("{attempts: []}", "'attempts' is a list with one reply an attempt, not an empty list", "write [{output: value}]"),
    ("{attempts: {x: 1}}", "'attempts' is a list with one reply an attempt, not {\"x\": 1}", "write [{output: value}]"),
    ("{attempts: [1]}", "the reply of an attempt is outputs by name, not 1", "write {output: value}"),
    ("{attempts: [{x: 1}], y: 2}", "'y' stands beside 'attempts'", "move it into the attempts it is for"),
    ("{attempts: [{x: 1}], raises: a}", "'raises' stands beside 'attempts'", "move it into the attempts it is for"),
    ("{attempts: [{when: {index: 0}}]}", "'when' inside an attempt", "it belongs to the rule around the attempts"),
    ("{attempts: [{attempts: [{}]}]}", "'attempts' inside an attempt", "it belongs to the rule around the attempts"),
    ("{raises: a, x: 1}", "'x' stands beside 'raises'", "a reply that raises has nothing else: take one of them out"),
    ("{raises: 1}", "'raises' is the text of an exception, not 1", "put it in quotes"),
    ("{action: 1}", "'action' is text, not 1", "put it in quotes"),
    ("{when: 1}", "'when' is a map of item, index, params, not 1", "write {item: value}"),
    ("{when: {itm: 1}}", "'when' knows no 'itm'", "did you mean 'item'? known: index, item, params"),
]
"""Stubs of a node: as written, what is wrong, the fix. The published schema refuses them too."""


@pytest.mark.parametrize(("stub", "said", "hint"), STUBS)
def test_bad_stub(tmp_path, stub, said, hint):
    """A stub that could stand in for no node is refused with its place and the fix."""
    text = f"cases:\n  - name: a\n    stubs:\n      fetch: {stub}\n"
    (problem,) = _problems(tmp_path, text)
    assert ("bad-stub", said, hint, 4) == (problem.code, problem.message, problem.hint, problem.position.line)


@pytest.mark.parametrize(
    ("stub", "said"),
    [
        ("{when: {item: {$mtch: x}}}", "there is no matcher $mtch"),
        ("{when: {item: [{$match: '['}]}}", "not a regular expression"),
        ("{when: {params: {a: {$len: 1, b: 2}}}}", "the matcher $len stands beside 'b'"),
    ],
)
def test_bad_matcher_of_stub(tmp_path, stub, said):
    """The matchers of 'when' are those of an expectation."""
    (problem,) = _problems(tmp_path, f"cases: [{{name: a, stubs: {{fetch: [{stub}]}}}}]")
    assert said in problem.message


@pytest.mark.parametrize(
    "stub",
    [
        "{}",
        "{when: {item: {$match: x}, index: 1}, x: 1}",
        "{when: {index: 0}, raises: busy}",
        "{when: {index: 0}, attempts: [{raises: busy}, {action: error, x: 1}]}",
        "{$fixture: a}",
        "[{$fixture: a}, {x: {$fixture: a}}]",
        "{raises: {$fixture: a}, when: {$fixture: b}}",
        "{attempts: {$fixture: a}}",
        "{attempts: [{$fixture: a}, {action: {$fixture: b}, x: [{$fixture: c}]}]}",
        "{when: {item: {id: {$fixture: a}}}, x: {$ref: 1}}",
    ],
)
def test_sound_stub(tmp_path, stub):
    """A sound stub loads, whatever fixtures are to fill in; the published schema takes it too."""
    (case,) = _load(tmp_path, f"cases: [{{name: a, stubs: {{fetch: {stub}}}}}]")
    assert build_validator(case_schema()).is_valid({"cases": [{"name": "a", "stubs": dict(case.stubs)}]})


@pytest.mark.parametrize(
    ("case", "code", "said", "hint"),
    [
        ("inputs: {a: {$fixture: x, b: 1}}", "bad-fixture", "$fixture stands beside 'b'", "take one of them out"),
        ("inputs: {a: [{$fixture: 1}]}", "bad-fixture", "$fixture takes the name of a fixture, not 1", "as text"),
        ("files: {a: {$fixture: ''}}", "bad-fixture", '$fixture takes the name of a fixture, not ""', "as text"),
        ("env: {A: {$fixtrue: x}}", "bad-fixture", "there is no $fixtrue here", "did you mean '$fixture'?"),
        ("stubs: {a: {x: {$fixtures: y}}}", "bad-fixture", "there is no $fixtures here", "did you mean '$fixture'?"),
        ("stubs: {a: {when: {item: {$fixtrue: y}}}}", "bad-fixture", "no $fixtrue here", "did you mean '$fixture'?"),
        ("stubs: {$fixture: a}", "bad-stub", "the stubs as a whole cannot be a fixture", "name the nodes"),
        (
            "expect: {outputs: {a: {$fixture: x}}}",
            "bad-matcher",
            "no $fixture here",
            "in inputs, files, env, stubs and faults",
        ),
        ("expect: {outputs: {a: {$type: integer, foo: 1}}}", "bad-matcher", "beside 'foo'", "take one of them out"),
        ("expect: {nodes: {a: {x: {$mtch: y}}}}", "bad-matcher", "there is no matcher $mtch", "did you mean '$match'?"),
        ("expect: {outputs: {a: {$type: [x]}}}", "bad-matcher", "there is no type", "known: "),
        ("expect: {error: {text: a}}", "bad-error", "'error' must be text or a matcher", "{$match: regex}"),
        ("expect: {error: {}}", "bad-error", "'error' must be text or a matcher", "{$match: regex}"),
        ("expect: {error: a, status: success}", "bad-error", "beside status: success", "does not fail has no error"),
        ("expect: {error: a, status: degraded}", "bad-error", "beside status: degraded", "does not fail has no error"),
    ],
)
def test_bad_words(tmp_path, case, code, said, hint):
    """A $-word that cannot be meant where it stands is refused with the fix."""
    (problem,) = _problems(tmp_path, f"cases:\n  - name: a\n    {case}\n")
    assert (code, 3) == (problem.code, problem.position.line)
    assert said in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ("{'': x}", '"" is no name of a file'),
        ("{.: x}", "'.' is a folder, not a file"),
        ("{a/..: x}", "'a/..' is a folder, not a file"),
        ("{a/: x}", "'a/' is a folder, not a file"),
        ('{"a\\0": x}', "is no name of a file"),
        ("{/etc/a: x}", "'/etc/a' lies outside the case's working folder"),
        ("{../a.txt: x}", "'../a.txt' lies outside the case's working folder"),
        ("{a/../../b: x}", "'a/../../b' lies outside the case's working folder"),
        (f"{{{'é' * 128}: x}}", "is too long"),
        ("{a: x, a/b: y}", "'a/b' lies in 'a', which is a file too"),
        ("{a/b/c: x, ./a: y}", "'a/b/c' lies in './a', which is a file too"),
        ("{a: x, ./a: y}", "'./a' is the same file as 'a'"),
    ],
)
def test_bad_file(tmp_path, files, said):
    """A file that cannot be in the working folder is refused before anything is written."""
    (problem,) = _problems(tmp_path, f"cases: [{{name: a, files: {files}}}]")
    assert "bad-file" == problem.code
    assert said in problem.message
    assert problem.hint


@pytest.mark.parametrize("env", ["{'': x}", "{A=B: x}", '{"A\\0": x}', '{A: "x\\0"}'])
def test_bad_variable(tmp_path, env):
    """A variable no process can have is refused."""
    (problem,) = _problems(tmp_path, f"cases: [{{name: a, env: {env}}}]")
    assert "bad-env" == problem.code
    assert problem.hint


@pytest.mark.parametrize(
    ("faults", "given", "path"),
    [
        (file_faults, None, ()),
        (file_faults, {1: "x"}, (1,)),
        (file_faults, {"a": b"x"}, ("a",)),
        (file_faults, {"a": "\ud800"}, ("a",)),
        (file_faults, {"\ud800": "x"}, ("\ud800",)),
        (env_faults, ["A"], ()),
        (env_faults, {1: "x"}, (1,)),
        (env_faults, {"A": object()}, ("A",)),
        (env_faults, {"A": "\ud800"}, ("A",)),
        (env_faults, {"\ud800": "x"}, ("\ud800",)),
    ],
)
def test_what_a_fixture_gave(faults, given, path):
    """What no file of cases can hold, a fixture can give: one fault with its fix."""
    ((place, said, hint),) = faults(given)
    assert path == place
    assert said
    assert hint


@pytest.mark.parametrize("name", ["a::b", "[a]", "a]", "a\\nb", "a\\x1b", "a\\u2028", "a\\u2029", "a\\x85"])
def test_bad_name(tmp_path, name):
    """A name that would not survive in a test id is refused."""
    (problem,) = _problems(tmp_path, f'cases: [{{name: "{name}"}}]')
    assert ("bad-name", "one line, without '::' and square brackets") == (problem.code, problem.hint)


@pytest.mark.parametrize(("name", "said"), [("", "blank"), (" ", "blank"), ("x" * 201, "has 201 characters")])
def test_name_of_wrong_length(tmp_path, name, said):
    """A name has something in it, and not too much."""
    (problem,) = _problems(tmp_path, f"cases: [{{name: '{name}'}}]")
    assert said in problem.message


def test_longest_name(tmp_path):
    """A name may have 200 characters, of any script."""
    (case,) = _load(tmp_path, f"cases: [{{name: '{'ж' * 200}'}}]")
    assert 200 == len(case.name)


@pytest.mark.parametrize(
    "case",
    [
        *({"stubs": {"fetch": yaml.safe_load(stub)}} for stub, _, _ in STUBS),
        {"files": {"": "x"}},
        {"files": {"/a": "x"}},
        {"files": {"a/": "x"}},
        {"files": {"a\0": "x"}},
        {"env": {"": "x"}},
        {"env": {"A=B": "x"}},
        {"expect": {"error": {"a": 1}}},
        {"expect": {"error": {}}},
        {"expect": {"error": "a", "status": "degraded"}},
        *({"name": name} for name in ("", " ", "a::b", "[", "a\n", "\u2028", "\x85", "x" * 201)),
    ],
)
def test_published_schema_refuses(case):
    """What has a word in JSON Schema is refused by the published schema as well."""
    assert not build_validator(case_schema()).is_valid({"cases": [{"name": "a", **case}]})


def test_structure_and_words_at_once(tmp_path):
    """What the schema refuses and what the other checks do is reported together, in the order of the file."""
    text = "cases:\n  - name: '['\n    stubs: {a: 1}\n    expct: {}\n  - files: {.: x}\n  - 7\n"
    codes = [problem.code for problem in _problems(tmp_path, text)]
    assert ["bad-name", "bad-stub", "unknown-field", "missing-field", "bad-file", "wrong-type"] == codes


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "this is a folder, not a file"),
        (lambda path: path.write_bytes(b"cases: \xff"), "not UTF-8"),
        (lambda path: path.symlink_to("nowhere"), "a link to nowhere, which is not there"),
    ],
)
def test_unreadable_case_file(tmp_path, make, said):
    """A case file that cannot be read is named as people name it, and nobody speaks of workflows."""
    path = tmp_path / "a.test.yaml"
    make(path)
    with pytest.raises(InvalidCase, match=said) as caught:
        load_cases(path, "flows/a.test.yaml")
    assert ["flows/a.test.yaml"] == [problem.file for problem in caught.value.problems]
    assert "workflow" not in str(caught.value)


def test_all_problems_at_once(tmp_path):
    """Every problem of a case file is reported, each with line and column."""
    path = tmp_path / "a.test.yaml"
    path.write_text("cases:\n  - nam: a\n  - name: b\n    expct: {}\n")
    with pytest.raises(InvalidCase) as caught:
        load_cases(path, "a.test.yaml")
    places = [(problem.position.line, problem.position.column) for problem in caught.value.problems]
    assert [(2, 5), (2, 5), (4, 5)] == sorted(places)


def test_typo_names_the_fix(project):
    """A typo in a case file is a collection error that suggests the right word."""
    project.hello("cases:\n  - name: a\n    input: {name: Ada}\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "flows/hello.test.yaml:3:5: error: unknown field 'input'*",
            "  3 |     input: {name: Ada}",
            "    |     ^",
            "*did you mean 'inputs'?*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_schema_covers_loading(tmp_path):
    """A file with every field loads."""
    case = {
        "name": "all",
        "inputs": {"a": 1},
        "files": {"a.txt": "text", "b.json": {"x": 1}},
        "env": {"TZ": "UTC", "N": 1},
        "stubs": {"a": {"x": 1}, "type:llm": [{"when": {"index": 0}, "raises": "no"}, {"response": "yes"}]},
        "expect": {"status": "failed", "outputs": {}, "nodes": {}, "order": ["a"], "error": {"$match": "x"}},
        "live": ["a"],
    }
    path = tmp_path / "a.test.yaml"
    path.write_text(json.dumps({"cases": [case]}))
    (loaded,) = load_cases(path, "a.test.yaml")
    assert ("all", ("a",), {"TZ": "UTC", "N": 1}) == (loaded.name, loaded.live, loaded.env)
