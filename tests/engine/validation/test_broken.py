"""Files as a team would break them, and every word that is said about them."""

from pathlib import Path

import pytest

from pflow_engine import Registry, load, validate
from pflow_engine.errors import InvalidWorkflow

BROKEN = Path(__file__).parents[2] / "workflows" / "broken"
FILES = sorted(path.name for path in BROKEN.iterdir() if path.suffix in {".json", ".yaml", ".md"})


def _stem(name):
    return Path(name).stem.removesuffix(".pflow")


@pytest.mark.parametrize("name", FILES)
def test_words(name, monkeypatch):
    """A broken file's problems read exactly as they did when someone last read them."""
    monkeypatch.chdir(BROKEN)
    with pytest.raises(InvalidWorkflow) as caught:
        validate(load(name), Registry.default())
    expected = Path(f"{_stem(name)}.problems.txt").read_text(encoding="utf-8")
    assert expected == "\n\n".join(map(str, caught.value.problems)) + "\n"


def test_all_read():
    """No text is left of a file that is gone."""
    assert sorted(map(_stem, FILES)) == sorted(path.name.removesuffix(".problems.txt") for path in BROKEN.glob("*.txt"))
