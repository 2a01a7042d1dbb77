"""A working tree and a reference, a git revision or another copy of it, to the files as they were and what changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from pflow_engine.errors import Problem
from pflow_testkit.gate.before import git
from pflow_testkit.gate.before.export import Export
from pflow_testkit.gate.before.git import InvalidBase, Now

_LFS = b"version https://git-lfs.github.com/spec/"


class Files(Protocol):
    """The files as they were. Names are paths as seen from the top, with ``/``."""

    def now(self) -> Now:
        """What is different in the working tree."""
        ...

    def names(self) -> Mapping[str, bool]:
        """Every file, and whether it is a symbolic link."""
        ...

    def read(self, names: list[str]) -> Iterator[bytes]:
        """The contents of files; of a link, where it leads."""
        ...


@dataclass(frozen=True, slots=True)
class Project:
    """Where pytest was started, the root of its tests, and patterns of folders that it has nothing to do with."""

    start: Path
    root: Path
    passed_over: tuple[str, ...]


@dataclass(eq=False)
class Baseline:
    """One working tree, ``top``, and what it is compared with; ``shown`` is what people call that.

    Nothing is asked before it is needed, and each thing once.
    """

    top: Path
    shown: str
    files: Files
    commit: str = ""
    _real: dict[Path, Path] = field(default_factory=dict, repr=False)
    _exported: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @cached_property
    def now(self) -> Now:
        """What is different now."""
        return self.files.now()

    @cached_property
    def names(self) -> Mapping[str, bool]:
        """Every file that was there."""
        return self.files.names()

    def name_of(self, path: Path) -> str | None:
        """What a file is called here; the folders it is in are followed to where they really are."""
        try:
            if path.parent not in self._real:
                self._real[path.parent] = path.parent.resolve()
            folder = self._real[path.parent]
            return (folder / path.name).relative_to(self.top).as_posix()
        except (ValueError, OSError, RuntimeError):  # elsewhere; not to be looked at; a loop of links
            return None

    def is_known(self, path: Path) -> bool:
        """Whether it could be told if a file changed."""
        name = self.name_of(path)
        return name is not None and name in self.now.known

    def is_changed(self, path: Path) -> bool:
        """Whether a file is, or may be, another one now, has come or has gone."""
        name = self.name_of(path)
        return name is None or name in self.now.changed or (name not in self.now.known and path.exists())

    def prefix_of(self, folder: Path) -> str:
        """What the name of each file in a folder begins with."""
        name = folder.resolve().relative_to(self.top).as_posix()
        return "" if name == "." else f"{name}/"

    def has(self, folder: Path) -> bool:
        """Whether there was anything in a folder."""
        prefix = self.prefix_of(folder)
        return any(name.startswith(prefix) for name in self.names)

    def content(self, name: str) -> bytes:
        """One file as it was."""
        return next(self.files.read([name]))

    def folder(self, opted_in: Iterable[Path]) -> Path:
        """A folder outside of the working tree with everything in ``opted_in`` as it was, and what that nests.

        Raises:
            InvalidBase: a file cannot be had.
        """
        if self._exported is None:
            self._exported = tempfile.TemporaryDirectory(prefix="pflow-base-")
            Export(self.names, self.files.read, Path(self._exported.name).resolve()).write(
                map(self.prefix_of, opted_in)
            )
        return Path(self._exported.name).resolve()

    def close(self) -> None:
        """Take the folder away."""
        if self._exported is not None:
            self._exported.cleanup()
            self._exported = None


@dataclass(frozen=True)
class Revision:
    """The files of a commit."""

    top: Path
    commit: str

    def now(self) -> Now:
        """What is different in the working tree, committed or not."""
        return git.now(self.top, self.commit)

    @cached_property
    def _tree(self) -> dict[str, git.Entry]:
        return git.tree(self.top, self.commit)

    def names(self) -> Mapping[str, bool]:
        """Every file of it."""
        return {name: entry.is_link for name, entry in self._tree.items()}

    def read(self, names: list[str]) -> Iterator[bytes]:
        """Their contents as git has them; those of Git LFS, where they are at hand."""
        entries = [self._tree[name] for name in names]
        for name, entry, content in zip(names, entries, git.read(entries), strict=True):
            yield (git.filtered(entry, name) or content) if is_elsewhere(content) else content


@dataclass(frozen=True)
class Copy:
    """Another copy of the project. ``passed_over`` are patterns of folders that have no tests in them."""

    top: Path
    other: Path
    passed_over: tuple[str, ...]

    def now(self) -> Now:
        """What differs between the two, byte by byte."""
        here, there = self._names(self.top), self._names(self.other)
        both = here.keys() & there.keys()
        differing = {name for name in both if here[name] != there[name] or not self._same(name)}
        return Now(differing | (here.keys() ^ there.keys()), set(here))

    def names(self) -> Mapping[str, bool]:
        """Every file of it."""
        return self._names(self.other)

    def read(self, names: list[str]) -> Iterator[bytes]:
        """Their contents."""
        return (_bytes(self.other / name) for name in names)

    def _same(self, name: str) -> bool:
        return _bytes(self.top / name) == _bytes(self.other / name)

    def _names(self, top: Path) -> dict[str, bool]:
        found = {}
        for here, folders, files in os.walk(top):
            links = [name for name in folders if (Path(here) / name).is_symlink()]
            folders[:] = [name for name in folders if name not in links and not self._is_passed_over(name)]
            for name in (*files, *links):
                path = Path(here) / name
                found[path.relative_to(top).as_posix()] = path.is_symlink()
        return found

    def _is_passed_over(self, folder: str) -> bool:
        return folder == "__pycache__" or any(fnmatch(folder, pattern) for pattern in self.passed_over)


def _bytes(path: Path) -> bytes:
    return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def is_elsewhere(content: bytes) -> bool:
    """Whether what there is of a file only says where Git LFS keeps it."""
    return content.startswith(_LFS)


def baseline_of(
    folder: Path, reference: str | None, project: Project, commits: Mapping[str, str] = MappingProxyType({})
) -> Baseline:
    """What a folder of workflows is compared with. Without a reference, that is the upstream of its branch.

    ``commits`` are those that are known to be the base already, by the top of the working tree.

    Raises:
        InvalidBase: there is nothing of that name, or it does not have the folder.
    """
    copy = project.start / reference if reference else None
    try:
        top = git.top_of(folder)
        reference = reference or _upstream(top)
        commit = git.commit_of(top, reference)
        if commit is None and not (copy and copy.is_dir()):
            raise git.no_revision(top, reference)
    except InvalidBase:
        if copy is None or not copy.is_dir():
            raise
        return _copied(folder, copy, project)
    if commit is None:
        assert copy is not None, "without a reference there is an upstream, or an error"
        return _copied(folder, copy, project)
    common = commits.get(str(top)) or git.common_commit(top, commit)
    shown = reference if common == commit else f"{reference} (last common commit {common[:_ABBREVIATED]})"
    return _with_submodules(Baseline(top, shown, Revision(top, common), common), folder)


def _upstream(top: Path) -> str:
    upstream = git.upstream_of(top)
    if upstream is None:
        message = "the branch at hand has no upstream, so it is not known what to compare with"
        raise InvalidBase(Problem("no-upstream", message, hint="say it: --pflow-against=REF"))
    return upstream


def _with_submodules(base: Baseline, folder: Path) -> Baseline:
    prefix = base.prefix_of(folder)
    for submodule, commit in base.now.unread.items():
        inside = f"{submodule}/"
        if prefix.startswith(inside) or inside.startswith(prefix):
            message = f"the submodule '{submodule}' does not have the commit {commit[:_ABBREVIATED]} that it was at"
            raise InvalidBase(Problem("submodule", message, hint=f"git -C '{submodule}' fetch origin {commit}"))
    return base


def _copied(folder: Path, copy: Path, project: Project) -> Baseline:
    top, real = project.root.resolve(), folder.resolve()
    if not real.is_relative_to(top) or not (copy / real.relative_to(top)).is_dir():
        message = f"there is no '{os.path.relpath(real, top)}' in the folder '{copy}'"
        hint = f"name another copy of the whole project, of which one is in '{top}'"
        raise InvalidBase(Problem("no-copy", message, hint=hint))
    return Baseline(top, str(os.path.relpath(copy)), Copy(top, copy.resolve(), project.passed_over))


_ABBREVIATED = 10
