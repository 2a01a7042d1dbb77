"""What the gate found as Markdown, read by a parser of Markdown."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from pflow_testkit.gate.reports.markdown_text import code, plain
from pflow_testkit.gate.reports.summary import summary
from pflow_testkit.gate.row import Spot

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Cells(HTMLParser):
    """The tags of a page, and the text of each cell."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.cells, self._inside = set(), [], False
        self.feed(html)
        self.cells = [cell.strip() for cell in self.cells]

    def handle_starttag(self, tag, attrs):
        """Note it."""
        self.tags.add(tag)
        if tag in ("td", "li"):
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag):
        """Note that a cell ended."""
        self._inside = self._inside and tag not in ("td", "li")

    def handle_data(self, data):
        """Add to the cell."""
        if self._inside:
            self.cells[-1] += data


def read(text):
    """What a reader sees."""
    return Cells(MARKDOWN.render(text))


def test_whole(made):
    """Totals by class, a table for each workflow, approvals with their places, the graph, and what to do."""
    text = summary(made.told(made.gone, made.param, made.name, made.approved, chart="flowchart TD\n    n0\n"))
    seen = read(text)
    assert ["1", "1", "1", "1"] == seen.cells[:4]
    assert ["BREAKING", "output-removed", "flows/a.json:12:15", "output 'count' is gone"] == seen.cells[4:8]
    assert "flows/b.json:4:2 node 'sub'flows/c.json:7:1 node 'sub'" == seen.cells[8]
    assert any(
        re.search("output-removed at outputs.old is approved in pyproject.toml:3:5: nobody", cell)
        for cell in seen.cells
    )
    assert "```mermaid\nflowchart TD\n    n0\n```\n" in text
    assert "Keep the output" in seen.cells[-1]
    assert text.startswith("## pflow gate: breaks those who use it\n")
    assert summary(made.told(made.approved)).startswith("## pflow gate: nothing breaks\n")


def test_hostile_text(made):
    """Names and reasons that are markup are shown as they are, each in its own cell."""
    line = " ".join(made.hostile.split())
    spot = Spot(made.hostile, 1, 2, made.hostile)
    row = replace(
        made.gone,
        message=made.hostile,
        rule=made.gone.rule,
        spot=spot,
        now=spot,
        callers=(spot,),
        approved=made.hostile,
        approved_at=spot,
    )
    seen = read(summary(made.told(row)))
    assert [f"{line}:1:2 {line}", line, f"{line}:1:2 {line}"] == seen.cells[6:9]
    assert not {"b", "strong", "em", "a", "s", "del"} & seen.tags
    assert line in seen.cells[9]


@pytest.mark.parametrize(
    "text", ["a", "a b", "${x.y}", "<b>", "a_b *c*", "`x`", "|", "\\|", "``", " a ", "&lt;", "é", "1. a"]
)
def test_text_stays(text):
    """Each kind of text is read as it was written, running and as code."""
    for made in (code(text), plain(text)):
        (cell,) = read(f"| h |\n|---|\n| {made} |\n").cells
        assert text.strip() == cell


def test_nothing_is_no_code():
    """Of nothing there is no code span, which would be two backticks."""
    assert "" == code(" \n")


def test_signs_of_github():
    """What GitHub makes links and pictures of in text is not left as it reads it."""
    assert "@<!-- -->me www&#46;a.example https&#58;//b &#58;100: a:b &#35;1 &#36;x&#36;" == plain(
        "@me www.a.example https://b :100: a:b #1 $x$"
    )


def test_too_many(made):
    """Of one workflow the worst hundred changes are shown, and it is said that there are more."""
    seen = read(summary(made.told(*[made.param] * 150, made.gone)))
    assert "output-removed" in seen.cells
    assert 99 == seen.cells.count("param-changed")
    assert "and 51 more" in seen.cells


def test_too_large(made):
    """What does not fit goes without graphs, and then without tables; that is said."""
    told = made.told(*[made.param] * 20, chart="x" * 5000)
    whole = summary(told)
    limit = 1024 * 1024
    without = summary(told, room=limit - len(whole.encode()) + 1)
    assert "The graphs are left out" in without
    assert "param-changed" in without
    least = summary(told, room=limit - 1000)
    assert "The changes are left out" in least
    assert "| 0 | 0 | 20 | 0 |" in least


def test_incomplete(made):
    """What is not known is said."""
    text = summary(made.told(unjudged=("flows/x.json",), complete=False))
    assert "pflow gate: incomplete" in text
    assert "`flows/x.json` could not be compared" in text
    assert "was stopped" in text
