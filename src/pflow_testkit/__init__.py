"""A pytest plugin for workflow files: collection, case files, stubs, fixtures."""
