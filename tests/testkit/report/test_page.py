import re
from html.parser import HTMLParser

from pflow_testkit.coverage.places import Place
from pflow_testkit.coverage.tally import Counted, Coverage
from pflow_testkit.report.model import Bar, Case, Graph, Node, Run, Seen, Step, Timeline
from pflow_testkit.report.page import Report, page

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u202e\x00日本"
VOID = {"meta", "input", "img", "br", "link"}


class _Tags(HTMLParser):
    """The tags of a page, and whether each that is opened is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()


def _run(**more):
    facts = {"file": "a.json", "status": "success", "error": "", "duration_ms": 1.0, "inputs": "{}", "outputs": "{}"}
    return Run(**{**facts, "steps": [], "timelines": [], "left_out": 0, **more})


def _case(name="a.json::run[x]", outcome="passed", line=0, **seen):
    facts = {"file": "a.json", "failure": "", "runs": [], "more": 0, **seen}
    return Case(name, ("a.json", line), outcome, 0.5, Seen(**facts))


def _graph(name="go"):
    return Graph("", 0, [Node(name, "echo", "", 3, "", "")], [])


def _page(cases=(), graphs=None, coverage=None, **more):
    graphs = {"a.json": _graph()} if graphs is None else graphs
    facts = {"unread": [], "made": "then", "seconds": 1.0, **more}
    return page(Report(cases, coverage or Coverage({}), graphs, **facts))


def test_nothing_from_elsewhere():
    """The page names no other file, and no address."""
    tags = _Tags(_page([_case(runs=[_run()])])).seen
    addresses = [attrs[name] for _, attrs in tags for name in ("src", "href", "action") if name in attrs]
    assert addresses
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert "url(" not in _page().replace("url(#head)", "")


def test_links_lead_somewhere():
    """Each link leads to a place on the page, and no place is there twice."""
    tags = _Tags(_page([_case()], {"a.json": _graph(), "b.json": _graph()})).seen
    places = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(places) == len(set(places))
    assert {attrs["href"][1:] for tag, attrs in tags if tag == "a"} <= set(places)


def test_hostile_words_stay_text():
    """Whatever a workflow or a test says, the page has the tags it would have without it."""

    def shown(word):
        batch = Timeline(word, word, 1, 1, 0, 0, 1.0, 1, [Bar(0, 0.0, 1.0, 0, 1, "failed", word)], [word])
        run = _run(file=word, error=word, inputs=word, outputs=word, steps=[Step(word, word, word, word, 1.0, word)])
        run = run._replace(timelines=[batch])
        places = {word: (Counted(Place("node", f"node {word}", word, 1), 0),)}
        node = Node(word, word, word, 1, word, word)
        case = Case(f"{word}::run", (word, 0), "failed", 0.5, Seen(word, word, [run], 0))
        coverage = Coverage(places, (f"{word}.bad",))
        return _page([case], {word: Graph(word, 0, [node], [])}, coverage, unread=[(word, word)], made=word)

    hostile, plain = _Tags(shown(HOSTILE)), _Tags(shown("plain"))
    assert [tag for tag, _ in plain.seen if tag != "small"] == [tag for tag, _ in hostile.seen if tag != "small"]
    assert not hostile.open
    assert "\u202e" not in shown(HOSTILE)
    assert "\x00" not in shown(HOSTILE)


def test_failure_is_open():
    """A test that failed is open, with what it says; changes have the colour of their class."""
    said = "own line\n  BREAKING   outputs.x    is gone\nE   COSMETIC  y"
    shown = _page([_case(outcome="failed", failure=said), _case("a.json::run[y]", runs=[_run()])])
    assert 1 == len(re.findall(r"<details class=\"case [^>]* open", shown))
    assert '<span class="breaking">  BREAKING   outputs.x    is gone</span>' in shown
    assert '<span class="cosmetic">E   COSMETIC  y</span>' in shown
    assert "<title>1 failure: workflows</title>" in shown


def test_missed_is_listed():
    """What no test reached stands with its line, and the shares by kind."""
    places = (
        Counted(Place("node", "node go", "go", 3), 0),
        Counted(Place("edge", "edge go x to", "go -[x]-> to", 9), 1),
    )
    shown = _page([], coverage=Coverage({"a.json": places}))
    assert "reached by no test: 1 place<" in shown
    assert "<li>line 3: node <code>go</code></li>" in shown
    assert re.search(r"nodes .*0% <small>0/1</small>", shown)
    assert "<b>50%</b> of 1 workflow reached" in shown


def test_nobody_runs_it():
    """Of a workflow without tests it is said whether others reach it."""
    place = Place("node", "node go", "go", 3)
    assert "No test runs it.</p>" in _page()
    assert "but workflows that nest it" in _page(coverage=Coverage({"a.json": (Counted(place, 1),)}))


def test_unsound_has_no_graph():
    """A workflow that is not sound is there without a graph."""
    shown = _page([_case(outcome="failed", failure="no")], {}, Coverage({}, ("a.json",)))
    assert "no sound workflow" in shown
    assert 'class="graph"' not in shown


def test_no_workflow():
    """Where there is none, that is said."""
    assert "No workflow was collected" in _page(graphs={})


def test_nested_is_linked():
    """A node that runs another workflow leads to it."""
    node = Node("sub", "workflow", "", 3, "", "low.json")
    shown = _page(graphs={"a.json": Graph("", 0, [node], []), "low.json": _graph()})
    assert '; runs <a href="#w1">low.json</a>' in shown


def test_order_is_the_files():
    """``validate`` comes first, then cases in the order of their file, whichever ended first."""
    cases = [_case("a.json::run[b]", line=2), _case("a.json::run[a]", line=9), _case("a.json::validate", line=99)]
    wanted = re.findall(r'class="name">([^<]*)<', _page(cases))
    assert ["validate", "run[b]", "run[a]"] == wanted
    assert _page(cases) == _page(cases[::-1])


def test_many_runs():
    """Runs are numbered, and what is not told of them is counted."""
    run = _run(left_out=7, steps=[Step("sub/a", "echo", "failed", "error", 1500.0, "boom")])
    shown = _page([_case(runs=[run, run], more=3)])
    assert "run 2 of 2: the run is" in shown
    assert "and 3 more runs" in shown
    assert "and 7 more steps and batches in them" in shown
    assert '<li class="failed">sub/a → error <small>echo, 1.5 s</small>: boom</li>' in shown


def test_tests_without_runs():
    """A test that ran no workflow, and was about to, has a section too."""
    shown = _page([_case("t.py::test", "failed", file="", failure="why")])
    assert "Tests that ran no workflow" in shown
    assert ">t.py::test<" in shown


def test_ended_early():
    """A session that was interrupted says so."""
    assert '<p class="ended">stopped</p>' in _page(ended="stopped")


def test_batch_in_words():
    """What became of a batch is said beside its drawing; what is not known is not drawn."""
    none = Timeline("a", "parallel", 5, 2, 0, 1, 0.0, 0, [], ["first"])
    bars = [Bar(0, 0.0, 2.0, 0, 9, "ok", "many"), Bar(0, 2.0, 9.0, 9, 1, "failed", "one", [3.0])]
    some = Timeline("b", "parallel", 10, 1, 1, 0, 9.0, 1, bars, ["x"])
    shown = _page([_case(runs=[_run(timelines=[none, some])])])
    assert "5 items, 2 failed, 1 not started, when 4 of them ran is not known<" in shown
    assert "<li>and 1 more that failed</li>" in shown
    assert "10 items, on 1 worker, 1 failed, 1 tried again, many to a bar<" in shown
    assert 1 == shown.count('class="timeline"')
    assert 1 == shown.count('class="again"')
    assert 1 == shown.count("✕<")
