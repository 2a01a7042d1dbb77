"""Coverage to one HTML page: a table, and each workflow's text with what no test reached beside its line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape

from pflow_engine.document.load import load
from pflow_engine.errors import InvalidWorkflow
from pflow_testkit.coverage.places import KINDS
from pflow_testkit.coverage.report import cells_of, told_of_lost
from pflow_testkit.coverage.tally import Counted, Coverage, Share
from pflow_testkit.secrecy import redactor_of

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f3722; --bad: #cf222e2e; --some: #bf87002e }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { padding: .25rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left } tr { border-bottom: 1px solid var(--line) }
.wide { overflow-x: auto } details { margin-top: 1.5rem } summary { cursor: pointer; font-weight: 600 }
pre { overflow-x: auto; font: 13px/1.5 ui-monospace, monospace } pre div { padding: 0 .5rem; min-width: max-content }
.yes { background: var(--good) } .no { background: var(--bad) } .part { background: var(--some) }
.number { display: inline-block; width: 3rem; opacity: .6; user-select: none } .lost { opacity: .8; font-style: italic }
"""


def as_html(coverage: Coverage) -> str:
    """The page. It needs nothing from elsewhere."""
    parts = [*_table(coverage), *(line for file, places in coverage.files.items() for line in _file(file, places))]
    lost = [f"<p>Not counted, since they are not sound: {escape(', '.join(coverage.not_counted))}</p>"]
    early = [f"<p>{escape(told_of_lost(coverage.lost))}</p>"] if coverage.lost else []
    body = "\n".join(["<h1>Workflow coverage</h1>", *early, *parts, *(lost if coverage.not_counted else [])])
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">\n{head}\n<title>Workflow coverage</title>\n{body}\n</html>\n'


def _table(coverage: Coverage) -> Iterator[str]:
    heads = "".join(f"<th>{head}</th>" for head in ("workflow", *KINDS, "covered"))
    yield f'<div class="wide"><table><tr>{heads}</tr>'
    for file, places in coverage.files.items():
        link = f'<a href="#{escape(file)}">{escape(file)}</a>'
        yield _row(link, Coverage({file: places}).totals())
    yield _row("all", coverage.totals()) + "</table></div>"


def _row(first: str, totals: Mapping[str, Share]) -> str:
    cells = [first, *cells_of(totals)]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _file(file: str, places: tuple[Counted, ...]) -> Iterator[str]:
    by_line = defaultdict(list)
    for each in places:
        by_line[each.place.line].append(each)
    yield f'<details open id="{escape(file)}"><summary>{escape(file)}</summary><pre>'
    for number, text in enumerate(_text_of(file).split("\n"), 1):
        yield _line(number, text.rstrip("\r"), by_line[number])
    yield "</pre></details>"


def _text_of(file: str) -> str:
    try:
        document = load(file)
    except InvalidWorkflow as error:  # changed since the tests ran
        return str(error)
    return str(redactor_of(document.ir)(document.text))


def _line(number: int, text: str, places: list[Counted]) -> str:
    lost = [each.place for each in places if not each.hits]
    state = "" if not places else "yes" if not lost else "no" if len(lost) == len(places) else "part"
    said = escape("; ".join(f"{place.kind} {place.text}" for place in lost))
    beside = f'  <span class="lost">&larr; {said}</span>' if lost else ""
    return f'<div class="{state}"><span class="number">{number}</span>{escape(text)}{beside}</div>'
