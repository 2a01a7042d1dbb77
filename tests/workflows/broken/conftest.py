"""Broken on purpose: read by the tests of validation, never collected as workflows."""

collect_ignore_glob = ["*"]
