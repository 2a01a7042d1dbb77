"""Templates in brackets, out of YAML's way and back."""

import pytest

from pflow_engine.document import yaml_form
from pflow_engine.document.positions import Source
from pflow_engine.document.yaml.flow_templates import shielded
from pflow_engine.errors import InvalidWorkflow


def _read(text):
    return yaml_form.read(Source.of(text, "f"), templates=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[${a}, ${b.c[0]}]", ["${a}", "${b.c[0]}"]),
        ("{x: ${y}, ${k}: 1}", {"x": "${y}", "${k}": 1}),
        ("[in ${m[${i}]} there\n  now, $${literal}]", ["in ${m[${i}]} there now", "$${literal}"]),
        ('[${a ?? "x, y"}, ${b ?? "it\'s"}]', ['${a ?? "x, y"}', '${b ?? "it\'s"}']),
        ("[\"${a}\", '${b}', ${c}]", ["${a}", "${b}", "${c}"]),
        ("[&x ${a}, *x, !!str ${b}]", ["${a}", "${a}", "${b}"]),
        ("a: ${x}\nb: [${y}]\nc: |\n  [${z}]\n", {"a": "${x}", "b": ["${y}"], "c": "[${z}]\n"}),
        ("[1, ${a}5]", [1, "${a}5"]),
    ],
)
def test_templates(text, expected):
    """A template in brackets is the text it is, wherever it stands in a value."""
    assert expected == _read(text)


def test_places():
    """Every place in the text stays what it was."""
    text = "[${a}, x, {k: ${b.c}}]"
    spans = yaml_form.spans(text, templates=True)
    assert ["${a}", "x", "${b.c}"] == [text[slice(*spans.value(path))] for path in ((0,), (1,), (2, "k"))]
    assert len(text) == len(shielded(text).text)


@pytest.mark.parametrize("text", ["[${a", "[${a, ${b}]", "{x: ${y}", "[${a}}"])
def test_unclosed(text):
    """What is not closed is an error with its place."""
    with pytest.raises(InvalidWorkflow, match="not YAML") as caught:
        _read(text)
    assert 1 == caught.value.problems[0].position.line


def test_yaml_files():
    """In a YAML file templates in brackets need quotes, as they do in YAML."""
    with pytest.raises(InvalidWorkflow, match="put a template in quotes"):
        yaml_form.parse("[${a}]", "f.yaml")


def test_duplicate_templates():
    """Two keys that are the same template are a key given twice, two that are as long are not."""
    assert {"${a}": 1, "${b}": 2} == _read("{${a}: 1, ${b}: 2}")
    with pytest.raises(InvalidWorkflow, match="given twice"):
        _read("{${a}: 1, ${a}: 2}")
