"""Data to YAML text as people write it."""

from __future__ import annotations

from typing import Any

import yaml

_END = "...\n"


def yaml_text(data: Any) -> str:
    """YAML that reads back as the same data: no anchors, the order kept, text over several lines as a block."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    # The mark behind text that ends with empty lines would end a frontmatter, and no reader needs it.
    return text[: -len(_END)] if text.endswith(f"\n{_END}") else text


class _Dumper(yaml.SafeDumper):
    """The safe dumper without anchors, which few know."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # What a YAML reader would take for a line feed, or leave out, is only safe as an escape.
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
