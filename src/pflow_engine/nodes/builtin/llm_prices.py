"""A model to its price, as the user has written it down.

No price comes with the engine: they change, and one that is out of date is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pflow_engine.errors import Problem, Unhealable, did_you_mean

FILE: Final = "prices.yaml"
"""In the library's folder, beside its ``extra-openai-models.yaml``."""

_PER: Final = 1_000_000
_KNOWN: Final = ("input", "output", "cache_creation", "cache_read")
_NEEDED: Final = ("input", "output")


@dataclass(frozen=True, slots=True)
class Price:
    """In USD for a million tokens; None is not known."""

    input: float
    output: float
    cache_creation: float | None = None
    cache_read: float | None = None

    def of(self, plain: int, output: int, created: int, read: int) -> float | None:
        """What a call cost in USD; None where it used what has no price."""
        used = ((plain, self.input), (output, self.output), (created, self.cache_creation), (read, self.cache_read))
        if any(count and price is None for count, price in used):
            return None
        return round(sum(count * (price or 0) for count, price in used) / _PER, 12)


def price_of(folder: Path, model: str) -> Price | None:
    """The price of a model; None where the file has none, or there is no file.

    Raises:
        Unhealable: the file cannot be read; everything that is wrong with it. Told before anything is asked and paid.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        prices = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Unhealable(_problem(" ".join(str(error).split()))) from None
    problems = [_problem(said) for said in _wrong(prices)]
    if problems:
        raise Unhealable(problems)
    return Price(**prices[model]) if model in prices else None


def _wrong(prices: Any) -> Iterator[str]:
    if not isinstance(prices, Mapping):
        yield "it is no map of models to prices"
        return
    for model, price in prices.items():
        if not isinstance(price, Mapping):
            yield f"'{model}' has no map of prices (input, output)"
            continue
        yield from (f"'{model}' has no price for its {name}" for name in _NEEDED if name not in price)
        for name, value in price.items():
            if name not in _KNOWN:
                yield f"'{model}' has a price for '{name}': {did_you_mean(str(name), _KNOWN)}"
            elif isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                yield f"the price of '{model}' for {name} is no number from 0 on: USD for a million tokens"


def _problem(said: str) -> Problem:
    return Problem("llm-prices", f"{FILE} in the folder of llm cannot be read: {said}")
