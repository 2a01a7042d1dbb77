"""Workflows run with inputs and faults that nobody wrote, and held to what is true of every run."""
