"""Real repositories of every kind: each is compared, or it is said what to do."""

import os
import shutil

import pytest

from pflow_testkit.gate.before import git
from pflow_testkit.gate.before.git import InvalidBase


def untouched(repo):
    """What must not change: the index, byte by byte, what git says of the tree, and every ref."""
    index = (repo.path / ".git" / "index").read_bytes()
    return index, repo.git("--no-optional-locks", "status", "--porcelain"), repo.git("for-each-ref")


def test_nothing_is_touched(repo):
    """Comparing leaves the working tree, the index and the refs as they were."""
    repo.write("flows/b.json")
    repo.git("add", "flows/b.json")
    repo.write("flows/a.json", repo.broken)
    os.utime(repo.path / ".gitignore", (1, 1))  # to git it may have changed: what it learns must not be written down
    before = untouched(repo)
    repo.run("--pflow-changed").assert_outcomes(failed=1, passed=5)
    assert before == untouched(repo)


def test_dirty_tree(repo):
    """What is compared is the working tree: changed, staged, removed and untracked files."""
    repo.write("flows/b.json")
    repo.write("flows/c.json")
    repo.commit()
    repo.write("flows/a.json", {**repo.named, "description": "new"})
    repo.git("add", "-A")
    (repo.path / "flows/b.json").unlink()
    repo.write("flows/new.json")
    repo.write("flows/__pycache__/x.pyc", "ignored")
    assert {"flows/a.json", "flows/b.json", "flows/new.json"} == repo.changed()


@pytest.mark.parametrize("name", ["two words.json", "naïve 日本.json", "two\nlines.json", "'quoted\".json", "-x.json"])
def test_names_of_files(repo, name):
    """Any name that a file system has is a name."""
    repo.write(f"flows/{name}")
    repo.commit()
    assert set() == repo.changed()
    repo.write(f"flows/{name}", repo.named)
    base = repo.base()
    assert {f"flows/{name}"} == base.now.changed
    folder = base.folder([repo.path / "flows"])
    assert '{"nodes": [{"id"' == (folder / "flows" / name).read_text()[:16]
    base.close()
    assert not folder.exists()


def test_last_common_commit(repo):
    """What others changed on the branch in the meantime is not told of this one."""
    repo.git("switch", "-q", "-c", "mine")
    repo.write("flows/mine.json")
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.write("flows/theirs.json")
    repo.commit()
    repo.git("switch", "-q", "mine")
    assert {"flows/mine.json"} == repo.changed("main")
    common = repo.git("merge-base", "main", "mine")
    assert f"main (last common commit {common[:10]})" == repo.base("main").shown


def test_unrelated_histories(repo):
    """Where there is no common commit, the revision itself is compared with."""
    repo.git("switch", "-q", "--orphan", "other")
    repo.write("flows/b.json")
    repo.commit()
    assert {"flows/a.json", "flows/b.json", ".gitignore"} == repo.changed("main")


def test_no_commit_yet(repo):
    """Without a commit at hand, there still is the revision."""
    repo.git("checkout", "-q", "--orphan", "fresh")
    repo.write("flows/b.json")
    assert {"flows/b.json"} == repo.changed("main")


def test_detached_head(repo):
    """A branch need not be checked out."""
    repo.git("checkout", "-q", "--detach")
    repo.write("flows/b.json")
    assert {"flows/b.json"} == repo.changed("main")


def test_missing_revision(repo):
    """A revision that is not there is said, with the nearest."""
    said = repo.refused("--pflow-against=mian")
    assert "--pflow-against=mian: there is no such revision and no such folder hint: did you mean 'main'?" in said


@pytest.mark.parametrize("revision", ["--all", "main..main", "HEAD:flows", " "])
def test_no_revision(repo, revision):
    """What names no commit is no revision, whatever git could make of it."""
    assert "--pflow-against" in repo.refused(f"--pflow-against={revision}")


@pytest.fixture
def shallow(repo, tmp_path_factory):
    """A clone of one commit, in place of the repository."""
    for number in range(3):
        repo.write("flows/b.json", {**repo.say, "name": str(number)})
        repo.commit()
    repo.git("branch", "old", "HEAD~3")
    origin = tmp_path_factory.mktemp("origin") / "origin"
    shutil.move(repo.path, origin)
    repo.git("clone", "-q", "--depth=1", f"file://{origin}", str(repo.path), cwd=origin)
    os.chdir(repo.path)
    return repo


def test_shallow_clone(shallow):
    """In a shallow clone, it is said how to get the revision, and what that is in Actions."""
    said = shallow.refused("--pflow-against=origin/old")
    assert "git fetch --depth=100 origin old:refs/remotes/origin/old (in GitHub Actions:" in said
    assert "git fetch --unshallow" in shallow.refused("--pflow-against=v1")


def test_shallow_fetch(shallow):
    """The command that is said gets it; where it brings no common commit, that is said too."""
    shallow.git("fetch", "-q", "--depth=1", "origin", "old:refs/remotes/origin/old")
    assert "too shallow to have the commit that it has in common with HEAD" in shallow.refused(
        "--pflow-against=origin/old"
    )
    shallow.git("fetch", "-q", "--unshallow")
    assert {"flows/b.json"} == shallow.changed("origin/old")


def test_folder_is_new(repo):
    """Where the revision does not have the folder, all in it is new, and that is said."""
    repo.git("mv", "flows", "elsewhere")
    repo.commit()
    repo.git("mv", "elsewhere", "flows")
    result = repo.run()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["pflow gate: 'flows' was not there, so all in it is new", "*1 workflow compared: 1 BEHAVIOUR"]
    )


def test_renamed(repo):
    """A workflow that was renamed is known by what stands in it."""
    repo.git("mv", "flows/a.json", "flows/b.json")
    result = repo.run()
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["BEHAVIOUR  workflow-renamed  flows/b.json  workflow 'flows/a.json' is 'flows/b.json' now"]
    )


def test_renamed_in_case(repo):
    """So is one whose name changed in upper and lower case alone."""
    repo.git("mv", "flows/a.json", "flows/A.json")
    repo.run().stdout.fnmatch_lines(["BEHAVIOUR  workflow-renamed  flows/A.json  *"])


def test_removed(repo):
    """A workflow that is gone has an item all the same."""
    (repo.path / "flows/a.json").unlink()
    result = repo.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["BREAKING  workflow-removed  flows/a.json  *", "FAILED flows/a.json::gate*"])


@pytest.fixture
def nested_repo(repo, tmp_path_factory):
    """The folder of workflows is a submodule."""
    inner = tmp_path_factory.mktemp("inner")
    repo.git("init", "-q", "-b", "main", cwd=inner)
    (inner / "a.json").write_text((repo.path / "flows/a.json").read_text())
    repo.git("add", "-A", cwd=inner)
    repo.git("commit", "-q", "-m", "first", cwd=inner)
    repo.git("rm", "-q", "-r", "flows")
    repo.git("submodule", "add", "-q", str(inner), "flows")
    repo.commit()
    return repo


def test_submodule(nested_repo):
    """Workflows in a submodule are compared with those at the commit that was recorded."""
    assert set() == nested_repo.changed()
    nested_repo.write("flows/b.json")
    assert {"flows/b.json"} == nested_repo.changed()
    nested_repo.git("add", "-A", cwd=nested_repo.path / "flows")
    nested_repo.git("commit", "-q", "-m", "more", cwd=nested_repo.path / "flows")
    nested_repo.commit()
    nested_repo.write("flows/a.json", nested_repo.broken)
    assert {"flows/a.json", "flows/b.json"} == nested_repo.changed("HEAD~1")
    nested_repo.run("-k", "gate").stdout.fnmatch_lines(["BREAKING  *output-removed  flows/a.json:*"])


def test_new_submodule(nested_repo):
    """What a new submodule brought is new."""
    base = nested_repo.base("HEAD~1")
    assert {"flows/a.json", ".gitmodules"} <= base.now.changed
    assert "flows/a.json" in base.now.known


def test_submodule_of_a_submodule(nested_repo, tmp_path_factory):
    """Submodules are followed as deep as they go, changed or not."""
    deepest = tmp_path_factory.mktemp("deepest")
    nested_repo.git("init", "-q", "-b", "main", cwd=deepest)
    (deepest / "c.json").write_text("{}")
    for args in (["add", "-A"], ["commit", "-q", "-m", "first"]):
        nested_repo.git(*args, cwd=deepest)
    flows = nested_repo.path / "flows"
    nested_repo.git("submodule", "add", "-q", str(deepest), "deep", cwd=flows)
    nested_repo.git("commit", "-q", "-m", "deeper", cwd=flows)
    nested_repo.commit()
    assert {"flows/a.json", "flows/deep/c.json"} <= nested_repo.base("HEAD~2").now.known
    assert "flows/deep/c.json" in nested_repo.changed("HEAD~1")
    assert set() == nested_repo.changed()
    assert "flows/deep/c.json" in nested_repo.base().now.known
    nested_repo.write("flows/deep/c.json", "[]")
    base = nested_repo.base()
    assert {"flows/deep/c.json"} == base.now.changed
    assert b"{}" == base.content("flows/deep/c.json")
    assert nested_repo.path / "flows" / "deep" != git.top_of(flows / "deep")


def test_submodule_that_is_gone(nested_repo):
    """Another folder than that of workflows may be a submodule that is not there any more."""
    nested_repo.git("mv", "flows", "other")
    nested_repo.write("flows/a.json")
    nested_repo.commit()
    nested_repo.git("rm", "-q", "-f", "other")
    assert {"other", ".gitmodules"} == nested_repo.changed()


def test_submodule_without_commit(nested_repo):
    """A submodule that does not have what it was at is said, with the command."""
    nested_repo.git("update-index", "--cacheinfo", f"160000,{'1' * 40},flows")
    nested_repo.git("commit", "-q", "-m", "elsewhere")
    said = nested_repo.refused("--pflow-against=HEAD")
    assert "the submodule 'flows' does not have the commit 1111111111 that it was at" in said
    assert f"git -C 'flows' fetch origin {'1' * 40}" in said


def test_worktree(repo, tmp_path_factory):
    """A linked worktree is a working tree."""
    other = tmp_path_factory.mktemp("trees") / "other"
    repo.git("worktree", "add", "-q", "-b", "other", str(other))
    os.chdir(other)
    (other / "flows/b.json").write_text("{}")
    assert other == git.top_of(other / "flows")
    assert {"flows/b.json"} == git.now(other, git.commit_of(other, "main")).changed


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_variables_of_a_hook(repo, monkeypatch, tmp_path, name):
    """Which repository is meant is told by the folder, not by what a git hook was started with."""
    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    repo.write("flows/b.json")
    assert {"flows/b.json"} == repo.changed()


def test_bare_repository(repo, tmp_path_factory):
    """In a bare repository there is no working tree to compare."""
    bare = tmp_path_factory.mktemp("bare")
    repo.git("init", "-q", "--bare", cwd=bare)
    with pytest.raises(InvalidBase, match="is in no working tree of git"):
        git.top_of(bare)


def test_no_repository(repo):
    """Outside of a repository, it is said what else may be compared with."""
    shutil.rmtree(repo.path / ".git")
    said = repo.refused("--pflow-against=main")
    assert "is in no working tree of git hint: name a folder: another copy of the project" in said


def test_no_git(repo, monkeypatch):
    """Without git, the same."""
    monkeypatch.setenv("PATH", "")
    assert "git is not installed hint: install git, or name a folder" in repo.refused("--pflow-against=main")


def test_ownership(repo, monkeypatch):
    """Where git does not trust a folder, it is said how it will."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    said = repo.refused("--pflow-against=main")
    assert "which belongs to another user hint: git config --global --add safe.directory '" in said


def test_broken_repository(repo):
    """What else git says is handed on, without our frames."""
    (repo.path / ".git/index").write_bytes(b"broken")
    assert "--pflow-against=main: git says: fatal: " in repo.refused("--pflow-against=main")


def test_missing_object(repo):
    """An object that is not there is named."""
    missing = git.Entry("100644", "1" * 40, repo.path)
    with pytest.raises(InvalidBase, match=f"the object {'1' * 40} is not in this clone"):
        list(git.read([missing]))
    oid = repo.git("rev-parse", "HEAD:flows/a.json")
    repo.write("flows/a.json", repo.say)
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert f"git says: fatal: unable to read {oid}" in repo.refused("--pflow-against=HEAD")
    (repo.path / "flows/a.json").unlink()
    said = repo.refused("--pflow-against=HEAD")
    assert f"--pflow-against=HEAD: the object {oid} is not in this clone hint: git fetch --refetch" in said


def test_line_endings(repo):
    """A file that git checks out with other line endings is the same file."""
    repo.write(".gitattributes", "*.yaml text eol=crlf\n")
    repo.write("flows/b.yaml", "nodes:\n- {id: say, type: echo, params: {text: hi}}\n")
    repo.commit()
    (repo.path / "flows/b.yaml").unlink()
    repo.git("checkout", "--", "flows/b.yaml")
    assert b"\r\n" in (repo.path / "flows/b.yaml").read_bytes()
    os.utime(repo.path / "flows/b.yaml", (1, 1))
    assert set() == repo.changed()


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n"


def test_large_files(repo):
    """A workflow that Git LFS keeps elsewhere cannot be read as it was, and that is said."""
    repo.write("flows/b.json", POINTER.format("0" * 64))
    repo.write("flows/gone.json", POINTER.format("1" * 64))
    repo.write("flows/data.json", POINTER.format("2" * 64))
    repo.commit()
    repo.write("flows/b.json")
    repo.write("flows/data.json", "[]")
    (repo.path / "flows/gone.json").unlink()
    result = repo.run("-k", "gate", "--pflow-changed")
    result.assert_outcomes(failed=2, deselected=4)
    result.stdout.fnmatch_lines(
        ["*'flows/b.json' is kept by Git LFS, and what it was is not here*", "*hint: git lfs fetch*"]
    )


def test_smudged_files(repo):
    """Where it is at hand, it is read through the filter that Git LFS installs."""
    repo.write(".gitattributes", "flows/b.json filter=lfs\n")
    repo.write("flows/b.json", POINTER.format("0" * 64))
    repo.commit()
    repo.git("config", "filter.lfs.smudge", "echo smudged")
    repo.write("flows/b.json")
    assert b"smudged\n" == repo.base().content("flows/b.json")


def test_unwatched_files(repo):
    """What git was told not to look at may be anything; what a sparse checkout leaves out is as it was."""
    repo.write("flows/b.json")
    repo.write("flows/c.json")
    repo.commit()
    repo.git("update-index", "--assume-unchanged", "flows/a.json")
    repo.git("update-index", "--skip-worktree", "flows/b.json", "flows/c.json")
    (repo.path / "flows/b.json").unlink()
    assert {"flows/a.json", "flows/c.json"} == repo.changed()


def test_several_repositories(repo, tmp_path_factory):
    """Each folder is compared in its own repository, with the revision of that name there."""
    other = tmp_path_factory.mktemp("other")
    repo.git("init", "-q", "-b", "main", cwd=other)
    (other / "b.json").write_text((repo.path / "flows/a.json").read_text())
    repo.git("add", "-A", cwd=other)
    repo.git("commit", "-q", "-m", "first", cwd=other)
    (other / "b.json").unlink()
    result = repo.run(f"--pflow-workflows={other}", "--rootdir=/")
    result.stdout.fnmatch_lines(["BREAKING  workflow-removed  *b.json  *"])
    result.assert_outcomes(passed=2, failed=1)
