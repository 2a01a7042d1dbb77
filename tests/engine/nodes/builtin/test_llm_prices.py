"""Prices that a user has written down, to what calls cost."""

import pytest

from pflow_engine.errors import Unhealable


@pytest.mark.parametrize(
    ("model", "prices", "cost"),
    [
        ("says", "says: {input: 2, output: 10}", 44e-6),
        ("says", "other: {input: 2, output: 10}", None),
        ("says", "", None),
        ("cached", "cached: {input: 2, output: 10, cache_read: 0.5}", 36.5e-6),
        ("cached", "cached: {input: 2, output: 10}", None),
        ("uncounted", "uncounted: {input: 2, output: 10}", None),
        ("says", "says: {input: 0, output: 0}", 0),
    ],
)
def test_cost(ask, model_server, model, prices, cost):
    """A call costs what the user's prices say; where they do not say, it is not known."""
    (model_server.user / "prices.yaml").write_text(prices)
    assert cost == ask(model=model)[1]["llm_usage"]["cost_usd"]


def test_cost_beside_input(ask, plug, model_server):
    """Of a provider that counts cached tokens beside the input each is paid for at its own price."""
    cached = {"cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000}
    plug("ok", usage={"input": 10, "output": 1, "details": cached})
    prices = "other: {input: 1, output: 5, cache_creation: 2, cache_read: 0.1}"
    (model_server.user / "prices.yaml").write_text(prices)
    usage = ask(model="other")[1]["llm_usage"]
    assert ({**cached, "total_tokens": 11}, 315e-6) == (
        {n: usage[n] for n in (*cached, "total_tokens")},
        usage["cost_usd"],
    )


def test_broken_prices(ask, model_server):
    """All that is wrong with the prices is told before anything is asked."""
    path = model_server.user / "prices.yaml"
    path.write_text("a: 5\nb: {input: -1, outptu: 2}\nc: {input: true, output: .nan}\n")
    with pytest.raises(Unhealable) as caught:
        ask()
    said = [problem.message.partition("cannot be read: ")[2] for problem in caught.value.problems]
    assert [
        "'a' has no map of prices (input, output)",
        "'b' has no price for its output",
        "the price of 'b' for input is no number from 0 on: USD for a million tokens",
        "'b' has a price for 'outptu': did you mean 'output'? known: cache_creation, cache_read, input, output",
        "the price of 'c' for input is no number from 0 on: USD for a million tokens",
        "the price of 'c' for output is no number from 0 on: USD for a million tokens",
    ] == said
    for text, words in (("[", "cannot be read: while parsing"), ("- 1", "it is no map of models to prices")):
        path.write_text(text)
        with pytest.raises(Unhealable, match=words):
            ask()
    assert [] == model_server.requests
