from pflow_engine import Registry, load
from pflow_engine.validation import validate
from pflow_testkit.coverage.places import places_of, with_nested

WORKFLOW = """\
inputs:
  names: {type: array}
nodes:
  - id: list
    type: shell
    params:
      command: ls ${names}
  - id: ask
    type: shell
    params: {command: "echo ${item}"}
    batch:
      items: ${list.stdout}
  - id: mourn
    type: echo
edges:
  - {from: list, to: ask}
  - from: list
    to: mourn
    action: error
outputs:
  said:
    source: ${ask.results}
"""


def test_places_and_lines(tmp_path):
    """Each place has the line it stands in; an edge that is written has its own."""
    file = tmp_path / "flow.yaml"
    file.write_text(WORKFLOW)
    workflow = validate(load(str(file)), Registry.default())
    assert [
        ("node", "list", 4),
        ("template", "list: ${names}", 7),
        ("error", "list fails", 4),
        ("node", "ask", 8),
        ("template", "ask: ${item}", 10),
        ("template", "ask: ${list.stdout}", 12),
        ("batch", "ask: no items", 12),
        ("batch", "ask: one item", 12),
        ("batch", "ask: many items", 12),
        ("batch", "ask: an item failed and ended it", 12),
        ("node", "mourn", 13),
        ("edge", "list -> ask", 16),
        ("edge", "list -[error]-> mourn", 17),
        ("template", "outputs.said: ${ask.results}", 22),
    ] == [(place.kind, place.text, place.line) for place in places_of(workflow, Registry.default())]


def test_unwritten_edges(tmp_path):
    """An edge that is the order of the document stands where its first node does."""
    file = tmp_path / "flow.yaml"
    file.write_text("nodes:\n  - {id: a, type: echo}\n  - {id: b, type: echo}\n")
    workflow = validate(load(str(file)), Registry.default())
    assert [("a -> b", 2)] == [
        (each.text, each.line) for each in places_of(workflow, Registry.default()) if each.kind == "edge"
    ]


def test_keys_differ(tmp_path):
    """No two places of a file share a key."""
    file = tmp_path / "flow.yaml"
    file.write_text(WORKFLOW)
    workflow = validate(load(str(file)), Registry.default())
    keys = [place.key for place in places_of(workflow, Registry.default())]
    assert len(keys) == len(set(keys))


def test_nested_workflows(tmp_path):
    """The workflows that one nests have places of their own, at any depth."""
    for name, child in (("top", "mid"), ("mid", "low")):
        node = f'{{"id": "sub", "type": "workflow", "params": {{"workflow_ref": "{child}.json"}}}}'
        (tmp_path / f"{name}.json").write_text(f'{{"nodes": [{node}]}}')
    (tmp_path / "low.json").write_text('{"nodes": [{"id": "say", "type": "echo"}]}')
    workflow = validate(load(str(tmp_path / "top.json")), Registry.default())
    assert ["top.json", "mid.json", "low.json"] == [
        each.document.file.rpartition("/")[2] for each in with_nested(workflow)
    ]
