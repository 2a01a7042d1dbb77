"""The views of the shared store."""

import pytest

from pflow_engine import NamespacedSharedStore
from pflow_engine.store import FlatSharedStore, item_store, visit


@pytest.fixture
def root():
    """A store with an input and a node's output."""
    return {"limit": 3, "fetch": {"body": "text"}}


@pytest.fixture
def view(root):
    """What the node fetch sees."""
    return NamespacedSharedStore(root, "fetch")


@pytest.fixture
def item(root):
    """What an item of a batch node fetch sees."""
    return item_store(root, "fetch", {}, "word", "tea", 4, [])


def test_writes_own_namespace(root, view):
    """What a node writes stands under its id."""
    view["status"] = 200
    assert root == {"limit": 3, "fetch": {"body": "text", "status": 200}}


def test_reads_own_first(root, view):
    """A name that is in both places is the node's own."""
    view["limit"] = 9
    assert (9, 3) == (view["limit"], root["limit"])


def test_reads_root_next(view):
    """A name that is not the node's own is looked up at the root."""
    assert view["limit"] == 3


def test_missing_name(view):
    """A name that is nowhere is a KeyError."""
    with pytest.raises(KeyError, match="nope"):
        view["nope"]


def test_contains_falsy(view):
    """A name is there or not, whatever its value."""
    view["empty"] = None
    assert (True, True, False) == ("empty" in view, "limit" in view, "nope" in view)


def test_keys_are_union(view):
    """The names are its own and the root's, without its namespace, each once."""
    view["limit"] = 9
    assert ["body", "limit"] == sorted(view.keys())
    assert len(view) == 2


def test_reserved_at_root(root, view):
    """A name in double underscores lives at the root."""
    view["__seen__"] = 1
    assert root["__seen__"] == 1
    del view["__seen__"]
    assert "__seen__" not in root


def test_deletes_own_only(root, view):
    """A node takes away what it wrote, nothing else."""
    del view["body"]
    with pytest.raises(KeyError):
        del view["limit"]
    assert root == {"limit": 3, "fetch": {}}


def test_makes_namespace():
    """A namespace that is not there yet, or is no map, is made."""
    root = {"b": "an input of the same name"}
    NamespacedSharedStore(root, "a")["x"] = 1
    NamespacedSharedStore(root, "b")["x"] = 2
    assert root == {"a": {"x": 1}, "b": {"x": 2}}


def test_view_repr(view):
    """A view shows whose it is and what it holds, not the whole store."""
    assert repr(view) == "NamespacedSharedStore('fetch': ['body'])"


def test_flat_writes_both(root):
    """Without namespacing a node writes at the root; its id has a note of it."""
    FlatSharedStore(root, "fetch")["limit"] = 4
    assert root == {"limit": 4, "fetch": {"body": "text", "limit": 4}}


def test_flat_reads_root(root):
    """Without namespacing a node reads at the root, and its own note is not among the names."""
    view = FlatSharedStore(root, "fetch")
    assert (3, ["limit"], 1) == (view["limit"], list(view), len(view))
    assert "body" not in view


def test_flat_own_name(root):
    """An output with the name of its node does not replace the note."""
    FlatSharedStore(root, "fetch")["fetch"] = "x"
    assert root["fetch"] == {"body": "text", "fetch": "x"}


def test_flat_reserved(root):
    """A name in double underscores is no output."""
    FlatSharedStore(root, "fetch")["__seen__"] = 1
    assert (1, {"body": "text"}) == (root["__seen__"], root["fetch"])


def test_flat_deletes(root):
    """Without namespacing a node takes away what stands at the root."""
    view = FlatSharedStore(root, "fetch")
    view["x"] = 1
    del view["x"], view["limit"]
    assert root == {"fetch": {"body": "text"}}


def test_flat_repr(root):
    """A flat view shows whose it is."""
    assert repr(FlatSharedStore(root, "fetch")) == "FlatSharedStore('fetch': ['body'])"


def test_item_at_root(item):
    """The alias and the index stand at the root of an item's store, and its namespace is empty."""
    assert ("tea", 4, {}) == (item["word"], item["__index__"], item["fetch"])


def test_item_keeps_writes(root, item):
    """What an item writes stays with it."""
    item["limit"] = 9
    NamespacedSharedStore(item, "fetch")["status"] = 200
    assert ({"limit": 3, "fetch": {"body": "text"}}, 9) == (root, item["limit"])
    assert item["fetch"] == {"status": 200}


def test_item_names(item):
    """An item's names are the root's and its own, each once."""
    assert ["__index__", "__llm_calls__", "fetch", "limit", "word"] == sorted(item)
    assert len(item) == 5
    assert "limit" in item


def test_item_reads_as_dict(item):
    """All that a dict offers for reading sees what the item wrote and the root."""
    item["limit"] = 9
    expected = {"__index__": 4, "__llm_calls__": [], "fetch": {}, "limit": 9, "word": "tea"}
    assert expected == dict(item) == {**item} == dict(item.items())
    assert sorted(expected) == sorted(item.keys())
    assert [9, "tea"] == [value for value in item.values() if value in (9, "tea")][::-1]
    assert (9, "tea", "none") == (item.get("limit"), item.get("word"), item.get("nope", "none"))


def test_item_deletes_own(item):
    """An item takes away what it wrote; the root's is not its to take."""
    del item["word"]
    assert "word" not in item
    with pytest.raises(KeyError):
        del item["limit"]


def test_visit_reads_last_run(root):
    """In a loop a node reads what it wrote last time, but its outputs are those of this time."""
    view = visit(root, "fetch")
    view["status"] = 200
    assert ("text", {"status": 200}) == (view["body"], root["fetch"])
    assert ["body", "limit", "status"] == sorted(view)
    assert "body" in view


def test_scope_is_the_root(root):
    """Templates find inputs and nodes at the root, a node's own id leads to what it wrote last time."""
    view = visit(root, "fetch")
    view["limit"] = 9
    assert (3, {"body": "text"}) == (view.scope["limit"], view.scope["fetch"])


def test_pop_as_a_dict(view):
    """Pop gives a value or its default; what stands at the root stays there."""
    assert (3, "text", None) == (view.pop("limit", 0), view.pop("body"), view.pop("nope", None))
    assert ["limit"] == sorted(view)
    with pytest.raises(KeyError):
        view.pop("nope")


def test_copy_is_a_dict(view):
    """A copy is a plain dict of all that is seen."""
    assert {"body": "text", "limit": 3} == view.copy()
