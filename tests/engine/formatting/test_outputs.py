"""A run's outputs, as text."""

import pytest

from pflow_engine.formatting import outputs_as_text


def _text(flow_of, values, **ir):
    return outputs_as_text(flow_of([{"id": "n", "type": "emit", "params": values}], **ir).run())


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a\nb", "a\nb"), ("é", "é"), ("", ""), (None, "null"), (0, "0"), ([1, "é"], '[\n  1,\n  "é"\n]')],
)
def test_one(flow_of, value, expected):
    """A single output stands for itself: text as it is, anything else as JSON."""
    assert expected == _text(flow_of, {"x": value})


def test_several(flow_of):
    """Several stand by their names, as YAML."""
    assert "x: 1\ny: |-\n  a\n  b\n" == _text(flow_of, {"x": 1, "y": "a\nb"})


def test_none(flow_of):
    """No output is no text."""
    assert "" == _text(flow_of, {})


def test_secrets(flow_of):
    """Secrets are taken out, as from the trace."""
    assert "api_key: '[redacted]'\nsaid: my [redacted]\n" == _text(
        flow_of, {"api_key": "sesame-sesame", "said": "my sesame-sesame"}
    )


def test_strict(flow_of):
    """What JSON has no word for has its written form."""
    flow = flow_of([{"id": "n", "type": "emit", "params": {"x": "${v}"}}])
    assert '{\n  "$float": "nan"\n}' == outputs_as_text(flow.run({"v": float("nan")}))
