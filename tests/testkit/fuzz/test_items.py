"""The item ``fuzz``: what it finds, what it leaves alone, and how a finding is seen again."""

import re
import textwrap

import pytest

NODES = '''
from pflow_engine import Node, node


@node("initial", outputs={"letter": str})
def initial(name: str) -> dict:
    return {"letter": name[0]}


@node("first-or-none", outputs={"letter": str})
def first_or_none(name: str) -> dict:
    return {"letter": name[:1]}


class Tally(Node):
    total = 0

    def exec(self, prepared):
        seen = Tally.total
        Tally.total = seen + 1
        return seen + 1

    def post(self, shared, prepared, total):
        shared["total"] = total


class Sum(Node):
    def post(self, shared, prepared, executed):
        shared["total"] = len(str(self.params["value"]))


class Meddling:
    """A layer that counts along, in what is not its own."""

    def pflow_wrap_node(self, spec, layer):
        class Layer:
            def run(self, call, store, params):
                for value in params.values() if spec.id == "tell" else ():
                    value["success_count"] += 1
                return layer.run(call, store, params)

        return Layer()


def pflow_register_nodes(registry):
    for name, source in (("initial", initial), ("first-or-none", first_or_none), ("tally", Tally), ("sum", Sum)):
        registry.register(name, source)
'''
MEDDLING = "    registry.plug(Meddling())\n"
PROFILE = """
from hypothesis import settings

settings.register_profile("steady", derandomize=True, database=None, max_examples=100)
settings.load_profile("steady")
"""


def of_name(kind):
    """A workflow that hands its one input to a node."""
    node = {"id": "first", "type": kind, "params": {"name": "${name}"}}
    return {"inputs": {"name": {"type": "string"}}, "nodes": [node]}


def of_items(kind, **params):
    """A workflow with a parallel batch over its one input, and a node that is told of it."""
    batch = {"items": "${n}", "parallel": True}
    nodes = [{"id": "each", "type": kind, "batch": batch, "params": {"value": "${item}", **params}}]
    return {
        "inputs": {"n": {"type": "array"}},
        "nodes": [*nodes, {"id": "tell", "type": "echo", "params": {"all": "${each}"}}],
    }


def of_shell(command):
    """A workflow whose one input stands in a command."""
    return {
        "inputs": {"word": {"type": "string"}},
        "nodes": [{"id": "say", "type": "shell", "params": {"command": command}}],
    }


@pytest.fixture
def fuzzed(project):
    """``fuzzed(ir, *args, nodes=…, cases=…)``: what a session that fuzzes this workflow, ``it``, printed."""

    def run(ir, *args, nodes=NODES, cases="", name="it", profile=PROFILE):
        project.write("conftest.py", nodes + profile)
        project.write(f"{name}.json", ir)
        if cases:
            project.write(f"{name}.test.yaml", cases)
        return project.run("--pflow-fuzz", "-p", "no:randomly", "-k", "fuzz", *args)

    return run


BROKEN = {
    "crash": (
        of_name("initial"),
        NODES,
        r"node 'first' \(initial\) raised IndexError: string index out of range \(.*conftest.py:7\)",
    ),
    "quote": (
        of_shell("echo '${word}'"),
        NODES,
        r"node 'say' \(shell\) was given what breaks its program: /bin/sh: .*",
    ),
    "miscount": (of_items("sum"), NODES + MEDDLING, r"batch 'each' in the store: success_count is 1, of 0 items .*"),
    "lost update": (of_items("tally"), NODES, r"parallel != sequential: each.results\[1\].total is \d+, was \d+ .*"),
}


@pytest.mark.parametrize("bug", BROKEN)
def test_broken_twins(fuzzed, project, bug):
    """A planted bug is found; the case that shows it, pasted, fails in the same words; without its cause it passes."""
    ir, nodes, said = BROKEN[bug]
    result = fuzzed(ir, nodes=nodes)
    result.assert_outcomes(failed=1, deselected=1)
    found = re.search(rf"^({said})\n", result.stdout.str(), re.MULTILINE)
    assert found, result.stdout.str()
    pasted = re.search(r"for flows/it.test.yaml:\n(cases:\n.*?)\n\n", result.stdout.str() + "\n\n", re.DOTALL)
    project.write("it.test.yaml", pasted[1] + "\n")
    again = project.run("-k", "run")
    again.assert_outcomes(failed=1, deselected=1)
    assert _unnumbered(found[1]) in _unnumbered(again.stdout.str())
    again.stdout.fnmatch_lines(["*it.test.yaml:*: error: *unsound*"])


def _unnumbered(text):
    return re.sub(r"\d+", "…", text)


@pytest.mark.parametrize(
    "ir",
    [of_name("first-or-none"), of_items("sum"), of_shell('printf %s "$WORD"'), of_shell("cat") | {"inputs": {}}],
    ids=["letter", "items", "shell", "no inputs"],
)
def test_sound_twins(fuzzed, ir):
    """What is sound is left alone."""
    ir = {**ir, "inputs": ir["inputs"] or {"word": {"default": ""}}}
    fuzzed(ir).assert_outcomes(passed=1, deselected=1 + (ir["inputs"].get("word", {}).get("default") is not None))


def test_pasted_behind_others(fuzzed, project):
    """A finding is indented as the cases of the file are, and goes behind them; theirs are the shapes it begins with."""
    cases = "cases:\n- name: ada\n  inputs: {name: Ada}\n"
    result = fuzzed(of_name("initial"), cases=cases)
    pasted = result.stdout.str().partition("for flows/it.test.yaml:\n")[2].partition("\n\n")[0]
    assert pasted.startswith("- name: found by fuzzing\n  inputs:\n    name: ''\n")
    project.write("it.test.yaml", cases + pasted + "\n")
    project.run("-k", "run").assert_outcomes(passed=1, failed=1, deselected=1)


TELLING = """
from pflow_engine import node


@node("telling")
def telling(user: str, reply) -> dict:
    raise ZeroDivisionError(f"no {user} with {reply}")


def pflow_register_nodes(registry):
    registry.register("telling", telling)
"""
SIGNED_IN = {
    "inputs": {"api_key": {"type": "string"}},
    "nodes": [
        {"id": "get_token", "type": "http", "params": {"url": "http://127.0.0.1:9/"}},
        {
            "id": "tell",
            "type": "telling",
            "params": {"user": "${api_key}", "reply": "${get_token.response}"},
        },
    ],
}
WITH_SECRETS = """\
fuzz: {faults: false}
cases:
- name: ada
  inputs: {api_key: key-of-ada-4242}
  env: {API_KEY: of the case}
  stubs: {get_token: {response: {password: hunter-2-hunter, pins: [{token: 7}], plain: seen}}}
"""


def test_written_secrets(fuzzed, project):
    """Secrets of a case file are shown neither in what is said nor in the case to paste, which says to put them back."""
    one_of_these = TELLING.replace("    raise", "    if user == 'key-of-ada-4242':\n        raise")
    result = fuzzed(SIGNED_IN, "--pflow-report=it.html", nodes=one_of_these, cases=WITH_SECRETS)
    result.assert_outcomes(failed=1, deselected=2)
    shown = result.stdout.str()
    page = (project.pytester.path / "it.html").read_text()
    for text in (shown, page):
        assert not any(secret in text for secret in ("key-of-ada", "hunter", "of the case", "token: 7"))
    result.stdout.fnmatch_lines(
        [
            "node 'tell' (telling) raised ZeroDivisionError: no [[]redacted] with *'plain': 'seen'*",
            "# for [[]redacted] put back the secret that is written in *",
            "    api_key: '[[]redacted]'",
            "    API_KEY: '[[]redacted]'",
            "      response:",
            "        password: '[[]redacted]'",
            "        plain: seen",
        ]
    )
    pasted = shown.partition("for flows/it.test.yaml:\n")[2].partition("\n\n")[0] + "\n"
    for secret in ("key-of-ada-4242", "of the case", "hunter-2-hunter", "7"):
        pasted = pasted.replace("'[redacted]'", secret, 1)
    project.write("it.test.yaml", WITH_SECRETS + pasted)
    again = project.run("-k", "found")
    again.assert_outcomes(failed=1, deselected=3)
    again.stdout.fnmatch_lines(["*raised ZeroDivisionError: no [[]redacted] with *[[]unsound]"])


def test_made_up_secrets(fuzzed):
    """What was made up under a secret's name stays: the case fails for it alone."""
    nodes = TELLING.replace("    raise", "    if not user:\n        raise")
    result = fuzzed(SIGNED_IN, nodes=nodes, cases=WITH_SECRETS)
    result.stdout.fnmatch_lines(["node 'tell' (telling) raised ZeroDivisionError: no  with *", "    api_key: ''"])


def test_allowed_exceptions(fuzzed):
    """What a node may raise is a clean failure, by its own name or that of what it is a kind of."""
    cases = "fuzz: {allow: [LookupError]}\ncases:\n- name: none\n  inputs: {name: ''}\n  expect: {sound: true, status: failed}\n"
    fuzzed(of_name("initial"), cases=cases).assert_outcomes(passed=1, deselected=2)


@pytest.mark.parametrize(
    ("written", "items"), [("fuzz: true\n", 1), ("fuzz: {max_examples: 3}\n", 1), ("fuzz: false\n", 0), ("", 0)]
)
def test_case_file_opts_in(project, ada, written, items):
    """A case file asks for the item, or says that there is to be none."""
    project.hello(written + ada)
    project.run().assert_outcomes(passed=2 + items)


def test_case_file_opts_out(project, ada):
    """Where the case file says no, ``--pflow-fuzz`` changes nothing."""
    project.hello("fuzz: false\n" + ada)
    project.run("--pflow-fuzz").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("fuzz: {examples: 3}", "*unknown field 'examples'*"),
        ("fuzz: {max_examples: 0}", "*max_examples*"),
        ("fuzz: maybe", "*fuzz*"),
        ("fuzz: {allow: ValueError}", "*allow*"),
    ],
)
def test_bad_options(project, ada, written, said):
    """What stands under ``fuzz`` and means nothing is an error with its place."""
    project.hello(f"{written}\n{ada}")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*hello.test.yaml:1:*{said}"])


STUBBED = """\
cases:
  - name: two
    inputs: {since: v1}
    stubs: {fetch: {response: [{word: a}, {word: b}]}}
"""
FETCHING = {
    "inputs": {"since": {"type": "string"}},
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "http://127.0.0.1:9/${since}"}},
        {"id": "each", "type": "initial", "batch": {"items": "${fetch.response}"}, "params": {"name": "${item.word}"}},
    ],
}


def test_stubs_of_cases_stand_in(fuzzed):
    """A node that reaches out is the stub of a case, and never runs: its words are not empty, so nothing crashes."""
    fuzzed(FETCHING, cases="fuzz: {faults: false}\n" + STUBBED).assert_outcomes(passed=1, deselected=2)


def test_outputs_made_up(fuzzed):
    """Where no case has a stub, outputs are made up by the types that the node declares; the case to paste has them."""
    # What is drawn depends on what else was imported, too: enough that it is found in any case.
    result = fuzzed(FETCHING, profile=PROFILE.replace("100", "600"))
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["node 'each' (initial) raised *", "cases:", "    stubs:", "      fetch:", "        response:"]
    )


def test_faults_are_shown(fuzzed, project):
    """A bug that only a fault brings out is shown with that fault, and none that did nothing."""
    nodes = NODES.replace("name[0]", "name[0] if name != 'AdaAd' else 1 / 0")
    ir = of_name("initial")
    ir["inputs"]["name"] = {"type": "string", "default": "AdaAdaAdaA"}
    ir["nodes"].insert(0, {"id": "whole", "type": "echo", "params": {"name": "AdaAdaAdaA"}})
    ir["nodes"][1]["params"]["name"] = "${whole.name}"
    ir["inputs"] = {}
    result = fuzzed(ir, nodes=nodes)
    result.stdout.fnmatch_lines(
        [
            "node 'first' (initial) raised ZeroDivisionError: *",
            "    faults:",
            "    - node: whole",
            "      corrupt: true",
        ]
    )
    assert 1 == result.stdout.str().count("- node:")


def test_programs_are_not_made_up(fuzzed):
    """An input that is the command itself is only ever what a case or its default says."""
    ir = {
        "inputs": {"command": {"type": "string", "default": "true"}},
        "nodes": [{"id": "it", "type": "shell", "params": {"command": "${command}"}}],
    }
    nodes = (
        NODES.replace('"""A layer', '"""Not a layer')
        + "    registry.plug(Only())\n\n"
        + textwrap.dedent(
            """
        class Only:
            def pflow_wrap_node(self, spec, layer):
                class Layer:
                    def run(self, call, store, params):
                        assert params["command"] in ("true", "echo hi"), params
                        return layer.run(call, store, params)

                return Layer()
        """
        )
    )
    cases = "cases:\n- name: hi\n  inputs: {command: echo hi}\n"
    fuzzed(ir, nodes=nodes, cases=cases).assert_outcomes(passed=1, deselected=2)


def test_invalid_workflow(fuzzed):
    """Of a workflow with problems, the item points at ``validate``."""
    fuzzed({"nodes": [{"id": "a", "type": "nope"}]}).stdout.fnmatch_lines(
        ["the workflow is invalid, see its item 'validate':"]
    )


def test_two_bugs_both_shown(fuzzed):
    """Two troubles of one workflow are shown each with its own case."""
    nodes = NODES.replace("name[0]", "name[0] if len(name) < 2 else 1 / 0")
    result = fuzzed(of_name("initial"), nodes=nodes)
    text = result.stdout.str()
    assert "raised IndexError" in text
    assert "raised ZeroDivisionError" in text
    assert {"found by fuzzing", "found by fuzzing 2"} == {*re.findall(r"- name: (found.*)", text)}


UNSTEADY = "\n\n@node('unsteady')\ndef unsteady(name: str) -> dict:\n    seen.append(name)\n    return {} if len(seen) != 3 else name[99]\n\nseen = []\n"


def test_comes_up_once(fuzzed):
    """What comes up once and not again is said to, with what it came up with."""
    nodes = NODES.replace("\n\nclass Tally", UNSTEADY + "\n\nclass Tally").replace(
        '("tally"', '("unsteady", unsteady), ("tally"'
    )
    fuzzed(of_name("unsteady"), nodes=nodes).stdout.fnmatch_lines(
        ["this came up once, and not again with the same inputs:", "node 'first' (unsteady) raised IndexError*"]
    )


def _statistics(project, *args):
    text = project.pytester.runpytest_subprocess(
        "--pflow-workflows=flows", "--pflow-fuzz", "-k", "fuzz", "--hypothesis-show-statistics", *args
    ).stdout.str()
    return {
        part.partition("::fuzz:")[0].rpartition("/")[2]: part
        for part in re.split(r"\n(?=flows/)", text)
        if "::fuzz:" in part
    }


def test_examples_do_not_mix(project):
    """What failed is tried first the next time: for the workflow it failed for, and for no other."""
    project.write("conftest.py", NODES)
    project.write("broken.json", of_name("initial"))
    project.write("sound.json", of_name("first-or-none"))
    assert all("reuse phase" not in said for said in _statistics(project).values())
    again = _statistics(project)
    assert "reuse phase" in again["broken.json"]
    assert "reuse phase" not in again["sound.json"]


def test_profile_and_seed(project):
    """Profiles say how many examples, unless the case file does; a seed gives the same examples."""
    project.write("conftest.py", NODES + PROFILE.replace("100", "7"))
    project.write("a.json", of_name("first-or-none"))
    project.write("b.json", of_name("first-or-none"))
    project.write("b.test.yaml", "fuzz: {max_examples: 5}\ncases: [{name: ada, inputs: {name: Ada}}]\n")
    said = _statistics(project)
    assert "max_examples=7" in said["a.json"]
    assert "max_examples=5" in said["b.json"]
    project.run("--pflow-fuzz", "-k", "fuzz", "--hypothesis-seed=3").assert_outcomes(passed=2, deselected=3)


@pytest.mark.parametrize(
    ("registered", "args", "examples"),
    [
        ("'ci', max_examples=7", ["--hypothesis-profile=ci"], 7),
        ("'ci', deadline=None", ["--hypothesis-profile=ci"], 100),
        ("'ci', deadline=None", [], 50),
        ("'ci', max_examples=7", [], 7),
        ("'ci', deadline=None", ["--hypothesis-verbosity=quiet"], 50),
        ("'mine', deadline=None", ["--hypothesis-profile=mine"], 100),
        ("'mine', max_examples=7", [], 50),
    ],
)
def test_chosen_profiles(project, monkeypatch, registered, args, examples):
    """A profile that somebody chose counts, whatever its name; the one that hypothesis takes where CI is set does not."""
    monkeypatch.setenv("CI", "true")
    project.pytester.makeconftest(f"from hypothesis import settings\nsettings.register_profile({registered})\n")
    project.write("conftest.py", NODES)
    project.write("a.json", of_name("first-or-none"))
    assert f"max_examples={examples}\n" in _statistics(project, *args)["a.json"]


def test_with_xdist_and_last_failed(project):
    """Items are the same on workers, and found again by ``--lf``."""
    project.write("conftest.py", NODES)
    project.write("broken.json", of_name("initial"))
    project.write("sound.json", of_name("first-or-none"))
    run = project.pytester.runpytest_subprocess
    run("--pflow-workflows=flows", "--pflow-fuzz", "-n", "2").assert_outcomes(passed=3, failed=1)
    result = run("--pflow-workflows=flows", "--pflow-fuzz", "--lf", "-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["flows/broken.json::fuzz FAILED*"])


def test_fuzz_alone(project):
    """A case file may ask for fuzzing and have no case."""
    project.hello("fuzz: {max_examples: 5}\n")
    result = project.run("-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["flows/hello.json::fuzz PASSED*"])
