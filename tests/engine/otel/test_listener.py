"""Making a listener for spans."""

import subprocess
import sys

import pytest

from pflow_engine import PflowError
from pflow_engine.otel import spans


def test_missing_extra(monkeypatch):
    """Without OpenTelemetry it says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(PflowError, match=r"pip install 'pflow-testkit\[otel\]'") as error:
        spans()
    assert "otel-missing" == error.value.code


def test_lazy():
    """Nothing of OpenTelemetry is imported before a listener is made."""
    code = "import sys, pflow_engine.otel; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == said.stdout.strip()
