"""Places of a workflow to the lines of its file."""

from __future__ import annotations

from pflow_engine.document.model import Document
from pflow_engine.document.positions import Path, position_at


def line_of(document: Document, path: Path) -> int:
    """The line that a path of the IR stands in.

    An edge that is the document's order is not written anywhere: it stands where its first node does.
    """
    span = document.span(path)
    if path[:1] == ("edges",) and span == document.span(()):
        edge, nodes = document.ir["edges"][path[1]], document.ir["nodes"]
        return line_of(document, ("nodes", [node["id"] for node in nodes].index(edge["from"])))
    return position_at(document.text, span.start).line if span else 1
