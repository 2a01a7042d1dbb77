"""A file in one place to the same file in another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

from pflow_engine.nodes.builtin.file_access import attempted, place, refuse_folder
from pflow_engine.nodes.builtin.outputs import leave
from pflow_engine.nodes.builtin.params import read_params
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import Store

_PARAMS = {
    "source_path": Param("string", required=True, description="the path of the file"),
    "dest_path": Param("string", required=True, description="the path it gets"),
    "overwrite": Param("boolean", default=False, description="whether to replace a file that is there"),
}


class CopyFile(Node):
    """Copies a file, with its times and mode."""

    interface: ClassVar[Interface] = Interface(
        params=_PARAMS,
        outputs={"copied": "boolean", "error": "string"},
        actions=("default", "error"),
        effects="files",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked."""
        return read_params(self.interface, self.params)

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """Whether it was copied."""
        doing = f"copy '{prep_result['source_path']}' to '{prep_result['dest_path']}'"
        return {"copied": False} | attempted(doing, lambda: _copy(prep_result))

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


class MoveFile(Node):
    """Moves a file."""

    interface: ClassVar[Interface] = Interface(
        params=_PARAMS,
        outputs={"moved": "boolean", "error": "string"},
        actions=("default", "error"),
        effects="files",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked."""
        return read_params(self.interface, self.params)

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """Whether it was moved."""
        doing = f"move '{prep_result['source_path']}' to '{prep_result['dest_path']}'"
        return {"moved": False} | attempted(doing, lambda: _move(prep_result))

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


def _copy(given: dict[str, Any]) -> dict[str, Any]:
    shutil.copy2(*_ends(given))
    return {"copied": True}


def _move(given: dict[str, Any]) -> dict[str, Any]:
    shutil.move(*_ends(given))
    return {"moved": True}


def _ends(given: dict[str, Any]) -> tuple[Path, Path]:
    source, dest = place(given["source_path"]), place(given["dest_path"])
    refuse_folder(source)
    source.lstat()  # raises before a folder is made for nothing
    if dest.is_dir():
        raise ValueError("the destination is a folder; give the path the file gets in it")
    if dest.exists():
        if source.samefile(dest):
            raise ValueError("it is the same file")
        if not given["overwrite"]:
            raise ValueError("the destination exists; overwrite: true replaces it")
    dest.parent.mkdir(parents=True, exist_ok=True)
    return source, dest
