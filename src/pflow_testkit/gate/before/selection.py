"""What changed in a working tree to the workflows whose tests may come out differently than they did.

What a test comes to depends on the workflow file, on those that it nests, on its case file, snapshots and cassettes;
and on files of which nobody can tell who reads them: conftest.py, modules, data, settings. So where one of those
changed everything is run. Two things are taken for granted: a workflow file is read as a workflow, and by nodes that
nest it; and nobody reads documentation that lies outside of the folders of workflows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from pflow_engine.document.load import form_of, load, parse
from pflow_engine.document.model import Document, Form
from pflow_engine.document.normalise import is_workflow
from pflow_engine.errors import InvalidWorkflow
from pflow_testkit.cases import SUFFIX, case_file_of
from pflow_testkit.gate.before.baseline import Baseline
from pflow_testkit.nested import Named, named_in
from pflow_testkit.options import CASSETTES, FOLDERS, TRACES
from pflow_testkit.storage import folder_of

_DOCUMENTATION = (".md", ".rst")
_LEFT_BEHIND = ("__pycache__", ".pytest_cache", ".hypothesis")
"""Folders that a run leaves behind, and that change nothing of the next."""


@dataclass(eq=False)
class Selection:
    """What may come out differently in one working tree. ``folders`` are those with workflows.

    Documents that are at hand are handed in, so that no file is read twice.
    """

    base: Baseline
    folders: tuple[Path, ...]
    _named: dict[Path, Named] = field(default_factory=dict)

    def is_met(self, workflow: Path, document: Document) -> bool:
        """Whether a workflow, or one that it nests however deep, is another one now."""
        return any(map(self._is_changed, self._reached(workflow, document)))

    def selects(self, workflow: Path, document: Document) -> bool:
        """Whether the tests of a workflow may come out differently, where not everything may."""
        if self.base.name_of(workflow) in self._kept:
            return True
        files = [case_file_of(workflow), *_files_in(folder_of(TRACES, workflow), folder_of(CASSETTES, workflow))]
        reached = self._reached(workflow, document)
        # A file that is known only when it runs may be any, of this project or not.
        is_open = any(self._named[each].open for each in reached)
        return is_open or any(map(self._is_changed, (*files, *reached)))

    @cached_property
    def because(self) -> str:
        """The first changed file that anything may depend on, if there is one."""
        return next((name for name in sorted(self.base.now.changed) if self._is_for_all(name)), "")

    @cached_property
    def _kept(self) -> set[str]:
        return {owner for owner in map(_owner, self.base.now.changed) if owner}

    def _is_changed(self, file: Path) -> bool:
        return self.base.is_changed(file) or (file.is_symlink() and self.base.is_changed(file.resolve()))

    def _reached(self, workflow: Path, document: Document) -> set[Path]:
        # Walked anew from each: what nests itself, over others, has no order to keep answers in.
        self._named.setdefault(workflow, named_in(document))
        found, waiting = {workflow}, [workflow]
        while waiting:
            new = set(self._children(waiting.pop())) - found
            found |= new
            waiting += new
        return found

    def _children(self, file: Path) -> tuple[Path, ...]:
        if file not in self._named:
            try:
                self._named[file] = named_in(load(file))
            except InvalidWorkflow:
                self._named[file] = Named((), open=False)
        return self._named[file].files

    def _is_for_all(self, name: str) -> bool:
        path = PurePosixPath(name)
        inside = any(name.startswith(self.base.prefix_of(folder)) for folder in self.folders)
        if _owner(name) or set(path.parts) & set(_LEFT_BEHIND) or (inside and name.endswith(SUFFIX)):
            return False
        form = form_of(Path(name))
        if form is not None:
            return not all(is_workflow_text(text, form) for text in self._texts(name))
        return inside or path.suffix not in _DOCUMENTATION

    def _texts(self, name: str) -> Iterator[bytes]:
        # As it was and as it is: what was data may have been read by anybody.
        if name in self.base.names:
            yield self.base.content(name)
        if (self.base.top / name).is_file():
            yield (self.base.top / name).read_bytes()


def is_workflow_text(text: bytes, form: Form) -> bool:
    """Whether the content of a file is that of a workflow, sound or not."""
    try:
        return is_workflow(parse(text.decode("utf-8-sig").replace("\r\n", "\n"), form, ""))
    except (InvalidWorkflow, UnicodeDecodeError):
        return False


def _owner(name: str) -> str:
    # The file whose snapshots or cassettes lie in a folder of ours: a/__traces__/b.json/c.trace.json is of a/b.json.
    parts = name.split("/")
    at = next((at for at, part in enumerate(parts) if part in FOLDERS), len(parts))
    return "/".join((*parts[:at], parts[at + 1])) if at + 2 < len(parts) else ""


def _files_in(*folders: Path) -> Iterable[Path]:
    return [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
