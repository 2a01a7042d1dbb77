"""Markdown text to data, problems and places."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pflow_engine import Registry, validate
from pflow_engine.document import markdown_form, yaml_form
from pflow_engine.document.load import load
from pflow_engine.document.markdown.scalars import flow, is_told, scalar
from pflow_engine.document.positions import Source
from pflow_engine.errors import InvalidWorkflow, PflowError
from pflow_engine.validation import find_problems

HEAD = "## Steps\n\n### a\n\nIt acts.\n\n"
WHOLE = """\
---
owner: ada
template_resolution_mode: permissive
---
# Sort the post

Sorts *letters*.

```bash
pflow sort
```

## Inputs

### box

Where the letters are.

- type: string
- default: in

## Notes

### not a node

## STEPS

Words between.

### read

Reads a letter.

- type: shell
- timeout: 5
- env:
    BOX: ${box}

It has more
lines.

```shell command
cat "${box}"

echo done
```

### sort

Sorts it.

* not a parameter

- type: echo

~~~yaml batch
items: [${read.stdout}, "b"]
as: letter
~~~

````markdown text
```
${letter}
```
````

```json body
{"a": [1]}
```

## Outputs

### last

The last letter.

- type: array
- source: ${sort.results}
"""


def _parse(text):
    return markdown_form.parse(text, "f.pflow.md")


def _problems(text):
    with pytest.raises(InvalidWorkflow) as caught:
        _parse(text)
    return caught.value.problems


def _places(text):
    return [(problem.code, problem.position.line, problem.position.column) for problem in _problems(text)]


def _params(text):
    return _parse(HEAD + text)["nodes"][0].get("params", {})


def test_whole():
    """Each part of a file is in its place in the IR."""
    assert {
        "name": "Sort the post",
        "description": "Sorts *letters*.\n\n```bash\npflow sort\n```",
        "metadata": {"owner": "ada"},
        "template_resolution_mode": "permissive",
        "inputs": {"box": {"description": "Where the letters are.", "type": "string", "default": "in"}},
        "nodes": [
            {
                "id": "read",
                "purpose": "Reads a letter.\n\nIt has more\nlines.",
                "type": "shell",
                "params": {"timeout": 5, "env": {"BOX": "${box}"}, "command": 'cat "${box}"\n\necho done'},
            },
            {
                "id": "sort",
                "purpose": "Sorts it.\n\n* not a parameter",
                "type": "echo",
                "batch": {"items": ["${read.stdout}", "b"], "as": "letter"},
                "params": {"text": "```\n${letter}\n```", "body": {"a": [1]}},
            },
        ],
        "outputs": {"last": {"description": "The last letter.", "type": "array", "source": "${sort.results}"}},
    } == _parse(WHOLE)


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: f"\ufeff{text}"])
def test_marks_and_line_ends(change):
    """Windows line ends and a byte order mark make no difference."""
    assert _parse(WHOLE) == _parse(change(WHOLE))


def test_least():
    """Title, prose and all sections but the steps may be left out."""
    assert {"nodes": [{"id": "a", "purpose": "It acts."}]} == _parse(HEAD)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True), ("Yes", True), ("ON", True), ("false", False), ("no", False), ("off", False), ("tRuE", "tRuE"),
        ("y", "y"), ("null", None), ("", None), ("~", "~"), ("5", 5), ("-5", -5), ("010", 10), ("0.50", 0.5), (".5", 0.5),
        ("1e5", "1e5"), ("0x1f", "0x1f"), ("1_000", "1_000"), ("1.2.3", "1.2.3"), ("2024-01-02", "2024-01-02"),
        ("a # b", "a # b"), ("a: b: c", "a: b: c"), ("*a", "*a"), ("&a b", "&a b"), ("!x", "!x"), ("@a", "@a"),
        ("> a", "> a"), ("| wc -l", "| wc -l"), ("|", ""), ('""', ""), ('"a\\nb # c"', "a\nb # c"), ("'it''s'", "it's"),
        ("'010'", "010"), ('echo "a"', 'echo "a"'), ("${a}", "${a}"), ('${a ?? "b: c"}', '${a ?? "b: c"}'),
        ("[1, a, yes]", [1, "a", True]), ("{a: {b: 1}}", {"a": {"b": 1}}), ("[a # b, c]".replace(" #", "#"), ["a# b", "c"]),
        ("[${a}, ${b.c[0]}]", ["${a}", "${b.c[0]}"]), ("{x: ${y}}", {"x": "${y}"}), ('["a #b"]', ["a #b"]),
        ('[it is ${a ?? "x, y"} now]', ['it is ${a ?? "x, y"} now']), ("[]", []), ("\ta\t", "a"), ("a\0b", "a\0b"),
    ],
)  # fmt: skip
def test_single_line(written, value):
    """What stands behind a colon is told by its line."""
    params = _params(f"- k: {written}\n- z: 1\n")
    assert {"k": value, "z": 1} == params
    assert type(value) is type(params["k"])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("- k:\n    a: 1\n    b: [x]\n", {"a": 1, "b": ["x"]}),
        ("- k:\n  a: 1\n  b: 2\n", {"a": 1, "b": 2}),
        ("- k:\n\n  - a\n\n  - b\n", ["a", "b"]),
        ("- k: |\n    # a\n\n      - b: c\n    ```\n    ## Steps\n\n", "# a\n\n  - b: c\n```\n## Steps\n"),
        ("- k: |-\n    ${a}\n", "${a}"),
        ("- k: |+\n    a\n\n", "a\n\n"),
        ("- k: |2-\n    a\n", "  a"),
        ("- k: >\n    a\n    b\n", "a b\n"),
        ("- k: a\n  b\n", "a b"),
        ("- k: [a,\n   ${b}]\n", ["a", "${b}"]),
        ('- k: "a\n   b"\n', "a b"),
        ("  - k: a\n", "a"),
        ("-   k  :   a\n", "a"),
        ('- "k": a\n', "a"),
        ("- k: a\n\n  ```x y\n  b\n   c\n  ```\n", "a"),
    ],
)  # fmt: skip
def test_below_a_bullet(written, value):
    """Deeper lines go on as YAML under the key; blocks are left alone."""
    assert value == _params(f"{written}- z: 1\n")["k"]


@pytest.mark.parametrize(("written", "value"), [("a", "a"), ('"a"', "a"), ("[a]", ["a"]), ("{}", {})])
def test_fence_below_a_bullet(written, value):
    """A fenced block that is indented below a finished bullet is one, without the indentation."""
    assert {"k": value, "y": "b\n c"} == _params(f"- k: {written}\n\n  ```x y\n  b\n   c\n  ```\n")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("```k\na\n\n```\n", "a\n"),
        ("```k\n```\n", ""),
        ("~~~ shell k\na\n~~~~\n", "a"),
        ("````k\n```\na\n````\n", "```\na"),
        ("```k\n~~~\n    ```\n```\n", "~~~\n    ```"),
        ("```yaml k\n- ${a}\n- [${b}]\n```\n", ["${a}", ["${b}"]]),
        ("```yaml k\na: |\n  b\n```\n", {"a": "b\n"}),
        ("```YAML k\n```\n", None),
        ('```json k\n{"a": [1, 1e2]}\n```\n', {"a": [1, 100.0]}),
        ("```text k\n010\n```\n", "010"),
        ("```k\n## Steps\n### b\n- c: d\n```\n", "## Steps\n### b\n- c: d"),
    ],
)
def test_fence(written, value):
    """A fenced block is text to the letter, without its last line break, or data."""
    assert {"k": value} == _params(written)


def test_edges():
    """Bullets are edges, and where none is the next node follows."""
    steps = "".join(
        f"### {name}\n\nx\n\n{edges}"
        for name, edges in (("a", "- next: c\n- on-error: b\n"), ("b", "- next: null\n"), ("c", ""), ("d", "- on-error: b\n"))
    )  # fmt: skip
    edges = [(edge["from"], edge["to"], edge["action"]) for edge in _parse(f"## Steps\n{steps}")["edges"]]
    assert [("a", "c", "default"), ("a", "b", "error"), ("c", "d", "default"), ("d", "b", "error")] == edges


@pytest.mark.parametrize(
    ("text", "places", "hint"),
    [
        ("# t\n", [("missing-steps", 1, 1)], "add '## Steps'"),
        ("## Step\n", [("missing-steps", 1, 1)], "did you mean '## Step' to be it?"),
        ("a\n\n##Steps\n", [("missing-steps", 1, 1)], "line 3 needs a blank behind its ##"),
        (f"{HEAD}## steps\n", [("duplicate-section", 7, 1)], "join them; the first is in line 1"),
        (f"{HEAD}### a\nx\n", [("duplicate-id", 7, 5)], "rename one; the first is in line 3"),
        ("## Steps\n### Fetch it!\nx\n", [("bad-name", 2, 5)], "with a letter first: fetch-it"),
        ("## Steps\n###\nx\n", [("bad-name", 2, 4)], "an id is"),
        ("## Inputs\n### a\n- type: string\n## Steps\n", [("missing-prose", 2, 5)], "its description"),
        ("## Steps\n### a\n\n---\n- type: b\n", [("missing-prose", 2, 5)], "its purpose"),
        (f"{HEAD}- words\n", [("bullet", 7, 1)], "with * instead of -"),
        (f"{HEAD}- k: 1\n- k: 2\n", [("duplicate-key", 8, 3)], "the first is in line 7"),
        (f"{HEAD}- k: 1\n```x k\n```\n", [("duplicate-key", 8, 6)], "the first is in line 7"),
        (f"{HEAD}```\na\n```\n", [("untagged-fence", 7, 1)], "```shell command"),
        (f"{HEAD}````k\na\n```\n", [("unclosed-fence", 7, 1)], "close it with a line of ````"),
        ("```\n# a\n", [("unclosed-fence", 1, 1)], "```"),
        ("---\na: 1\n## Steps\n", [("frontmatter", 1, 1)], "second line ---"),
        ("---\n- a\n---\n## Steps\n", [("frontmatter", 1, 1)], "key: value"),
        ("---\na: 1\na: 2\n---\n## Steps\n", [("duplicate-key", 3, 1)], "line 2"),
        (f"{HEAD}- k: [a\n- z: 1\n", [("syntax", 7, 6)], "close it"),
        (f"{HEAD}- k: [a] b\n", [("syntax", 7, 6)], "put all of it in quotes"),
        (f"{HEAD}- k: [a, [b]\n", [("syntax", 7, 13)], ""),
        (f'{HEAD}- k: "a\n', [("syntax", 7, 6)], "put all of it in quotes"),
        (f'{HEAD}- k: "a" # b\n', [("syntax", 7, 6)], "a bullet has no comments"),
        (f"{HEAD}- k: [a] # b\n", [("syntax", 7, 6)], "a bullet has no comments"),
        (f"{HEAD}- k: {'9' * 5000}\n", [("number", 7, 6)], "put it in quotes"),
        (f"{HEAD}- k: {'9' * 400}.0\n", [("number", 7, 6)], "put it in quotes"),
        (f"{HEAD}- type: shell\n  command: ls\n", [("syntax", 8, 10)], ""),
        (f"{HEAD}- k:\n    a: 1\n    a: 2\n", [("duplicate-key", 9, 5)], "the first is in line 8"),
        (f"{HEAD}- k:\n\ta: 1\n", [("syntax", 8, 1)], "indent with spaces"),
        (f"{HEAD}```yaml batch\nitems: [a\nas: 1\n```\n", [("syntax", 9, 3)], "line 8"),
        (f"{HEAD}```json k\n{{\n  'a': 1\n}}\n```\n", [("syntax", 9, 3)], "straight double quotes"),
        (f'{HEAD}```json k\n{{"a": ${{b}}}}\n```\n', [("syntax", 8, 7)], "put the template in quotes"),
        (f'{HEAD}- "\\x": 1\n', [("syntax", 7, 6)], ""),
        ("## Outputs\n### a\nx\n- description: y\n## Steps\n", [("duplicate-key", 4, 3)], "take the bullet out"),
        ("## Steps\n\ud800\n", [("surrogate", 2, 1)], "write it whole"),
    ],
)  # fmt: skip
def test_problems(text, places, hint):
    """What is wrong is told with its place and the likely fix."""
    assert places == _places(text)
    assert hint in _problems(text)[0].hint


def test_all_problems():
    """Problems of all kinds are reported at once, in the order of the file."""
    text = "---\na: [\n---\n## Inputs\n### A\n## Steps\n### b\nx\n- k: [\n- k: 1\n- y\n### b\n```\n```\n```json z\n[,]\n```\n"
    codes = [code for code, *_ in _places(text)]
    assert [
        "syntax", "bad-name", "missing-prose", "syntax", "duplicate-key", "bullet", "duplicate-id", "missing-prose",
        "untagged-fence", "syntax",
    ] == codes  # fmt: skip


def test_paths():
    """A problem inside of a value names its path in the workflow."""
    text = f"{HEAD}```yaml batch\nitems: [a]\nas: .inf\n```\n- k:\n    - a: .nan\n"
    assert ["nodes[0].batch.as", "nodes[0].params.k[0].a"] == [problem.path for problem in _problems(text)]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("name",), "Sort the post"),
        (("metadata", "owner"), "ada"),
        (("template_resolution_mode",), "permissive"),
        (("inputs", "box", "default"), "in"),
        (("inputs", "box", "description"), "Where the letters are."),
        (("nodes", 0, "id"), "read"),
        (("nodes", 0, "type"), "shell"),
        (("nodes", 0, "params", "env", "BOX"), "${box}"),
        (("nodes", 0, "params", "command"), 'cat "${box}"\n\necho done'),
        (("nodes", 1, "batch", "as"), "letter"),
        (("nodes", 1, "batch", "items", 0), "${read.stdout}"),
        (("nodes", 1, "params", "body", "a", 0), "1"),
        (("outputs", "last", "source"), "${sort.results}"),
    ],
)
def test_spans(path, words):
    """The place of each value is where it is written, in blocks and maps too."""
    assert words == WHOLE[slice(*markdown_form.spans(WHOLE).value(path))]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("nodes", 0, "params", "env", "BOX"), "BOX"),
        (("nodes", 0, "params", "command"), "command"),
        (("nodes", 1, "batch"), "batch"),
        (("inputs", "box"), "box"),
        (("outputs", "last", "type"), "type"),
        (("metadata", "owner"), "owner"),
    ],
)
def test_key_spans(path, words):
    """The place of each key is where it is written: in a bullet, a tag or a heading."""
    assert words == WHOLE[slice(*markdown_form.spans(WHOLE).key(path))]


def test_edge_spans(tmp_path):
    """An edge to a node that is not there is told at its bullet."""
    path = tmp_path / "w.pflow.md"
    path.write_text(f"{HEAD}- type: echo\n- on-error: c\n\n### b\n\nx\n\n- type: echo\n")
    problems = find_problems(load(path), Registry.default())
    assert [("unknown-action", 8, 3), ("unknown-node", 8, 13)] == [
        (problem.code, problem.position.line, problem.position.column) for problem in problems
    ]


def test_line_in_a_block(tmp_path):
    """A template that leads nowhere is told in its line of the code block."""
    path = tmp_path / "w.pflow.md"
    path.write_text(f"{HEAD}- type: shell\n\n```shell command\ntrue\necho ${{a.b}}\n\necho ${{nowhere}}\n```\n")
    problems = find_problems(load(path), Registry.default())
    assert {(11, 6), (13, 6)} == {(problem.position.line, problem.position.column) for problem in problems}


def test_missing_type(tmp_path):
    """A node without a type is told at its heading, an empty section at its own."""
    path = tmp_path / "w.pflow.md"
    for text, place in ((HEAD, (3, 5)), ("## Steps\n", (1, 4))):
        path.write_text(text)
        with pytest.raises(InvalidWorkflow) as caught:
            validate(load(path), Registry.default())
        (problem,) = caught.value.problems
        assert place == (problem.position.line, problem.position.column)


_PIECES = st.sampled_from(
    [
        "---\n", "# t\n", "## Steps\n", "## Inputs\n", "### a\n", "### b\n", "- type: echo\n", "- k: ", "- ", "-\n", "```", "~~~",
        "````x y\n", "```yaml batch\n", "```json k\n", "```\n", "[${a}, ", "{x: ${", "]", "}", '"', "'", "|\n", ">-\n", "    a: 1\n",
        "  - b\n", "\t", "\r\n", "\f", "\0", "\ufeff", "\ud800", "&a ", "*a", "!x ", "<<: *a\n", "words\n", "\n", "\u2028", "9" * 20,
        "next: b\n", "1.5\n", "${a[${b}]}", "#", " ", ":", "\\",
    ]
)  # fmt: skip


def _refusal(text):
    try:
        _parse(text)
    except PflowError as error:
        return error
    markdown_form.spans(text)
    return None


def _survives(text):
    error = _refusal(text)
    if error is not None:
        assert error.problems
        assert all(problem.position for problem in error.problems)
        assert str(error)


@settings(deadline=None)  # how fast it is, no test asks
@given(st.lists(_PIECES | st.text(max_size=5), max_size=40).map("".join))
@example(f"{HEAD}- k: {'[' * 10_000}")
@example(f"{HEAD}- k: " + "[${" * 10_000)
@example(f"{HEAD}```json k\n" + "[" * 10_000)
@example(HEAD + "```k\n" * 1001)
@example(HEAD + "- k: 1\n" * 3000)
@example("## Steps\n" + "### a\n" * 3000)
@example(f"# {'a #' * 100_000}")
@example(f"{HEAD}- {'a:' * 100_000}")
@example("\ud800" * 3000)
def test_hostile(text):
    """Whatever a file says, it is read, or refused with places."""
    _survives(text)


@given(st.data())
def test_mutated(draw):
    """A damaged file is refused with places, or is a workflow still."""
    start = draw.draw(st.integers(0, len(WHOLE)))
    end = draw.draw(st.integers(start, min(len(WHOLE), start + 30)))
    _survives(WHOLE[:start] + draw.draw(_PIECES) + WHOLE[end:])


def test_many_sections():
    """Thousands of nodes are read in the order of the file."""
    text = "## Steps\n" + "".join(f"### n{at}\nx\n- type: echo\n" for at in range(3000))
    assert [f"n{at}" for at in range(3000)] == [node["id"] for node in _parse(text)["nodes"]]


def test_demo():
    """The demo in Markdown is sound."""
    demo = Path(__file__).parents[2] / "workflows" / "weigh_words.pflow.md"
    assert [] == find_problems(load(demo), Registry.default())


@given(st.text(max_size=6), st.sampled_from(['"', "'"]))
@example("", '"')
@example("a\\n", '"')
@example("it''s", "'")
@example("\x85", '"')
@example("\ufeff", "'")
@example("${a}", '"')
def test_quotes_are_yaml(inside, mark):
    """What is read of quoted text without a reader of YAML is what that would read."""
    text = f"{mark}{inside}{mark}"
    if is_told(text):
        assert yaml_form.parse(text, "") == scalar(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("[]", []), ("{}", {}), ('"a b"', "a b"), ("'\"'", '"'), ('"# x"', "# x")]
)
def test_told_by_its_line(text, expected):
    """Nothing in brackets, and quotes with nothing special in them, are told by the line."""
    assert (True, expected) == (is_told(text), scalar(text))
    assert expected == _parse(f"{HEAD}- k: {text}\n")["nodes"][0]["params"]["k"]


_FLOW_PIECES = st.sampled_from(
    [
        *("a", "b-c", "_d1", "true", "Yes", "OFF", "null", "Null", "~", "0", "7", "-3", "007", "1.5", "1e5", "0x1f", "1:30", "1_0"),
        *("${a}", "${a.b-c}", "${a[0]}", "${}", "$", ":", ": ", " ", ",", ", ", "a: ", "on: ", '"x"', "é", "-", "[", "]", "{", "}", "&", "<<: "),
    ]
)  # fmt: skip


@given(st.lists(_FLOW_PIECES, max_size=8).map("".join), st.sampled_from(["[]", "{}"]))
@example("a: 1, a: 2", "{}")
@example("on: 1", "{}")
@example("<<: 1", "{}")
def test_brackets_are_yaml(inside, brackets):
    """What is read of brackets without a reader of YAML is what that would read."""
    text = f"{brackets[0]}{inside}{brackets[1]}"
    told = flow(text)
    if told is not None:
        assert repr(told) == repr(yaml_form.read(Source.of(text, ""), templates=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a, ${b.c} ,7]", ["a", "${b.c}", 7]),
        ("[ -3, Yes, null, 0 ]", [-3, True, None, 0]),
        ("{a: b, c-d: ${e}, _f: 12, g: off}", {"a": "b", "c-d": "${e}", "_f": 12, "g": False}),
        *((text, None) for text in ("[]", "[a b]", "[a,]", "[007]", "[1.5]", '["a"]', "{a: 1, a: 2}", "{on: 1}", "{a}", "{a:1}", "[[a]]", "é")),
    ],
)  # fmt: skip
def test_simple_brackets(text, expected):
    """Words, whole numbers and templates in brackets need no reader of YAML; all else does."""
    assert repr(expected) == repr(flow(text))


@pytest.mark.parametrize("inside", ["", "# nothing\n", "\n\n"])
def test_empty_block(tmp_path, inside):
    """What is wrong with a block that has nothing in it is told at the block."""
    path = tmp_path / "w.pflow.md"
    path.write_text(f"{HEAD}- type: echo\n\n```yaml batch\n{inside}```\n")
    (problem,) = find_problems(load(path), Registry.default())
    assert ("wrong-type", 10) == (problem.code, problem.position.line)
