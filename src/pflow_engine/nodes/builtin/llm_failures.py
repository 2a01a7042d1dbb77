"""What a provider raised or answered to an error that a person can read, without secrets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.trace import Redactor

_LONGEST: Final = 500
_FIRST_ERROR, _FIRST_OF_SERVER = 400, 500
_HEALING: Final = (408, 409, 425, 429)
"""Of the statuses that blame the request those that another try may mend."""

_MEND: Final[Mapping[int | None, str]] = {
    401: "is the key right?",
    403: "may the key use this model?",
    404: "does the provider have this model, and is the address right?",
    429: "it asks for a pause: see retry_wait and max_concurrent of a batch",
}

_ENDS: Final = ("finish_reason", "status", "reason")
_UNREACHED: Final = "; is the address right, and the server running?"


def failure(error: Exception, model: Any, secrets: Iterable[str], *, asked: bool) -> dict[str, Any]:
    """The outputs of a call that failed and may go well another time; ``asked``: the question was taken, and sent.

    Raises:
        Unhealable: it would not.
    """
    status = _status(error)
    # Before it is cut: of half a key nobody knows that it is one.
    said = _cut(Redactor.of(secrets)(_text(error)))
    said = f"{_what(error, status)}: {said}" if status else said
    unreached = isinstance(_root(error), ConnectionRefusedError | socket.gaierror)
    mend = _UNREACHED if unreached else f"; {_MEND[status]}" if status in _MEND else ""
    text = f"model '{model.model_id}': {said}{mend}"
    if _heals(error, status, asked=asked):
        return {"error": text}
    # Not from the error, whose own text may have the key.
    raise Unhealable(Problem("llm-refused", text)) from None


def refused(model: Any, raw: Any, text: str, *, counted: bool) -> str:
    """What is wrong with an answer that came to its end; nothing where it is one. ``raw`` is its JSON, if there is."""
    name, reasons = f"model '{model.model_id}'", set(_reasons(raw))
    if "content_filter" in reasons:
        return f"{name}: the provider's content filter stopped the answer"
    if not text and reasons & {"length", "max_output_tokens"}:
        return f"{name}: there is no answer, since thinking used up max_tokens; raise it"
    # A server like OpenAI's always says why it ended; of another provider's plugin nothing is known.
    if not reasons and hasattr(model, "get_client") and not (text and counted):
        what = "the answer was cut off" if text else "the server gave no answer"
        return f"{name}: {what}; if it does not stream, can_stream: false says so in extra-openai-models.yaml"
    return ""


def _heals(error: Exception, status: int | None, *, asked: bool) -> bool:
    if status is not None:
        return status in _HEALING or not _FIRST_ERROR <= status < _FIRST_OF_SERVER
    if type(error).__name__ == "NeedsKeyException" or isinstance(error, NotImplementedError):
        return False
    # An option or an image that the model does not take: the library says so with a ValueError, before it asks.
    return asked or not isinstance(error, ValueError)


def _status(error: Exception) -> int | None:
    # As OpenAI's, Anthropic's and httpx's errors have it.
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _what(error: Exception, status: int) -> str:
    reason = getattr(getattr(error, "response", None), "reason_phrase", "")
    return f"HTTP {status} {reason}".strip()


def _text(error: Exception) -> str:
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, Mapping) else None
    parts = [said] if isinstance(said, str) else list(_chain(error))
    return " ".join(": ".join(part.rstrip(".") for part in parts).split())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _chain(error: BaseException) -> Iterator[str]:
    # Providers wrap what happened ("Connection error.") around what says why ("Connection refused").
    fields = getattr(error, "errors", None)
    if type(error).__name__ == "ValidationError" and callable(fields):
        yield "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in fields())
        return
    said = str(error).strip()
    # What slipped through the library as "list index out of range" says nothing without its type.
    slipped = isinstance(error, LookupError | AttributeError | TypeError | json.JSONDecodeError)
    yield f"no answer that can be read ({type(error).__name__}: {said})" if slipped else said or type(error).__name__
    if str(root := _root(error)).strip() not in said:
        yield str(root).strip()


def _root(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def _reasons(raw: Any) -> Iterator[str]:
    # Of a chat that streamed, of one that did not, and of OpenAI's newer "responses".
    whole = raw if isinstance(raw, Mapping) else {}
    for holder in (whole, whole.get("incomplete_details"), *(whole.get("choices") or ())):
        if isinstance(holder, Mapping):
            yield from (holder[name] for name in _ENDS if isinstance(holder.get(name), str))
