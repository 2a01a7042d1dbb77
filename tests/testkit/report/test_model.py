from pflow_testkit.report.model import Bar, Graph, Node, Run, Seen, Step, Timeline


def test_travels_whole():
    """What a worker knows of a test comes back as it was."""
    bar = Bar(0, 0.0, 1.5, 3, 1, "ok", "item 3", [0.5])
    batch = Timeline("a", "parallel", 1, 0, 0, 0, 1.5, 1, [bar], ["no"])
    run = Run(
        "f.json", "success", "", 2.0, "{}", "{}", [Step("a", "echo", "completed", "default", 1.0, "")], [batch], 0
    )
    seen = Seen("f.json", "said", [run], 2)
    back = Seen.of_text(seen.to_text())
    assert seen == back
    assert ("a", bar) == (back.runs[0].steps[0].path, back.runs[0].timelines[0].bars[0])


def test_graph_travels():
    """A graph that came as lists is one again."""
    graph = Graph("name", 0, [Node("a", "echo", "", 1, "", "")], [(0, 0, "again")])
    assert graph == Graph.of_row(["name", 0, [["a", "echo", "", 1, "", ""]], [[0, 0, "again"]]])
