"""Folders of a revision to the same folders on the disk, with every workflow that those in them nest."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pflow_engine.document.load import form_of, load
from pflow_engine.errors import InvalidWorkflow
from pflow_testkit.nested import named_in

_MOST_LINKS = 40
"""As many symbolic links as Linux follows, one after the other."""


@dataclass
class Export:
    """Writes files below ``target``. ``names`` has every file there is, and whether it is a symbolic link."""

    names: Mapping[str, bool]
    read: Callable[[list[str]], Iterator[bytes]]
    target: Path
    _written: set[str] = field(default_factory=set)
    _folders: set[Path] = field(default_factory=set)

    def write(self, prefixes: Iterable[str]) -> None:
        """Write every file whose name begins with one of ``prefixes``, and what those nest, wherever that is."""
        for prefix in prefixes:
            self._below(prefix)
        self._nested(set(self._written), anywhere=False)

    def _below(self, prefix: str) -> None:
        self._files([name for name in self.names if name.startswith(prefix)])

    def _files(self, names: Iterable[str]) -> None:
        wanted = [name for name in names if name not in self._written and _is_safe(name)]
        self._written.update(wanted)
        plain = [name for name in wanted if not self.names[name]]
        for name, content in zip(plain, self.read(plain), strict=True):
            self._put(name, content)
        for name in wanted:
            if self.names[name]:
                self._follow(name)

    def _put(self, name: str, content: bytes) -> None:
        file = self.target / name
        if file.parent not in self._folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(file.parent)
        file.write_bytes(content)

    def _follow(self, link: str) -> None:
        # A link is written as what it leads to: in another place, its own words may lead elsewhere.
        name = link
        for _ in range(_MOST_LINKS):
            if not self.names.get(name, False):
                break
            words = os.fsdecode(next(self.read([name])))
            name = posixpath.normpath(posixpath.join(posixpath.dirname(name), words))
        if self.names.get(name) is False:
            self._put(link, next(self.read([name])))
        elif any(each.startswith(f"{name}/") for each in self.names):
            self._below(f"{name}/")
            (self.target / link).parent.mkdir(parents=True, exist_ok=True)
            (self.target / link).symlink_to(self.target / name, target_is_directory=True)

    def _nested(self, names: Iterable[str], *, anywhere: bool) -> None:
        # Of what was asked for, only those that name a file above them can need more than is there.
        found = {child for name in names for child in self._children(name, anywhere=anywhere)} - self._written
        if found:
            self._files(found)
            self._nested(found, anywhere=True)

    def _children(self, name: str, *, anywhere: bool) -> Iterator[str]:
        file = self.target / name
        if form_of(file) is None or not file.is_file():
            return
        raw = file.read_bytes()
        if b"workflow_ref" not in raw or not (anywhere or b".." in raw):
            return
        try:
            named = named_in(load(file)).files
        except InvalidWorkflow:
            return  # it is compared with nothing, and that is said there
        for child in named:
            wanted = Path(os.path.relpath(child, self.target)).as_posix()
            if wanted in self.names:
                yield wanted


def _is_safe(name: str) -> bool:
    # No file of a revision, however it was made, is written beside the folder that it is to lie in.
    return not name.startswith("/") and not {"..", ".git", ""} & set(name.split("/"))
