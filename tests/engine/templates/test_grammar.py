"""Text to the templates in it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.templates import Literal, Path, parse

_TEXT = st.lists(
    st.sampled_from(["${", "}", "$", "a", ".b", "[0]", "[", "]", "??", '"x"', " ", "-", "\n", "é", ":-"])
).map("".join)


@given(_TEXT | st.text())
def test_never_raises(text):
    """Any text parses, and but for escapes its parts are that text again."""
    parts = parse(text.replace("$${", "")).parts
    assert text.replace("$${", "") == "".join(part if isinstance(part, str) else part.text for part in parts)


@given(_TEXT)
def test_parts_alternate(text):
    """No two texts stand side by side, and none is empty but the only one."""
    parts = parse(text).parts
    assert not any(isinstance(one, str) and isinstance(other, str) for one, other in itertools.pairwise(parts))
    assert "" not in parts or parts == ("",)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("${a}", Path("a")),
        ("${_a1}", Path("_a1")),
        ("${my-node.out}", Path("my-node", ("out",))),
        ("${a.b.c}", Path("a", ("b", "c"))),
        ("${a[0]}", Path("a", (0,))),
        ("${a.m[0][1].b}", Path("a", ("m", 0, 1, "b"))),
        ("${a[${b}]}", Path("a", (Path("b"),))),
        ("${a[${b.c[${d}]}].e}", Path("a", (Path("b", ("c", Path("d"))), "e"))),
        ("${a.0}", Path("a", ("0",))),
        ("${ a }", Path("a")),
        ("${x-default}", Path("x-default")),
    ],
)
def test_paths(text, path):
    """A path is a name and the steps from it, templates in brackets among them."""
    template = parse(text)
    assert (path,) == template.exact.choices
    assert () == template.malformed


@pytest.mark.parametrize("path", ["a", "a.b", "a[0][1].b", "a[${b.c[${d}]}].e"])
def test_path_as_text(path):
    """A path reads as it was written."""
    assert path == str(parse(f"${{{path}}}").exact.choices[0])


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("${a ?? b}", (Path("a"), Path("b"))),
        ("${a??b.c??d}", (Path("a"), Path("b", ("c",)), Path("d"))),
        ('${a ?? "x"}', (Path("a"), Literal("x"))),
        ('${a ?? "}"}', (Path("a"), Literal("}"))),
        ('${a ?? "\\"\\n"}', (Path("a"), Literal('"\n'))),
        ('${a ?? ""}', (Path("a"), Literal(""))),
    ],
)
def test_choices(text, choices):
    """Choices keep their order; a literal is JSON text."""
    assert choices == parse(text).exact.choices


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("$${a}", ["${a}"]),
        ("a $${b} c", ["a ${b} c"]),
        ("$$${a}", ["$${a}"]),
        ("${a}$${b}", ["${a}", "${b}"]),
        ("$${", ["${"]),
        ("$a $(b) {c}", ["$a $(b) {c}"]),
        ("", [""]),
    ],
)
def test_escape(text, parts):
    """Two dollars before a brace are a literal dollar and brace."""
    assert parts == [part if isinstance(part, str) else part.text for part in parse(text).parts]


def test_exact():
    """A template is exact only with nothing around it."""
    assert [True, False, False, False] == [parse(text).exact is not None for text in ("${a}", " ${a}", "${a}${b}", "a")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${", "it is never closed"),
        ("${a", "it is never closed"),
        ("${}", "it is empty"),
        ("${ }", "it is empty"),
        ("${a.}", "a field name is missing after '.'"),
        ("${a..b}", "a field name is missing after '.'"),
        ("${a[-1]}", "an index is a whole number from 0"),
        ("${a[]}", "an index is a whole number from 0"),
        ("${a[x]}", "an index is a whole number from 0"),
        ("${a[${b]}", "an index is a whole number from 0"),
        ("${a[٣]}", "an index is a whole number from 0"),
        (f"${{a[{'9' * 5000}]}}", "an index is a whole number from 0"),
        ("${1a}", "a name is missing, found '1'"),
        ("${.a}", "a name is missing, found '.'"),
        ("${a b}", "'}' is missing, found 'b'"),
        ("${a ? b}", "'}' is missing, found '?'"),
        ("${a ?? }", "it is empty"),
        ("${a ?? 'b'}", "a name is missing, found '''"),
        ('${a ?? "\\x"}', "the quoted text is not JSON text"),
        ("${" + "a[${" * 30 + "b" + "}]" * 30 + "}", "its brackets are nested too deeply"),
        ("${a" + "[${a" * 10_000, "its brackets are nested too deeply"),
    ],
)
def test_malformed(text, reason):
    """What opens a template and is none is kept as text, with the reason."""
    template = parse(f"x {text}")
    (bad,) = template.malformed
    assert (2, (f"x {text}",)) == (bad.offset, template.parts)
    assert reason in bad.reason
    assert text.startswith(bad.text)


def test_all_malformed():
    """Every malformed template is found, and the sound ones between them."""
    template = parse("${} ${a} ${b.} ${c")
    assert [0, 9, 15] == [bad.offset for bad in template.malformed]
    assert ["${a}"] == [reference.text for reference in template.references]


@pytest.mark.parametrize(
    "text",
    [
        "${x:-y}", "${x:=y}", "${x:+y}", "${x:?y}", "${x:0:3}", "${x: -1}", "${x:$n}", "${x%.*}", "${x%%.*}", "${x#a}",
        "${x##*/}", "${x/a/b}", "${x//a/}", "${x^^}", "${x,,}", "${x@Q}", "${x+set}", "${x=y}", "${x?gone}", "${#x}",
        "${#a[@]}", "${!x}", "${a[@]}", "${a[*]}", "${a[@]:1}", "${@}", "${*}", "${#}", "${?}", "${$}", "${!}", "${1}",
        "${10}", "${1:-x}", "${@:2}",
    ],
)  # fmt: skip
def test_shell_expansion(text):
    """What only a shell understands stays text."""
    template = parse(f"echo {text}")
    assert ((f"echo {text}",), (), (text,)) == (template.parts, template.malformed, template.shell)


def test_template_in_expansion():
    """The word of a shell expansion may hold a template."""
    assert ("echo ${x:-", "${a.b}", "}") == tuple(
        part if isinstance(part, str) else part.text for part in parse("echo ${x:-${a.b}}").parts
    )


def test_references():
    """Every path a template may look up is named, the ones in brackets too."""
    (reference,) = parse('${a[${b}] ?? c ?? "d"}').references
    assert ["a[${b}]", "b", "c"] == [str(path) for path in reference.paths()]


@pytest.mark.parametrize(
    ("text", "malformed", "shell"),
    [
        ("${" * 300_000, 1, 0),
        ("${}" * 30_000, 30_000, 0),
        ("${x:-y}" * 30_000, 0, 30_000),
        ("${a ?? " * 30_000, 1, 0),
        ("$${" * 100_000, 0, 0),
    ],
)
def test_hostile_size(text, malformed, shell):
    """A text of hundreds of kilobytes is cut up to its end."""
    template = parse(text)
    assert (malformed, shell) == (len(template.malformed), len(template.shell))
