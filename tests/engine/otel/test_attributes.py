"""What nodes say they used, as attributes."""

import pytest

from pflow_engine.otel.attributes import of_usage
from pflow_engine.trace import Redactor


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, {}),
        ({"input_tokens": 0}, {"gen_ai.usage.input_tokens": 0}),
        (
            {"prompt_tokens": 1, "completion_tokens": 2},
            {"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2},
        ),
        ({"input_tokens": "many", "output_tokens": True, "model": 3}, {}),
        ({"cache_read_input_tokens": 5}, {"gen_ai.usage.cache_read.input_tokens": 5}),
        ({"cost_usd": 0.25}, {"pflow.llm.cost_usd": 0.25}),
    ],
)
def test_usage(usage, expected):
    """Numbers under the names that providers give them; what is none is left out."""
    assert {"gen_ai.operation.name": "chat", **expected} == of_usage(usage, Redactor.of(()))
