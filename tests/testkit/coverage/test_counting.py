"""What is counted on at the end of a session."""

import pytest

from pflow_testkit.coverage import counting

BOTH = "--pflow-cov=json:cov.json", "--pflow-report=page.html"


@pytest.fixture
def read(monkeypatch):
    """The files that are read to be counted on."""
    files = []
    load = counting.load
    monkeypatch.setattr(counting, "load", lambda file: files.append(file) or load(file))
    return files


@pytest.mark.parametrize("options", [BOTH[:1], BOTH[1:], BOTH])
def test_read_once(project, ada, read, options):
    """The table and the page count on workflows that were read for them once."""
    project.hello(ada)
    project.hello(name="other")
    project.write("bad.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    project.run(*options)
    assert ["flows/bad.json", "flows/hello.json", "flows/other.json"] == sorted(read)


def test_both_have_all(project, ada):
    """Each has all of them, those that are not sound as well."""
    project.hello(ada)
    project.write("bad.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    project.run(*BOTH)
    for name in ("cov.json", "page.html"):
        text = (project.pytester.path / name).read_text()
        assert "flows/hello.json" in text
        assert "flows/bad.json" in text
