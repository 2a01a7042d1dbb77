"""A case run many times, to where a difference comes from. Loaded only under ``--pflow-flaky``."""
