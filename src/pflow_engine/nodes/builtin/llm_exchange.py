"""A question to the outputs of a model's answer, or to an error that says what to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.llm_failures import failure, refused
from pflow_engine.nodes.builtin.llm_models import library, model_named
from pflow_engine.nodes.builtin.llm_prices import Price, price_of
from pflow_engine.nodes.builtin.llm_question import Question
from pflow_engine.nodes.builtin.unheard import quiet, unheard
from pflow_engine.trace import named_secrets

_CACHED: Final = ("prompt_tokens_details", "input_tokens_details")
"""Where OpenAI's servers say how many of the tokens that went in were cached."""

quiet(("httpx2", *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))))
quiet(("openai._base_client", "openai._response", "openai._legacy_response"))


def ask(question: Question, token: CancelToken, keep_secret: Callable[[Iterable[str]], None]) -> dict[str, Any]:
    """Ask the model, and wait for the whole answer; what may heal is an ``error`` among the outputs.

    Raises:
        Unhealable: what would go wrong the next time, too: no such model, no key, a param it does not take.
    """
    llm = library()
    model = model_named(llm, question.model)
    price = price_of(llm.user_dir(), model.model_id)
    with _clients_of(model), unheard():
        return _answer(llm, model, question, price, token, keep_secret)


def _answer(  # noqa: PLR0913  # one exchange, and what it needs
    llm: ModuleType,
    model: Any,
    question: Question,
    price: Price | None,
    token: CancelToken,
    keep_secret: Callable[[Iterable[str]], None],
) -> dict[str, Any]:
    secrets: tuple[str, ...] = ()
    response: Any = None
    try:
        secrets = _secrets_of(model)
        keep_secret(secrets)
        response = _begun(llm, model, question)
        # Piece by piece: a cancel hangs up at the next one, and no more tokens are paid for.
        pieces = [piece for piece in response if not _stop(token)]
        text, usage = "".join(pieces), _usage(model, response, price)
    except _Cancelled:
        return {"error": "cancelled"}
    except Exception as error:  # noqa: BLE001  # of any provider's plugin: an item's failure
        return failure(error, model, secrets, asked=response is not None)
    wrong = refused(model, response.response_json, text, counted=usage["total_tokens"] is not None)
    return {"response": text, "llm_usage": usage, **({"error": wrong} if wrong else {})}


class _Cancelled(Exception):
    """Nobody waits for the answer any more."""


def _stop(token: CancelToken) -> bool:
    if token.cancelled:
        raise _Cancelled
    return False


def _secrets_of(model: Any) -> tuple[str, ...]:
    key = model.get_key() if model.needs_key else None
    return tuple(filter(None, (key, *named_secrets(getattr(model, "headers", None) or {}))))


def _begun(llm: ModuleType, model: Any, question: Question) -> Any:
    images = [llm.Attachment(type=each.type, url=each.url, content=each.content) for each in question.images]
    return model.prompt(
        question.prompt,
        system=question.system,
        attachments=images,
        stream=model.can_stream,
        options=dict(question.options),
    )


@contextmanager
def _clients_of(model: Any) -> Iterator[None]:
    # OpenAI's client tries again by itself, up to twice and for a minute: attempts are the batch's to count. And it
    # leaves connections open until nobody has it any more.
    make, clients = getattr(model, "get_client", None), []

    def get_client(*args: Any, **options: Any) -> Any:
        client = make(*args, **options)  # type: ignore[misc]  # only called where there is one
        client.max_retries = 0
        clients.append(client)
        return client

    if make is not None:
        model.get_client = get_client
    try:
        yield
    finally:
        for client in clients:
            client.close()


def _usage(model: Any, response: Any, price: Price | None) -> dict[str, Any]:
    used = response.usage()
    known = used.input is not None and used.output is not None
    details = used.details or {}
    within = next((each for name in _CACHED if isinstance(each := details.get(name), Mapping)), {})
    read = within.get("cached_tokens", details.get("cache_read_input_tokens", 0))
    created = details.get("cache_creation_input_tokens", 0)
    # Anthropic counts what was cached beside the input, OpenAI within it.
    plain = used.input - read if known and "cached_tokens" in within else used.input
    return {
        "model": model.model_id,
        "input_tokens": used.input,
        "output_tokens": used.output,
        "total_tokens": used.input + used.output if known else None,
        "cache_creation_input_tokens": created if known else None,
        "cache_read_input_tokens": read if known else None,
        "cost_usd": price.of(plain, used.output, created, read) if price and known else None,
    }
