"""Paths to contents, and contents to files."""

from __future__ import annotations

from typing import Any, ClassVar

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.builtin.file_access import attempted, place, refuse_folder
from pflow_engine.nodes.builtin.outputs import leave, text_output
from pflow_engine.nodes.builtin.params import bytes_of, read_params
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import Store

_PATH = Param("string", required=True, description="the path of the file")
_ENCODING = Param("string", default="utf-8", description="how text is written as bytes")


class ReadFile(Node):
    """Reads a file; what is no text comes as base64."""

    interface: ClassVar[Interface] = Interface(
        params={"file_path": _PATH, "encoding": _ENCODING},
        outputs={"content": "string", "content_is_binary": "boolean", "error": "string"},
        actions=("default", "error"),
        effects="files",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked."""
        return _with_encoding(read_params(self.interface, self.params))

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """The content."""
        path = prep_result["file_path"]
        return attempted(
            f"read '{path}'", lambda: text_output("content", place(path).read_bytes(), prep_result["encoding"])
        )

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


class WriteFile(Node):
    """Writes a file, and the folders it is in."""

    interface: ClassVar[Interface] = Interface(
        params={
            "file_path": _PATH,
            "content": Param(required=True, description="text as it is; lists and maps are written as JSON"),
            "encoding": _ENCODING,
            "append": Param("boolean", default=False, description="add to what is there"),
        },
        outputs={"written": "boolean", "error": "string"},
        actions=("default", "error"),
        effects="files",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked; ``data`` is what to write."""
        given = _with_encoding(read_params(self.interface, self.params))
        return {**given, "data": _data(given["content"], given["encoding"])}

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """Whether it was written."""
        return {"written": False} | attempted(f"write '{prep_result['file_path']}'", lambda: _write(prep_result))

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


class DeleteFile(Node):
    """Deletes a file, when told twice."""

    interface: ClassVar[Interface] = Interface(
        params={
            "file_path": _PATH,
            "confirm_delete": Param("boolean", required=True, description="true, to say that it is meant"),
        },
        outputs={"deleted": "boolean", "error": "string"},
        actions=("default", "error"),
        effects="files",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked."""
        return read_params(self.interface, self.params)

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """Whether it was deleted."""
        return {"deleted": False} | attempted(f"delete '{prep_result['file_path']}'", lambda: _delete(prep_result))

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


def _with_encoding(given: dict[str, Any]) -> dict[str, Any]:
    try:
        "".encode(given["encoding"])
    except (LookupError, ValueError) as error:
        raise Unhealable(Problem("param-type", f"parameter 'encoding': {error}", hint="utf-8")) from None
    return given


def _data(content: Any, encoding: str) -> bytes:
    # A number or boolean is written as it would stand in text, `True`, not as JSON has it.
    written = str(content) if isinstance(content, bool | int | float) else content
    return bytes_of("content", written, encoding=encoding, indent=2)


def _write(given: dict[str, Any]) -> dict[str, Any]:
    path = place(given["file_path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if given["append"] else "wb") as file:
        file.write(given["data"])
    return {"written": True}


def _delete(given: dict[str, Any]) -> dict[str, Any]:
    path = place(given["file_path"])
    refuse_folder(path)
    if not given["confirm_delete"]:
        raise ValueError("confirm_delete is not true")
    path.unlink()
    return {"deleted": True}
