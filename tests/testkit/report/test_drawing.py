import re
from xml.etree import ElementTree as ET

from pflow_testkit.report.drawing import drawing
from pflow_testkit.report.model import Graph, Node


def _node(name, **more):
    return Node(**{"id": name, "type": "echo", "purpose": "", "line": 1, "batch": "", "child": "", **more})


def _drawn(graph, hits):
    return ET.fromstring(drawing(graph, hits, "w0n"))


FORK = Graph("", 0, [_node("a"), _node("b"), _node("c")], [(0, 1, "default"), (0, 2, "error"), (0, 2, "other")])
HITS = {"node a": 2, "node b": 2, "node c": 0, "edge a default b": 2, "edge a error c": 0, "edge a other c": 0}


def test_nodes_are_links():
    """Each node leads to what is said of it, and says what it is when pointed at."""
    links = _drawn(FORK, HITS).findall("a")
    assert ["#w0n0", "#w0n1", "#w0n2"] == [link.get("href") for link in links]
    assert "a (echo); reached by 2 runs" == links[0].findtext("title")


def test_reached_and_not():
    """What no test reached looks different from what one did; what is not counted is neither."""
    drawn = _drawn(FORK, HITS)
    assert ["node reached first", "node reached", "node missed"] == [link.get("class") for link in drawn.findall("a")]
    assert ["arrow reached", "arrow missed"] == [arrow.get("class") for arrow in drawn.findall("g")]
    assert ["node first", "node", "node"] == [link.get("class") for link in _drawn(FORK, {}).findall("a")]


def test_actions_are_labels():
    """All actions that lead from one node to another are one arrow; ``default`` needs no word."""
    labels = [arrow.findtext("text[@class='action']") for arrow in _drawn(FORK, HITS).findall("g")]
    assert [None, "error, other"] == labels


def test_batches_are_stacks():
    """A batch is drawn as two boxes, and says what of."""
    graph = Graph("", 0, [_node("a", batch="of ${x}, 3 at a time", purpose="why", child="low.json")], [])
    link = _drawn(graph, {}).find("a")
    assert 2 == len(link.findall("rect"))
    assert "a (echo); why; batch of ${x}, 3 at a time; runs low.json" == link.findtext("title")
    assert "echo · batch" == link.findtext("text[@class='type']")


def test_loop_has_its_label_aside():
    """The action of an arrow that leads back stands beside the boxes."""
    graph = Graph("", 0, [_node("a"), _node("b")], [(0, 1, "default"), (1, 0, "again")])
    label = _drawn(graph, {}).find("g/text[@class='action']")
    assert float(label.get("x")) > 130


def test_hostile_names_stay_text():
    """Names that are markup, controls or very long stay what they are, and in their boxes."""
    names = ["</script><b>", "\x00\u202e\ud800", "\"&'", "x" * 500, "ﷺ 日本語"]
    nodes = [_node(name) for name in names]
    drawn = drawing(Graph("", 0, nodes, [(0, 1, "<i>"), (1, 2, "a" * 99)]), {}, "w0n")
    assert not re.search(r"</script|<b>|<i>|\x00|\u202e|\ud800", drawn)
    assert 5 == len(ET.fromstring(drawn).findall("a"))
    assert float(ET.fromstring(drawn).get("width")) < 1500
