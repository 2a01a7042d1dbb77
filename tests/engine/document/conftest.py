"""Hostile files: for each form, texts of any size that are made to break who reads them, or to keep them busy."""

from __future__ import annotations

import pytest

SOUND = '{"nodes": [{"id": "a", "type": "echo", "params": {"x": %s}}]}'
STEPS = "# t\n\n## Steps\n\n### a\n\nSays it.\n\n- type: echo\n"
DEEP_TEMPLATE = "${a" + "[${a" * 60


def bomb(size):
    """Each anchor stands for nine of the one before."""
    lines = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, min(size // 60, 30) + 1)]
    return "\n".join(["a0: &a0 x", *lines, "nodes: []"])


def quoted(text):
    """The text of JSON with this between the quotes."""
    return f'"{text}"'


JSON = {
    "open lists": lambda n: "[" * n,
    "open maps": lambda n: '{"a":' * (n // 5),
    "closed lists": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "deep param": lambda n: SOUND % ("[" * (n // 2) + "]" * (n // 2)),
    "long text": lambda n: SOUND % quoted("x" * n),
    "unclosed text": lambda n: SOUND.partition("%s")[0] + '"' + "x" * n,
    "backslashes": lambda n: SOUND % quoted("\\\\" * (n // 2)),
    "open backslashes": lambda n: '{"nodes": "' + "\\" * (n | 1),
    "half characters": lambda n: SOUND % quoted("\\ud800" * (n // 6)),
    "raw half": lambda n: SOUND % quoted("\\udc00x" * (n // 7)),
    "huge integer": lambda n: SOUND % ("9" * n),
    "huge fraction": lambda n: SOUND % ("0." + "9" * n),
    "huge exponent": lambda n: SOUND % ("1e" + "9" * min(n, 400)),
    "many infinities": lambda n: SOUND % f"[{', '.join(['1e999'] * (n // 7))}]",
    "many NaN": lambda n: SOUND % f"[{','.join(['NaN'] * (n // 4))}]",
    "same key": lambda n: "{" + ",".join(['"nodes": 1'] * (n // 11)) + "}",
    "same keys in maps": lambda n: SOUND % ("[" + ",".join(['{"a": 1, "a": 2}'] * (n // 17)) + "]"),
    "NUL": lambda n: SOUND % quoted("\0" * n),
    "control characters": lambda n: "\x01" * n,
    "commas": lambda n: "[" + "," * n,
    "blanks": lambda n: SOUND % (" " * n),
    "line breaks": lambda n: SOUND % ("\r" * (n // 2) + "\r\n" * (n // 4) + "1"),
    "many nodes": lambda n: '{"nodes": [' + ",".join(['{"id": "a", "type": "echo"}'] * (n // 28)) + "]}",
    "no nodes": lambda n: '{"nodes": [' + ",".join(["0"] * (n // 2)) + "]}",
    "unknown fields": lambda n: '{"nodes": [], ' + ",".join(f'"f{at}": 0' for at in range(n // 9)) + "}",
    "many edges": lambda n: (
        '{"nodes": [{"id": "a", "type": "echo"}], "edges": ['
        + ",".join(['{"from": "a", "to": "b"}'] * (n // 25))
        + "]}"
    ),
    "chain": lambda n: '{"nodes": [' + ",".join(f'{{"id": "n{at}", "type": "echo"}}' for at in range(n // 30)) + "]}",
    "templates": lambda n: SOUND % quoted("${a.b} " * (n // 7)),
    "open templates": lambda n: SOUND % quoted("${" * (n // 2)),
    "deep templates": lambda n: SOUND % quoted(DEEP_TEMPLATE * (n // len(DEEP_TEMPLATE))),
    "deep choices": lambda n: SOUND % quoted("${" + "a ?? " * (n // 5) + "a}"),
    "many inputs": lambda n: (
        '{"nodes": [{"id": "a", "type": "echo"}], "inputs": {'
        + ",".join(f'"x{at}": {{"type": "strin"}}' for at in range(n // 24))
        + "}}"
    ),
    "key twice at the end": lambda n: SOUND % ("[" + "0," * (n // 2) + '{"a": 1, "a": 2}]'),
    "unknown params": lambda n: (
        '{"nodes": [{"id": "a", "type": "shell", "params": {'
        + ",".join(f'"p{at}": 0' for at in range(n // 11))
        + "}}]}"
    ),
    "typos of types": lambda n: (
        '{"nodes": [' + ",".join(f'{{"id": "n{at}", "type": "eco{at}"}}' for at in range(n // 32)) + "]}"
    ),
    "odd scripts": lambda n: SOUND % quoted("\u202e\ufeff\u0085\u2028" * (n // 10)),
}
YAML = {
    "open lists": lambda n: "[" * n,
    "open maps": lambda n: "{a: " * (n // 4),
    "dashes": lambda n: "- " * (n // 2) + "x",
    "steps down": lambda n: "\n".join(" " * at + f"a{at}:" for at in range(int((2 * n) ** 0.5))),
    "question marks": lambda n: "? " * (n // 2),
    "bomb": bomb,
    "many anchors": lambda n: "\n".join(f"a{at}: &a{at} x" for at in range(n // 12)),
    "many aliases": lambda n: "a: &a [x]\nb: [" + ", ".join(["*a"] * (n // 4)) + "]\nnodes: []",
    "itself": lambda n: "a: &a [" + "*a, " * (n // 4) + "]",
    "merges": lambda n: "a: &a {x: 1}\n" + "b: {<<: *a}\n" * (n // 12),
    "unknown aliases": lambda n: "a: [" + "*b, " * (n // 4) + "]",
    "same key": lambda n: "nodes: 1\n" * (n // 9),
    "keys that are no text": lambda n: "1: x\n" * (n // 5),
    "maps as keys": lambda n: "? {a: b}\n: x\n" * (n // 13),
    "tags": lambda n: "a: !!python/object:os.x {}\n" * (n // 27),
    "broken numbers": lambda n: "- 0b_\n" * (n // 6),
    "huge integer": lambda n: "nodes: " + "9" * n,
    "sixties": lambda n: "nodes: 1" + ":59" * (n // 3),
    "huge exponent": lambda n: "nodes: 1.0e+" + "9" * min(n, 400),
    "documents": lambda n: "---\n" * (n // 4),
    "directives": lambda n: "%YAML 1.1\n" * (n // 10),
    "comments": lambda n: "# x\n" * (n // 4),
    "tabs": lambda n: "\t" * n,
    "unclosed text": lambda n: 'a: "' + "x\n " * (n // 3),
    "unclosed block": lambda n: "a: |\n" + "  x\n" * (n // 4) + "b",
    "plain text": lambda n: "a: " + "x\n  " * (n // 4),
    "colons": lambda n: "a: " * (n // 3),
    "NUL": lambda n: "a: " + "\0" * n,
    "odd breaks": lambda n: "a: \x85\u2028\u2029" * (n // 10),
    "backslashes": lambda n: 'a: "' + "\\" * n,
    "escapes": lambda n: 'a: "' + "\\ud800" * (n // 6) + '"',
    "anchor before numbers": lambda n: "nodes: [&a 1, " + "1, " * (n // 3) + "]",
    "anchors around numbers": lambda n: (
        "nodes: " + "".join(f"&a{at} [" for at in range(min(n // 9, 80))) + "1, " * (n // 3) + "]" * min(n // 9, 80)
    ),
    "merges of much": lambda n: (
        "a: &a {" + ", ".join(f"k{at}: 1" for at in range(30)) + "}\nb: [" + "{<<: *a}, " * (n // 11) + "]"
    ),
    "key twice at the end": lambda n: "nodes:\n" + "- a: 1\n" * (n // 7) + "- a: 1\n  a: 2\n",
    "many nodes": lambda n: "nodes:\n" + "- {id: a, type: echo}\n" * (n // 22),
    "merge conflict": lambda n: "<<<<<<< HEAD\n" * (n // 13),
    "templates": lambda n: "nodes: [" + "${a}, " * (n // 6) + "]",
}
MARKDOWN = {
    "hashes": lambda n: "#" * n,
    "titles": lambda n: "# t\n" * (n // 4),
    "sections": lambda n: "## Steps\n" * (n // 9),
    "same id": lambda n: "## Steps\n" + "### a\n" * (n // 6),
    "no ids": lambda n: "## Steps\n" + "### \n" * (n // 5),
    "backticks": lambda n: STEPS + "`" * n,
    "open fences": lambda n: STEPS + "\n".join("`" * (3 + at % 9) + " shell command" for at in range(n // 22)),
    "untagged fences": lambda n: STEPS + "```\n```\n" * (n // 8),
    "bullets": lambda n: STEPS + "- \n" * (n // 3),
    "same bullet": lambda n: STEPS + "- x: 1\n" * (n // 7),
    "steps down": lambda n: STEPS + "\n".join(" " * at + f"- a{at}:" for at in range(int((2 * n) ** 0.5))),
    "open list": lambda n: STEPS + "- x: " + "[" * n,
    "open lists": lambda n: STEPS + "".join(f"- x{at}: [\n" for at in range(n // 10)),
    "closed lists": lambda n: STEPS + "- x: " + "[" * (n // 2) + "]" * (n // 2),
    "open quotes": lambda n: STEPS + '- x: "' + "a" * n,
    "backslashes": lambda n: STEPS + '- x: "' + "\\" * n,
    "quoted key": lambda n: STEPS + '- "' + "\\" * n,
    "long key": lambda n: STEPS + "- " + "k" * n,
    "huge integer": lambda n: STEPS + "- x: " + "9" * n,
    "huge fraction": lambda n: STEPS + "- x: 0." + "9" * n,
    "templates in bullets": lambda n: STEPS + "".join(f"- x{at}: [${{a}}]\n" for at in range(n // 16)),
    "templates in brackets": lambda n: STEPS + "- x: [" + ", ".join(["${a}"] * (n // 6)) + "]",
    "open templates in brackets": lambda n: STEPS + "- x: [" + "${a[" * (n // 4) + "]",
    "bomb in a fence": lambda n: STEPS + f"```yaml x\n{bomb(n)}\n```\n",
    "deep JSON": lambda n: STEPS + "```json x\n" + "[" * n + "\n```\n",
    "open frontmatter": lambda n: "---\n" + "a: b\n" * (n // 5),
    "frontmatter of lists": lambda n: "---\n" + "- " * (n // 2) + "\n---\n" + STEPS,
    "rules": lambda n: "---\n" * (n // 4),
    "carriage returns": lambda n: STEPS.replace("\n", "\r") + "\r" * n,
    "blank lines": lambda n: STEPS + "\n" * n,
    "prose": lambda n: STEPS + "x y z\n" * (n // 6),
    "tabs": lambda n: STEPS + "\t- x: 1\n" * (n // 8),
    "NUL": lambda n: STEPS + "- x: " + "\0" * n,
    "odd scripts": lambda n: STEPS + "- x: " + "\u202e\ufeff\u0085\u2028" * (n // 10),
    "many steps": lambda n: "## Steps\n" + "".join(f"### n{at}\n\nIt.\n\n- type: echo\n" for at in range(n // 32)),
    "edges": lambda n: STEPS + "- next: a\n- on-error: b\n" * (n // 24),
    "yaml block": lambda n: STEPS + "- x:\n" + "    - a: b\n" * (n // 11),
}
HOSTILE = {
    (form, kind): make
    for form, kinds in {"json": JSON, "yaml": YAML, "markdown": MARKDOWN}.items()
    for kind, make in kinds.items()
}
BOUNDED = {
    ("yaml", "undeclared names"): lambda n: (
        "nodes:\n" + "".join(f"- {{id: n{at}, type: echo, params: {{x: '${{zz{at}}}'}}}}\n" for at in range(n // 55))
    ),
    ("markdown", "edges to nowhere"): lambda n: (
        "## Steps\n" + "".join(f"### n{at}\n\nIt.\n\n- type: echo\n- next: x{at}\n" for at in range(n // 42))
    ),
    ("json", "typos of names"): lambda n: (
        '{"nodes": ['
        + ",".join(f'{{"id": "n{at}", "type": "echo", "params": {{"x": "${{m{at}.y}}"}}}}' for at in range(n // 60))
        + "]}"
    ),
}
"""What takes more and more work for each name, until there are some hundred."""

ENDINGS = {"json": ".json", "yaml": ".yaml", "markdown": ".pflow.md"}


@pytest.fixture(params=HOSTILE, ids=" ".join)
def hostile(request, tmp_path):
    """``hostile(size)``: a file of about so many bytes, of each kind in turn."""
    return _writer(request.param[0], HOSTILE[request.param], tmp_path)


@pytest.fixture(params=BOUNDED, ids=" ".join)
def bounded(request, tmp_path):
    """``bounded(size)``: the same of those that take more work for each byte, up to a bound."""
    return _writer(request.param[0], BOUNDED[request.param], tmp_path)


def _writer(form, make, folder):
    def write(size):
        path = folder / f"w{ENDINGS[form]}"
        path.write_text(make(size), encoding="utf-8", newline="")
        return path

    return write
