"""The params of an http node to a request.

Apart from the exchange, since that imports httpx: half the start-up time of everything, if it were always loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pflow_engine.nodes.builtin.params import bytes_of, text_of


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. ``seconds`` is for each step (connect, send, wait) and for the answer as a whole.

    ``key_header`` names the header with the API key, which is for the host of ``url`` alone.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str | list[str]]
    body: bytes | None
    seconds: float
    key_header: str = ""


def request_of(given: Mapping[str, Any]) -> Request:
    """The request that the checked params describe.

    Raises:
        Unhealable: the body, a header or a query parameter is no text and JSON has no form for it.
    """
    body = None if given["body"] is None else bytes_of("body", given["body"])
    return Request(
        method=(given["method"] or ("GET" if body is None else "POST")).strip().upper(),
        url=given["url"].strip(),
        headers=_headers(given),
        query={str(name): _texts(value) for name, value in (given["params"] or {}).items()},
        body=body,
        seconds=given["timeout"],
        key_header=given["api_key_header"] if given["api_key"] else "",
    )


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    is_data = given["body"] is not None and not isinstance(given["body"], str | bytes)
    headers: dict[str, Any] = {"content-type": "application/json"} if is_data else {}
    headers |= {str(name).lower(): value for name, value in (given["headers"] or {}).items()}
    if given["auth_token"]:
        headers["authorization"] = f"Bearer {given['auth_token']}"
    if given["api_key"]:
        headers[given["api_key_header"].lower()] = given["api_key"]
    # What shells print ends in a newline, which HTTP forbids in a header.
    return {name: text_of("headers", value).strip() for name, value in headers.items()}


def _texts(value: Any) -> str | list[str]:
    if isinstance(value, list | tuple):
        return [text_of("params", item) for item in value]
    return text_of("params", value)


def shown_url(url: str) -> str:
    """A URL without user, password and query, which are where secrets are."""
    return re.sub(r"^([a-z][a-z0-9+.-]*://)?[^/]*@", r"\1", re.split(r"[?#]", url, maxsplit=1)[0], flags=re.IGNORECASE)
