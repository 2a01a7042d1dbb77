"""Two folders of a project to what the replay of one workflow tells."""

import json
from pathlib import Path

from pflow_engine import load, validate
from pflow_testkit.cases import case_file_of
from pflow_testkit.gate.replaying.replay import Replay, Side
from pflow_testkit.registry import registry_for


class Replays:
    """Writes folders, and replays the cases of one version on the other."""

    def __init__(self, request, folder, seconds=60):
        self.request, self.folder, self.seconds = request, folder, seconds

    def findings(self, base, head, name="flow.json", now=None):
        """What is told of a workflow; ``base`` and ``head`` have the files, each a text or data."""
        was, is_now = self._side("base", base, name), self._side("head", head, now or name)
        return list(Replay(self.request, self.seconds, was, is_now).findings())

    def told(self, base, head, **options):
        """The one finding there is."""
        (finding,) = self.findings(base, head, **options)
        return finding

    def _side(self, version, files, name):
        top = self.folder / version
        for file, content in files.items():
            path = top / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return Side(self._workflow(top / name), top / name, top)

    def _workflow(self, file):
        return validate(load(file), registry_for(self.request.config, file))


def cases(*given, name="flow.json"):
    """A case file of cases, as a folder has it."""
    named = [{"name": f"case {number}", **case} for number, case in enumerate(given, 1)]
    return {case_file_of(Path(name)).as_posix(): json.dumps({"cases": named})}
