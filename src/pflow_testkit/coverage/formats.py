"""Coverage to what other programs read: JSON and LCOV."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from pflow_testkit.coverage.tally import Counted, Coverage, Share

FORMAT_VERSION = 1


def as_json(coverage: Coverage) -> str:
    """``{"format_version", "totals": {kind: {"covered", "total", "percent"}}, "files": {file: {"totals", "places"}}}``.

    A place is ``{"kind", "text", "line", "hits"}``; hits count the runs that reached it. The percentage of nothing is
    null; under ``lost_workers`` stand those of xdist that ended before they told all.
    """
    files = {
        file: {"totals": _totals(Coverage({file: places})), "places": [_place(each) for each in places]}
        for file, places in coverage.files.items()
    }
    data = {
        "format_version": FORMAT_VERSION,
        "totals": _totals(coverage),
        "files": files,
        "not_counted": list(coverage.not_counted),
        "lost_workers": list(coverage.lost),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _totals(coverage: Coverage) -> dict[str, dict[str, float | None]]:
    return {kind: _share(share) for kind, share in coverage.totals().items()}


def _share(share: Share) -> dict[str, float | None]:
    percent = None if share.percent is None else round(share.percent, 2)
    return {"covered": share.covered, "total": share.total, "percent": percent}


def _place(counted: Counted) -> dict[str, str | int]:
    place = counted.place
    return {"kind": place.kind, "text": place.text, "line": place.line, "hits": counted.hits}


def as_lcov(coverage: Coverage) -> str:
    """LCOV's tracefile: a line (``DA``) where something stands; all but nodes are also branches of it (``BRDA``)."""
    return "".join(f"{line}\n" for file, places in coverage.files.items() for line in _record(file, places))


def _record(file: str, places: tuple[Counted, ...]) -> Iterator[str]:
    yield from ("TN:pflow", f"SF:{file}")
    branches = [each for each in places if each.place.kind != "node"]
    numbers: dict[int, int] = defaultdict(int)
    for each in branches:
        line = each.place.line
        # A dash: the branch's own line never ran. What was reached is never that.
        yield f"BRDA:{line},0,{numbers[line]},{each.hits or '-'}"
        numbers[line] += 1
    yield from (f"BRF:{len(branches)}", f"BRH:{sum(each.hits > 0 for each in branches)}")
    lines = _lines(places)
    yield from (f"DA:{line},{hits}" for line, hits in sorted(lines.items()))
    yield from (f"LF:{len(lines)}", f"LH:{sum(hits > 0 for hits in lines.values())}", "end_of_record")


def _lines(places: tuple[Counted, ...]) -> dict[int, int]:
    # Several things may stand in one line, which was run when any of them was.
    lines: dict[int, int] = {}
    for each in places:
        lines[each.place.line] = max(each.hits, lines.get(each.place.line, 0))
    return lines
