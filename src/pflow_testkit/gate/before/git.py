"""A folder and a git revision to the files of that revision, and to those that are different now.

Only ever reads: no command writes to the working tree, the index or a ref. ``git diff`` writes down on the way what it
learnt of the index, so it is given a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pflow_engine.errors import PflowError, Problem, nearest

_LINK, _SUBMODULE = "120000", "160000"
_OF_ANOTHER_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""Variables that a git hook sets: which repository is meant is told by the folder of workflows alone."""

_CALL = ("git", "--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false")
_DIFF = (
    "-c",
    "diff.autoRefreshIndex=true",
    "diff",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--no-relative",
    "--ignore-submodules=none",
)


class InvalidBase(PflowError):
    """What the workflows are to be compared with cannot be had."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a revision: its mode, its object, and the repository that has the object."""

    mode: str
    oid: str
    repository: Path

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK


@dataclass(frozen=True, slots=True)
class Now:
    """What is different now from a revision. Paths are as seen from the top, names as the file system has them.

    ``known`` are the files that git looks at, changed or not. ``unread`` are submodules whose old commit is not there.
    """

    changed: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)

    def take(self, other: Now, prefix: str) -> None:
        """Take over what was found in a submodule."""
        self.changed.update(prefix + path for path in other.changed)
        self.known.update(prefix + path for path in other.known)
        self.unread.update({prefix + path: commit for path, commit in other.unread.items()})


def top_of(folder: Path) -> Path:
    """The working tree that a folder is in; of a submodule, that of the outermost repository around it.

    Raises:
        InvalidBase: there is none, or git will not look at it.
    """
    top = Path(_line(_asked(folder, "rev-parse", "--show-toplevel")))
    while above := _line(_asked(top, "rev-parse", "--show-superproject-working-tree")):
        top = Path(above)
    return top


def commit_of(top: Path, revision: str) -> str | None:
    """The commit that a revision names, if it is one that is there."""
    done = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return _line(done.stdout) if done.returncode == 0 else None


def common_commit(top: Path, commit: str) -> str:
    """The last commit that a revision has in common with the one at hand; that itself, where they have none.

    Raises:
        InvalidBase: there may be one, but the clone is too shallow to have it.
    """
    done = _git(top, "merge-base", commit, "HEAD")
    if done.returncode == 0:
        return _line(done.stdout)
    if commit_of(top, "HEAD") and _is_shallow(top):
        message = "this clone is too shallow to have the commit that it has in common with HEAD"
        raise InvalidBase(Problem("shallow", message, hint=f"git fetch --unshallow{_IN_ACTIONS}"))
    return commit


def no_revision(top: Path, revision: str) -> InvalidBase:
    """Why a revision is not there, and what to do."""
    message = "there is no such revision and no such folder"
    if _is_shallow(top):
        remote, _, branch = revision.partition("/")
        fetch = (
            f"git fetch --depth=100 {remote} {branch}:refs/remotes/{revision}" if branch else "git fetch --unshallow"
        )
        return InvalidBase(Problem("no-revision", f"{message} in this shallow clone", hint=fetch + _IN_ACTIONS))
    names = os.fsdecode(_git(top, "for-each-ref", "--format=%(refname:short)").stdout).split()
    close = nearest(revision, names)
    hint = f"did you mean '{close[0]}'?" if close else "git fetch, or name a branch, a tag or a commit that is here"
    return InvalidBase(Problem("no-revision", message, hint=hint))


def upstream_of(top: Path) -> str | None:
    """The branch that the current one is to be merged into as git knows it: ``origin/main``."""
    done = _git(top, "rev-parse", "--verify", "--quiet", "--abbrev-ref", "@{upstream}")
    return _line(done.stdout) if done.returncode == 0 else None


def now(top: Path, commit: str) -> Now:
    """What is different from a commit in the working tree, tracked or not; what git ignores is not looked at."""
    found = Now()
    submodules, sparse = _note_files(top, found)
    for path, before, after, oid in _differences(top, commit):
        if _SUBMODULE not in (before, after):
            found.changed.add(path)
        elif before != _SUBMODULE and path in submodules:
            found.changed.update(f"{path}/{each}" for each in _files_of(top / path))
        elif path in submodules and _has(top / path, oid):
            found.take(now(top / path, oid), f"{path}/")
            submodules.discard(path)
        else:
            found.changed.add(path)
            found.unread[path] = oid
    for path in submodules:
        found.known.update(f"{path}/{each}" for each in _files_of(top / path))
    found.changed.difference_update(sparse)
    return found


def tree(top: Path, commit: str) -> dict[str, Entry]:
    """Every file of a commit, those of its submodules too where they are there at the commit that is recorded."""
    files: dict[str, Entry] = {}
    for record in _records(_asked(top, "ls-tree", "-r", "-z", "--full-tree", commit)):
        about, _, path = record.partition("\t")
        mode, _, oid = about.split()
        if mode != _SUBMODULE:
            files[path] = Entry(mode, oid, top)
        elif _is_there(top / path) and _has(top / path, oid):
            files.update({f"{path}/{each}": entry for each, entry in tree(top / path, oid).items()})
    return files


def read(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The contents of files, in their order; one process for each repository, however many files.

    Raises:
        InvalidBase: an object is not there.
    """
    wanted = list(entries)
    streams = {top: _stream(top, [each.oid for each in wanted if each.repository == top]) for top in _tops(wanted)}
    for entry in wanted:
        yield next(streams[entry.repository])


def filtered(entry: Entry, path: str) -> bytes | None:
    """What would lie in the working tree for a file, if what is set up to make it of its object can."""
    done = _git(entry.repository, "cat-file", "--filters", f"--path={path}", entry.oid)
    return done.stdout if done.returncode == 0 else None


def _note_files(top: Path, found: Now) -> tuple[set[str], set[str]]:
    # Gives the submodules that are there, and the files that a sparse checkout leaves out.
    submodules, sparse = set(), set()
    listed = _asked(top, "ls-files", "-z", "-v", "-s", "-c", "-o", "--exclude-standard", "--full-name")
    for record in _records(listed):
        tag, rest = record[0], record[2:]
        if tag == "?":
            found.known.add(rest)
            found.changed.add(rest)
            continue
        about, _, path = rest.partition("\t")
        found.known.add(path)
        if about.startswith(_SUBMODULE) and _is_there(top / path):
            submodules.add(path)
        elif tag == "S" and not (top / path).exists():
            sparse.add(path)
        elif tag == "S" or tag.islower():
            # Git was told not to look at these ("git update-index --assume-unchanged"): so they may be anything.
            found.changed.add(path)
    return submodules, sparse


def _differences(top: Path, commit: str) -> Iterator[tuple[str, str, str, str]]:
    index = top / _line(_asked(top, "rev-parse", "--git-path", "index"))
    with tempfile.TemporaryDirectory(prefix="pflow-index-") as folder:
        copy = Path(folder) / "index"
        if index.exists():
            shutil.copy2(index, copy)  # with its time: a file that is younger is looked into, however alike it seems
        answer = _asked(top, *_DIFF, commit, "--", GIT_INDEX_FILE=str(copy))
    fields = iter(_records(answer))
    for about in fields:
        before, after, oid, *_ = about.removeprefix(":").split()
        yield next(fields), before, after, oid


def _files_of(top: Path) -> set[str]:
    found = Now()
    for path in _note_files(top, found)[0]:
        found.known.update(f"{path}/{each}" for each in _files_of(top / path))
    return found.known


def _is_there(submodule: Path) -> bool:
    return (submodule / ".git").exists()


def _has(top: Path, oid: str) -> bool:
    return _git(top, "cat-file", "-e", f"{oid}^{{commit}}").returncode == 0


def _is_shallow(top: Path) -> bool:
    return _line(_git(top, "rev-parse", "--is-shallow-repository").stdout) == "true"


def _tops(entries: Iterable[Entry]) -> list[Path]:
    return list(dict.fromkeys(entry.repository for entry in entries))


def _stream(top: Path, oids: list[str]) -> Iterator[bytes]:
    answer = memoryview(_asked(top, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode()))
    at = 0
    for oid in oids:
        end = at + answer[at : at + 200].tobytes().index(b"\n")
        head = answer[at:end].tobytes().split()
        if len(head) != _FOUND:
            message = f"the object {oid} is not in this clone"
            raise InvalidBase(
                Problem("no-object", message, hint="git fetch --refetch, or git fsck to see what is missing")
            )
        size = int(head[2])
        yield answer[end + 1 : end + 1 + size].tobytes()
        at = end + size + 2


def _records(answer: bytes) -> list[str]:
    return [os.fsdecode(record) for record in answer.split(b"\0") if record]


def _line(answer: bytes) -> str:
    return os.fsdecode(answer.removesuffix(b"\n"))


def _asked(folder: Path, *args: str, stdin: bytes = b"", **variables: str) -> bytes:
    done = _git(folder, *args, stdin=stdin, **variables)
    if done.returncode:
        raise _refused(folder, done.stderr.decode(errors="replace").strip())
    return done.stdout


def _git(folder: Path, *args: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    env |= {"LC_ALL": "C", **variables}
    command = [*_CALL, "-C", str(folder), *args]
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False, env=env)  # noqa: S603  # no shell, and what users give comes after an option that ends the options
    except FileNotFoundError:
        hint = "install git, or name a folder: another copy of the project"
        raise InvalidBase(Problem("no-git", "git is not installed", hint=hint)) from None


def _refused(folder: Path, said: str) -> InvalidBase:
    if "dubious ownership" in said:
        owned = f"git does not trust '{folder}', which belongs to another user"
        return InvalidBase(Problem("ownership", owned, hint=f"git config --global --add safe.directory '{folder}'"))
    if "not a git repository" in said or "must be run in a work tree" in said:
        message = f"'{folder}' is in no working tree of git"
        return InvalidBase(Problem("no-repository", message, hint="name a folder: another copy of the project"))
    return InvalidBase(Problem("git", f"git says: {said.splitlines()[-1] if said else 'nothing, and fails'}"))


_FOUND = 3
_IN_ACTIONS = " (in GitHub Actions: actions/checkout with fetch-depth: 0)"
