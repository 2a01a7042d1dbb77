"""Runs to how much of the workflows they reached. Loaded only under ``--pflow-cov``."""
