"""What a session ran to the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from pflow_testkit.coverage.report import percent
from pflow_testkit.coverage.tally import Coverage, share
from pflow_testkit.report.cases import case, is_bad
from pflow_testkit.report.markup import count, duration, text
from pflow_testkit.report.model import Case, Graph, files_of
from pflow_testkit.report.sections import Section, meter


@dataclass(frozen=True)
class Report:
    """All that is on it. ``graphs`` are by file, ``unread`` what could not be collected and why.

    ``ended`` is why the session ended early, or "".
    """

    cases: Sequence[Case]
    coverage: Coverage
    graphs: Mapping[str, Graph]
    unread: Sequence[tuple[str, str]]
    made: str
    seconds: float
    ended: str = ""


_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
"""What browsers are told to hold the page to."""


def page(report: Report) -> str:
    """The page. It needs nothing from elsewhere, and is whole without its script."""
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{text(_title(report))}</title><style>{_part('page.css')}</style>"
    )
    start = f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>'
    end = f"<script>{_part('page.js')}</script>\n</body></html>\n"
    return "\n".join([start, *_body(report), end])


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _body(report: Report) -> Iterator[str]:
    by_file = _by_file(report)
    anchors = {file: f"w{number}" for number, file in enumerate(by_file)}
    sections = [
        Section(file, report.graphs.get(file), report.coverage.files.get(file, ()), cases, anchors)
        for file, cases in by_file.items()
    ]
    yield from _header(report)
    yield from _unread(report)
    yield from _overview(sections)
    for section in sections:
        yield from section.lines()
    yield from _others([each for each in report.cases if not files_of(each)])


def _by_file(report: Report) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {file: [] for file in (*report.graphs, *report.coverage.not_counted)}
    for each in sorted(report.cases, key=_order):
        for file in files_of(each):
            found.setdefault(file, []).append(each)
    return dict(sorted(found.items()))


def _order(each: Case) -> tuple[bool, tuple[str, int], str]:
    return not each.nodeid.endswith("::validate"), each.place, each.nodeid


def _title(report: Report) -> str:
    bad = sum(is_bad(each.outcome) for each in report.cases) + len(report.unread)
    return f"{count(bad, 'failure')}: workflows" if bad else "Workflows"


def _header(report: Report) -> Iterator[str]:
    counts = Counter(each.outcome for each in report.cases)
    outcomes = sorted(counts, key=_bad_first)
    words = [f'<b class="{text(each)}">{counts[each]:,} {text(each)}</b>' for each in outcomes]
    total = report.coverage.totals()["total"]
    facts = [count(len(report.cases), "test") + (f": {', '.join(words)}" if words else "")]
    if total.total:
        facts.append(f"<b>{percent(total)}</b> of {count(len(report.coverage.files), 'workflow')} reached")
    yield f'<header><h1>Workflows</h1><p class="totals">{" · ".join(facts)}</p>'
    yield f"<p><small>made {text(report.made)}, the tests took {duration(report.seconds * 1000)}</small></p>"
    if report.ended:
        yield f'<p class="ended">{text(report.ended)}</p>'
    yield from (_ARROWHEAD, "</header>", _filter(outcomes))


_ARROWHEAD: Final = (
    '<svg class="defs" width="0" height="0" aria-hidden="true"><defs><marker id="head" viewBox="0 0 8 8" refX="7" '
    'refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs></svg>'
)


def _filter(outcomes: Sequence[str]) -> str:
    others = "".join(f"<option>{text(outcome)}</option>" for outcome in outcomes if not is_bad(outcome))
    return (
        '<form class="filter" role="search" hidden><input type="search" id="words" aria-label="find a workflow or a '
        'case" placeholder="find a workflow or a case"><select id="outcome" aria-label="show which outcome">'
        f'<option value="">all</option><option value="bad">failed</option>{others}</select>'
        '<output id="found"></output></form>'
    )


def _bad_first(outcome: str) -> tuple[bool, str]:
    return not is_bad(outcome), outcome


def _unread(report: Report) -> Iterator[str]:
    for file, said in report.unread:
        yield f'<section class="unread"><h2>{text(file)}</h2><p>This could not be collected:</p>'
        yield f'<pre class="failure" tabindex="0">{text(said)}</pre></section>'


def _others(cases: Sequence[Case]) -> Iterator[str]:
    if cases:
        yield '<section class="workflow" id="others" data-name="tests that ran no workflow">'
        yield "<h2>Tests that ran no workflow</h2>"
        for each in sorted(cases, key=_order):
            yield from case(each, "")
        yield "</section>"


def _overview(sections: Sequence[Section]) -> Iterator[str]:
    if not sections:
        yield "<p>No workflow was collected, and no test ran one: name a folder with "
        yield "<code>--pflow-workflows</code>.</p>"
        return
    yield '<div class="wide" tabindex="0" role="region" aria-label="all workflows"><table class="overview">'
    yield "<thead><tr><th>workflow</th><th>tests</th><th>failed</th><th>reached</th></tr></thead><tbody>"
    for each in sections:
        bad = sum(is_bad(test.outcome) for test in each.cases)
        yield f'<tr data-section="{each.anchor}">'
        yield f'<td><a href="#{each.anchor}">{text(each.file)}</a></td><td>{len(each.cases):,}</td>'
        yield f"<td>{f'<b>{bad:,}</b>' if bad else '0'}</td><td>{meter(share(each.places))}</td></tr>"
    yield "</tbody></table></div>"
