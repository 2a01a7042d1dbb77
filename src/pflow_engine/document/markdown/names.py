"""The words of a Markdown workflow that mean something."""

from __future__ import annotations

import re
from typing import Final

NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
OF_THE_NODE: Final = ("type", "batch")
"""What a bullet or a block under a node names; ``EDGES`` are edges to what they name, and all else is its params."""

EDGES: Final = {"next": "default", "on-error": "error"}
"""By their words, the actions. ``next: null`` is for a node that nothing follows, though one stands below it."""

IN_FRONTMATTER: Final = ("ir_version", "start_node", "mappings", "enable_namespacing", "template_resolution_mode")
"""Fields of a workflow that Markdown has no other words for; whatever else the frontmatter has is metadata."""
