"""The files as they were, in a folder of their own; and what may be compared with."""

import json

import pytest

from pflow_testkit.gate.before.baseline import Baseline
from pflow_testkit.gate.before.export import Export


def nesting(ref):
    """A workflow that nests one."""
    return {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": ref}}]}


def exported(repo):
    """What is in the folder of the base, by name."""
    base = repo.base()
    folder = base.folder([repo.path / "flows"])
    assert folder == base.folder([repo.path / "flows"])
    assert not folder.is_relative_to(repo.path)
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    base.close()
    base.close()
    return found


def test_whole_folder(repo):
    """Cases, snapshots and cassettes lie beside the workflows, as they were."""
    names = ["a.test.yaml", "__traces__/a.json/it.trace.json", "__cassettes__/a.json/it.json", "conftest.py"]
    for name in names:
        repo.write(f"flows/{name}", "was")
    repo.commit()
    for name in names:
        repo.write(f"flows/{name}", "is")
    assert {f"flows/{name}": "was" for name in names} | {"flows/a.json": json.dumps(repo.named)} == exported(repo)


def test_nested_outside(repo):
    """What is nested from outside of the folder is there, and what that nests; nothing else."""
    repo.write("flows/a.json", nesting("../shared/b.json"))
    repo.write("flows/broken.json", '{"workflow_ref": "..')
    repo.write("shared/b.json", nesting("c.json"))
    repo.write("shared/c.json", nesting("b.json"))
    repo.write("shared/d.json")
    repo.write("flows/e.json", nesting("../../nowhere.json"))
    repo.commit()
    expected = {"flows/a.json", "flows/broken.json", "flows/e.json", "shared/b.json", "shared/c.json"}
    assert expected == set(exported(repo))


def test_links(repo):
    """A symbolic link is what it leads to: a file, another link, a folder; one that leads nowhere is not there."""
    repo.write("shared/b.json", "b")
    repo.write("other/c.json", "c")
    for name, target in {
        "one.json": "../shared/b.json",
        "two.json": "one.json",
        "folder": "../other",
        "again": "../other",
        "lost.json": "nowhere",
        "round.json": "round.json",
    }.items():
        (repo.path / "flows" / name).symlink_to(target)
    repo.commit()
    base = repo.base()
    folder = base.folder([repo.path / "flows"]) / "flows"
    names = ("one.json", "two.json", "folder/c.json", "again/c.json")
    assert ["b", "b", "c", "c"] == [(folder / name).read_text() for name in names]
    assert {"a.json", "one.json", "two.json", "folder", "again"} == {path.name for path in folder.iterdir()}
    base.close()


@pytest.mark.parametrize("name", ["../out.json", "/out.json", "a/../../out.json", ".git/config"])
def test_nothing_beside(tmp_path, name):
    """Whatever a revision calls its files, none is written outside of the folder."""
    (tmp_path / "base").mkdir()
    Export({name: False, "in.json": False}, lambda names: iter([b"x"] * len(names)), tmp_path / "base").write([""])
    assert [tmp_path / "base", tmp_path / "base" / "in.json"] == sorted(tmp_path.rglob("*"))


def test_linked_folder(repo):
    """Workflows in a linked folder are known by where they really are."""
    repo.write("real/b.json")
    (repo.path / "flows/link").symlink_to("../real")
    repo.commit()
    base = repo.base()
    assert "real/b.json" == base.name_of(repo.path / "flows/link/b.json")
    assert not base.is_changed(repo.path / "flows/link/b.json")
    assert base.name_of(repo.path.parent / "x.json") is None
    assert base.is_changed(repo.path.parent / "x.json")


def test_upstream(repo):
    """Without a reference, it is the upstream of the branch."""
    repo.git("switch", "-q", "-c", "mine", "--track", "main")
    repo.write("flows/b.json")
    repo.commit()
    assert ("main", {"flows/b.json"}) == ((base := repo.base(None)).shown, base.now.changed)


def test_no_upstream(repo):
    """Where it has none, it is asked for."""
    result = repo.pytester.runpytest_inprocess("--pflow-workflows=flows", "--pflow-changed")
    result.stderr.fnmatch_lines(
        ["*--pflow-changed: the branch at hand has no upstream*", "*hint: say it: --pflow-against=REF"]
    )


@pytest.fixture
def copied(repo, tmp_path_factory):
    """Another copy of the project, without git."""
    copy = tmp_path_factory.mktemp("copies") / "old"
    for name in ("flows/a.json", "flows/gone.json", "conftest.py", "venv/x.py"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(json.dumps(repo.named) if name == "flows/a.json" else json.dumps(repo.say))
    (copy / "flows/link.json").symlink_to("a.json")
    (repo.path / "flows/link.json").symlink_to("a.json")
    return copy


def test_folder(repo, copied):
    """What lies in another copy of the project is compared byte by byte."""
    repo.write("flows/b.json")
    base = repo.base(str(copied))
    assert {"flows/b.json", "flows/gone.json", "conftest.py", ".gitignore"} == base.now.changed
    assert repo.base(str(copied)).has(repo.path / "flows")
    (repo.path / "flows/b.json").unlink()
    repo.write("flows/a.json", repo.broken)
    result = repo.pytester.runpytest_inprocess("--pflow-workflows=flows", f"--pflow-against={copied}")
    result.stdout.fnmatch_lines(
        ["BREAKING *output-removed *flows/a.json:*", "BREAKING *workflow-removed *flows/gone.json *"]
    )


def test_folder_without_git(repo, copied, monkeypatch):
    """For which there need be no git."""
    monkeypatch.setenv("PATH", "")
    assert isinstance(repo.base(str(copied)), Baseline)


def test_revision_before_folder(repo):
    """A name that is both is the revision; the folder is named by its path."""
    (repo.path / "main/flows").mkdir(parents=True)
    assert "main" == repo.base("main").shown
    assert repo.base("main").commit
    assert not repo.base("./main").commit


def test_folder_of_workflows_alone(repo):
    """A folder that is no copy of the whole project would make everything new, so it is refused."""
    (repo.path / "old").mkdir()
    said = repo.refused("--pflow-against=old")
    assert "there is no 'flows' in the folder '" in said
    assert "hint: name another copy of the whole project" in said
