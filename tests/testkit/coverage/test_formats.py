import json
from dataclasses import replace

from pflow_testkit.coverage.formats import as_json, as_lcov
from pflow_testkit.coverage.page import as_html
from pflow_testkit.coverage.places import Place
from pflow_testkit.coverage.report import percent, table
from pflow_testkit.coverage.tally import Counted, Coverage, Share

PLACES = (
    Counted(Place("node", "node a", "a", 2), 3),
    Counted(Place("node", "node b", "b", 2), 0),
    Counted(Place("edge", "edge a b", "a -> b", 2), 0),
    Counted(Place("template", "template a", "a: ${x}", 4), 3),
    Counted(Place("error", "error a", "a <fails>", 4), 0),
)
SOME = Coverage({"flows/x.json": PLACES}, ("flows/broken.json",))


def test_table():
    """A row a workflow, then what was not reached, then what was not counted."""
    assert [
        "workflow      nodes  edges  templates  batches  errors  covered",
        "flows/x.json    1/2    0/1        1/1        -     0/1      40%",
        "all             1/2    0/1        1/1        -     0/1      40%",
        "",
        "reached by no test (3):",
        "  flows/x.json:2  node  b",
        "  flows/x.json:2  edge  a -> b",
        "  flows/x.json:4  error  a <fails>",
        "",
        "not counted, since they are not sound:",
        "  flows/broken.json",
    ] == list(table(SOME))


def test_json():
    """Totals of all and of each file, and every place with the runs that reached it."""
    data = json.loads(as_json(SOME))
    assert {"covered": 2, "total": 5, "percent": 40.0} == data["totals"]["total"]
    assert data["totals"] == data["files"]["flows/x.json"]["totals"]
    assert {"kind": "node", "text": "a", "line": 2, "hits": 3} == data["files"]["flows/x.json"]["places"][0]
    assert ["flows/broken.json"] == data["not_counted"]
    assert ({"covered": 0, "total": 0, "percent": None}, []) == (data["totals"]["batch"], data["lost_workers"])


def test_lost_workers():
    """What workers that ended early leave out is said in every form that has room for it."""
    lost = replace(SOME, lost=("gw0", "gw1"))
    assert ["gw0", "gw1"] == json.loads(as_json(lost))["lost_workers"]
    assert "lack what workers gw0 and gw1 ran last" in as_html(lost)
    assert "ended early" not in as_html(SOME)


def test_lcov():
    """A line was run when anything in it was; a branch that never was has a dash."""
    assert [
        "TN:pflow",
        "SF:flows/x.json",
        "BRDA:2,0,0,-",
        "BRDA:4,0,0,3",
        "BRDA:4,0,1,-",
        "BRF:3",
        "BRH:1",
        "DA:2,3",
        "DA:4,3",
        "LF:2",
        "LH:2",
        "end_of_record",
    ] == as_lcov(SOME).splitlines()


def _page(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "x.json").write_text(text)
    return as_html(SOME)


def test_page(tmp_path, monkeypatch):
    """The page has each line of the file, what is missing beside it, and nothing that is not escaped."""
    page = _page(tmp_path, monkeypatch, '{"nodes": [\n{"id": "<two>", "type": "echo"}\n]}\n')
    assert '<div class="part"><span class="number">2</span>{&quot;id&quot;: &quot;&lt;two&gt;&quot;,' in page
    assert "&larr; error a &lt;fails&gt;" in page
    assert "<two>" not in page
    assert "Not counted, since they are not sound: flows/broken.json" in page
    assert not [word for word in ("http://", "https://", "<script") if word in page]


def test_page_of_changed_file(tmp_path, monkeypatch):
    """In place of a file that was broken since the tests ran it says what is wrong with it."""
    assert "flows/x.json:1:2: error: not JSON" in _page(tmp_path, monkeypatch, "{")


def test_percent_rounds_down():
    """Hundred percent is all of it, and nothing to cover is neither all nor none of it."""
    assert ["99%", "100%", "-"] == [percent(Share(999, 1000)), percent(Share(3, 3)), percent(Share(0, 0))]
