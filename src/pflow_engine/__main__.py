"""``python -m pflow_engine`` to ``pflow-testkit``."""

from pflow_engine.cli import main

main()
