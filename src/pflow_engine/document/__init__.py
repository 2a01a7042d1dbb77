"""Workflow files to Documents."""
