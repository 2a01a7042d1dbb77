"""The params of an llm node to a question.

Apart from the exchange, since that imports the library: a second, and 30 MB.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.builtin.file_access import place
from pflow_engine.value_types import coerce, type_name

_HINT: Final = "give it the path or URL of an image, or a list of them"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Image:
    """One of ``url`` and ``content`` is there. ``type`` is its MIME type, where it is known."""

    type: str | None
    url: str | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask. ``options`` are those of the model that were given."""

    prompt: str
    system: str | None
    model: str | None
    options: Mapping[str, Any]
    images: tuple[Image, ...]


def question_of(given: Mapping[str, Any]) -> Question:
    """The question that the checked params describe.

    Raises:
        Unhealable: an image that is none, or that cannot be read; all of them at once.
    """
    options = {name: given[name] for name in ("temperature", "max_tokens") if given[name] is not None}
    return Question(given["prompt"], given["system"], given["model"] or None, options, _images(given["images"]))


def _images(given: Any) -> tuple[Image, ...]:
    images: list[Image] = []
    problems: list[Problem] = []
    for value in _listed(given):
        try:
            images.append(_image(value))
        except (OSError, ValueError) as error:
            said = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
            shown = f"'{value[:_LONGEST]}'" if isinstance(value, str) else f"of type {type_name(value)}"
            problems.append(Problem("image", f"the image {shown} cannot be read: {said}", hint=_HINT))
    if problems:
        raise Unhealable(problems)
    return tuple(images)


def _listed(given: Any) -> Iterator[Any]:
    # Shells print lists as text; what only looks like one is a path.
    if isinstance(given, str) and given.lstrip().startswith("["):
        with suppress(ValueError):
            given = coerce(given, "array")
    yield from given if isinstance(given, list | tuple) else () if given in (None, "") else (given,)


def _image(value: Any) -> Image:
    if not isinstance(value, str):
        raise ValueError("it is neither a path nor a URL")  # noqa: TRY004  # told as all that is wrong with images
    scheme = urlsplit(value).scheme.lower()
    if scheme == "data":
        return _inline(value)
    if scheme in ("http", "https"):
        # The type by the name, where that has one: else the library asks the server for it, each time it looks.
        return Image(mimetypes.guess_type(urlsplit(value).path)[0], url=value)
    return Image(mimetypes.guess_type(value)[0], content=place(value).read_bytes())


def _inline(value: str) -> Image:
    head, comma, data = value.partition(",")
    kind, *how = head.removeprefix("data:").split(";")
    try:
        content = base64.b64decode(data, validate=True) if "base64" in how else unquote_to_bytes(data)
    except ValueError as error:
        raise ValueError(f"its base64 is broken ({error})") from None
    if not comma or not content:
        raise ValueError("it is empty")
    return Image(kind or None, content=content)
