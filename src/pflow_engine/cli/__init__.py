"""Command lines to what the engine does with workflow files: ``pflow-testkit``."""

from pflow_engine.cli.main import main

__all__ = ["main"]
