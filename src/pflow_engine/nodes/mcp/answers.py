"""The answer of a tool to the outputs of its node."""

from __future__ import annotations

from typing import Any, Final

from mcp_types import CallToolResult, ContentBlock, TextContent

_LONGEST: Final = 2000
"""Characters of what a tool says about its failure."""


def outputs_of(answer: CallToolResult) -> dict[str, Any]:
    """``result``, or ``error`` where the tool says that it failed.

    The result is the structured content where there is any. Else it is the content: text as it is, anything else as
    the protocol writes it (an image is ``{"type": "image", "data": base64, "mimeType": …}``); a list where there are
    several, None where there is none.
    """
    if answer.is_error:
        return {"error": _error(answer)}
    if answer.structured_content is not None or "structured_content" in answer.model_fields_set:
        return {"result": answer.structured_content}
    values = [_value(block) for block in answer.content]
    return {"result": values[0] if len(values) == 1 else values or None}


def _value(block: ContentBlock) -> Any:
    if isinstance(block, TextContent):
        return block.text
    return block.model_dump(mode="json", by_alias=True, exclude_none=True)


def _error(answer: CallToolResult) -> str:
    said = "\n".join(block.text for block in answer.content if isinstance(block, TextContent)).strip()
    return said[:_LONGEST] or "the tool failed, and does not say why"
