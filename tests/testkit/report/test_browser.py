"""The page in a real browser: what a person sees of it."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

HOSTILE = "</script><img src=x onerror=alert(1)>"
SHOP = {
    "nodes": [
        {"id": "list", "type": "shell", "params": {"command": "echo '[0, 1, 2, 3, 4, 5, 6, 7]'"}},
        {
            "id": "label",
            "type": "shell",
            "purpose": "One label each",
            "batch": {
                "items": "${list.stdout}",
                "parallel": True,
                "max_concurrent": 3,
                "max_retries": 2,
                "error_handling": "continue",
            },
            "params": {"command": "[ ${item} -ne 5 ]"},
        },
        {"id": HOSTILE, "type": "echo", "params": {"text": HOSTILE}},
        {"id": "alert", "type": "echo", "params": {"text": "bad"}},
    ],
    "edges": [
        {"from": "list", "to": "label"},
        {"from": "list", "to": "alert", "action": "error"},
        {"from": "label", "to": HOSTILE},
        {"from": "alert", "to": "label", "action": "again"},
    ],
}
MANY = {
    "inputs": {"items": {"type": "array"}},
    "nodes": [
        {
            "id": "each",
            "type": "echo",
            "batch": {"items": "${items}", "parallel": True, "error_handling": "continue"},
            "params": {"text": "${item}"},
        }
    ],
}
WIDE = {"nodes": [{"id": f"a-node-with-a-long-name-{index}", "type": "echo"} for index in range(12)]}
WIDE["edges"] = [
    {"from": "a-node-with-a-long-name-0", "to": f"a-node-with-a-long-name-{index}", "action": f"way{index}"}
    for index in range(1, 12)
]
FILES = {
    "shop.json": json.dumps(SHOP, indent=1),
    "shop.test.yaml": "cases:\n  - name: fine\n    expect: {status: degraded}\n"
    "  - name: wrong\n    expect: {status: success, nodes: {label: {count: 9}}}\n",
    "many.json": json.dumps(MANY),
    "many.test.yaml": f"cases:\n  - name: all\n    inputs: {{items: {list(range(10_000))}}}\n"
    "    faults: [{node: each, item: 4000, raises: boom}]\n    expect: {status: degraded}\n",
    "wide.json": json.dumps(WIDE),
    "bad.json": json.dumps({"nodes": [{"id": "a", "type": "ecko"}]}),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page of a session with cases that pass and fail, a batch of 10,000 items, a wide graph and hostile names."""
    folder = tmp_path_factory.mktemp("shown")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--pflow-workflows=.",
        "--pflow-report=out.html",
    ]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert 1 == result.returncode, result.stdout + result.stderr
    return folder / "out.html"


@pytest.fixture
def shown(chromium, written):
    """The page, opened; a complaint of the console or a request beside it fails the test."""
    chromium.open(written)
    yield chromium
    assert [] == chromium.complaints
    assert [written.resolve().as_uri()] == chromium.requests


BOXES = "[...document.querySelectorAll('[data-name=\"shop.json\"] .graph a')].map(a => a.getBoundingClientRect())"


def test_graph_is_drawn(shown):
    """Each node is a box of some size, below the one that leads to it, and each arrow a line."""
    assert 4 == shown.ask(f"{BOXES}.length")
    assert shown.ask(f"{BOXES}.every(box => box.width > 50 && box.height > 20)")
    assert shown.ask(f"((boxes) => boxes[0].bottom < boxes[1].top)({BOXES})")
    lengths = "[...document.querySelectorAll('.graph .arrow path')].map(path => path.getTotalLength())"
    assert shown.ask(f"{lengths}.length >= 4 && {lengths}.every(length => length > 20)")


def test_names_stay_names(shown):
    """A node that is called like markup is a word on the page, and nothing else."""
    assert 0 == shown.ask("document.querySelectorAll('img').length")
    assert shown.ask(f"[...document.querySelectorAll('dt')].some(dt => dt.textContent === {json.dumps(HOSTILE)})")


def test_node_leads_to_facts(shown):
    """A click on a node goes to what is said of it."""
    shown.ask(
        "document.querySelectorAll('[data-name=\"shop.json\"] .graph a')[1].dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"
    )
    assert "label" == shown.ask("document.querySelector(':target').textContent")
    assert "One label each" in shown.ask("document.querySelector(':target + dd').textContent")


OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
BARS = "[...document.querySelectorAll('[data-name=\"shop.json\"] .timeline')][0].querySelectorAll('.bar')"


def test_timeline_is_drawn(shown):
    """Each item is a bar within the drawing, of some width; those of one lane do not overlap."""
    shown.ask(OPEN)
    rows = shown.ask(f"[...{BARS}].map(bar => (b => [b.top, b.left, b.right])(bar.getBoundingClientRect()))")
    left, right = shown.ask(
        "(box => [box.left, box.right])(document.querySelector('.timeline').getBoundingClientRect())"
    )
    assert 8 == len(rows)
    assert all(left - 1 <= start < end <= right + 1 for _, start, end in rows)
    rows.sort()
    assert all(row[2] <= after[1] + 2 for row, after in pairwise(rows) if row[0] == after[0])


def test_bar_is_told(shown):
    """A bar says what it is when clicked, and the arrow keys go to the next one."""
    shown.ask(OPEN)
    shown.ask(f"{BARS}[0].dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    first = shown.ask("document.querySelector('[data-name=\"shop.json\"] .told').textContent")
    shown.ask("document.querySelector('[data-name=\"shop.json\"] .timeline').focus()")
    for kind in ("rawKeyDown", "keyUp"):
        shown.send("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    second = shown.ask("document.querySelector('[data-name=\"shop.json\"] .told').textContent")
    assert first.startswith("item ")
    assert second.startswith("item ")
    assert first != second


def test_thousands_of_items(shown):
    """A batch of 10,000 items is some hundred bars, and the one that failed is among them."""
    batch = "document.querySelector('[data-name=\"many.json\"] .timeline')"
    assert 20 <= shown.ask(f"{batch}.querySelectorAll('.bar').length") <= 700
    assert "item 4000 failed" in shown.ask(f"{batch}.querySelector('.bar.failed').textContent")


VISIBLE = "[...document.querySelectorAll('.case')].filter(each => each.offsetParent).map(each => each.querySelector('.name').textContent)"
SECTIONS = "[...document.querySelectorAll('section.workflow')].filter(each => each.offsetParent).map(each => each.dataset.name)"


def _filter(shown, words, outcome=""):
    shown.ask(
        f"document.getElementById('words').value = {json.dumps(words)};"
        f"document.getElementById('outcome').value = {json.dumps(outcome)};"
        "document.querySelector('.filter').dispatchEvent(new Event('input', {bubbles: true}))"
    )
    return shown.ask(SECTIONS), shown.ask(VISIBLE)


def test_filter_hides(shown):
    """The filter leaves what has the words and the outcome, and takes away the rest, in the table too."""
    assert (["shop.json"], ["run[wrong]"]) == _filter(shown, "wrong")
    assert (["shop.json"], ["validate", "run[fine]", "run[wrong]"]) == _filter(shown, "SHOP")
    assert (["bad.json", "shop.json"], ["validate", "run[defaults]", "run[wrong]"]) == _filter(shown, "", "bad")
    assert 2 == shown.ask("[...document.querySelectorAll('.overview tbody tr')].filter(row => row.offsetParent).length")
    assert "3 shown" == shown.ask("document.getElementById('found').textContent")
    assert ([], []) == _filter(shown, "nothing like it")
    assert 4 == len(_filter(shown, "")[0])


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_no_sideways_scroll(chromium, written, width):
    """At no width the page itself scrolls sideways; a wide graph does so in its own box."""
    chromium.open(written, width=width)
    chromium.ask(OPEN)
    assert width >= chromium.ask("document.documentElement.scrollWidth")
    inside = "(box => box.scrollWidth > box.clientWidth)(document.querySelector('[data-name=\"wide.json\"] .wide'))"
    assert chromium.ask(inside)


CONTRASTS = """
(() => {
  const light = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const shine = (color) => parts(color).slice(0, 3).map(light).reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const box = element.matches("a.node") ? element.querySelector("rect:last-of-type") : element;
      const color = box === element ? getComputedStyle(box).backgroundColor : getComputedStyle(box).fill;
      if ((parts(color)[3] ?? 1) > 0) return color;
    }
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.matches("script, title, option, .cross") || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const text = shine(element.matches("svg text") ? style.fill : style.color);
    const behind = shine(ground(element));
    const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    found.push([Math.round(ratio * 100) / 100, element.tagName + "." + element.className, element.textContent.slice(0, 40)]);
  }
  return found.sort((one, other) => one[0] - other[0]);
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(chromium, written, dark):
    """Every text stands out from what is behind it, by day and in the dark."""
    chromium.open(written, dark=dark)
    chromium.ask(OPEN)
    found = chromium.ask(CONTRASTS)
    assert len(found) > 100
    assert [] == [each for each in found if each[0] < 4.5]
    red, green, blue = json.loads(chromium.ask("`[${getComputedStyle(document.body).backgroundColor.match(/\\d+/g)}]`"))
    assert dark == (red + green + blue < 200)


def test_contrast_is_measured(chromium, written):
    """The measure sees a text that does not stand out."""
    chromium.open(written)
    chromium.ask("document.querySelector('h1').style.color = '#bbb'")
    assert "Workflows" == chromium.ask(CONTRASTS)[0][2]
    assert chromium.ask(CONTRASTS)[0][0] < 2


def test_without_script(chromium, written):
    """Without its script the page has it all, but no filter that would do nothing."""
    chromium.open(written, script=False)
    nodes = chromium.send("DOM.getDocument", depth=-1)["root"]["nodeId"]
    found = {
        selector: len(chromium.send("DOM.querySelectorAll", nodeId=nodes, selector=selector)["nodeIds"])
        for selector in (".graph", ".timeline", "form[hidden]", ".failure")
    }
    assert {".graph": 3, ".timeline": 3, "form[hidden]": 1, ".failure": 3} == found


def test_keyboard_reaches_all(shown):
    """Whatever scrolls or can be pressed is reached by the keyboard."""
    reached = "'a, summary, input, select, [tabindex=\"0\"]'"
    scrolling = f"[...document.querySelectorAll('body *')].filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto' && !each.matches({reached})).length"
    assert 0 == shown.ask(scrolling)


def test_complaints_are_heard(chromium, tmp_path):
    """An error of the console, a request, and one that goes elsewhere are noticed."""
    page = tmp_path / "bad.html"
    page.write_text("<img src=missing.png><script>console.error('no'); missing()</script>")
    chromium.open(page)
    assert 2 <= len(chromium.complaints)
    assert any(url.endswith("missing.png") for url in chromium.requests)


def test_prints_all(chromium, written):
    """On paper what was closed is open, and the filter is not there."""
    chromium.open(written)
    chromium.send("Emulation.setEmulatedMedia", media="print")
    assert "none" == chromium.ask("getComputedStyle(document.querySelector('.filter')).display")
    assert chromium.ask(
        "dispatchEvent(new Event('beforeprint')), [...document.querySelectorAll('details')].every(each => each.open)"
    )
    assert chromium.ask(
        "dispatchEvent(new Event('afterprint')), [...document.querySelectorAll('details')].some(each => !each.open)"
    )


def test_may_not_call_out(chromium, written, tmp_path):
    """Were a workflow's words ever markup, browsers would still ask nobody for anything."""
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(written.read_text(encoding="utf-8").replace("<h1>", "<img src='http://127.0.0.1:9/x'><h1>", 1))
    chromium.open(spoilt)
    assert any("Content Security Policy" in json.dumps(each) for each in chromium.complaints)
