"""Workflows changed one step at a time, to whether any case notices. Loaded only under ``--pflow-mutate``."""
