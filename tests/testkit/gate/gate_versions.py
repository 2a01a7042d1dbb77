"""Workflows to compare: made of data, or of a folder of files."""

import json

from pflow_engine import InvalidWorkflow, Registry, load, validate
from pflow_engine.document.load import from_data
from pflow_testkit.gate import compare, compare_sets


class Versions:
    """Compares versions of workflows."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = Registry.default()

    def workflow(self, source):
        """A sound workflow, of data or of a document."""
        return validate(from_data(source) if isinstance(source, dict | str) else source, self.registry)

    def compare(self, base, head, **options):
        """What changed from one IR to another."""
        return compare(self.workflow(base), self.workflow(head), **options)

    def codes(self, base, head):
        """The rules that say so."""
        return {finding.rule.code for finding in self.compare(base, head)}

    def folder_of(self, version, files):
        """A folder of files, each a text or an IR: sound workflows by name, None for the others."""
        paths = {name: self._write(version, name, content) for name, content in files.items()}
        return {name: self._of_file(path) for name, path in paths.items()}

    def compare_sets(self, base, head, **options):
        """What changed from one folder to another."""
        return compare_sets(self.folder_of("base", base), self.folder_of("head", head), **options)

    def _write(self, version, name, content):
        path = self.folder / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return path

    def _of_file(self, path):
        try:
            return validate(load(path), self.registry)
        except InvalidWorkflow:
            return None
