"""Markdown text to the parts of a workflow."""
