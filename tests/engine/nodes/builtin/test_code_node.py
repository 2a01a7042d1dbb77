from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from decimal import Decimal

import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin.code_node import Code


def _lines(*lines):
    return "\n".join(lines)


def test_result_output(run):
    """What the code sets result to is the output; what it prints is kept apart."""
    code = _lines("import sys", "print('said')", "print('warned', file=sys.stderr)", "result = x + 1")
    expected = {"result": 3, "stdout": "said\n", "stderr": "warned\n"}
    assert (None, expected) == run(Code, code=code, inputs={"x": 2})


@pytest.mark.parametrize("value", [None, 0, "", [], {"a": (1, 2)}, {1, 2}, b"\xff", Decimal("1.50"), "\ud800"])
def test_values_cross_unchanged(run, value):
    """A value goes in and comes out as what it was, type and all."""
    assert value == run(Code, code="result = value", inputs={"value": value})[1]["result"]


def test_no_result(run):
    """Code that never sets result is told so."""
    expected = {"stdout": "1\n", "stderr": "", "error": "the code set no 'result'"}
    assert ("error", expected) == run(Code, code="print(1)")


def test_error_has_line(run):
    """An exception is told with its line in the code, and the traceback shows the code alone."""
    code = _lines("def inner(x):", "    return x / y", "print('before')", "result = inner(1)")
    action, outputs = run(Code, code=code)
    assert ("error", "NameError: name 'y' is not defined (line 2)") == (action, outputs["error"])
    expected = [
        "Traceback (most recent call last):",
        '  File "<code>", line 4, in <module>',
        "    result = inner(1)",
        '  File "<code>", line 2, in inner',
        "    return x / y",
        "               ^",
        "NameError: name 'y' is not defined",
    ]
    shown = [line for line in outputs["stderr"].splitlines() if "^^" not in line]
    assert ("before\n", expected) == (outputs["stdout"], shown)


def test_library_frames_hidden(run):
    """An error inside a library has the line of the code that called it."""
    _, outputs = run(Code, code=_lines("import json", "", "result = json.loads('[')"))
    assert "JSONDecodeError: Expecting value: line 1 column 2 (char 1) (line 3)" == outputs["error"]
    assert 1 == outputs["stderr"].count("File ")


def test_cause_in_traceback(run):
    """The causes of an error are in the traceback, without other people's frames."""
    code = _lines(
        "import json",
        "try:",
        "    json.loads('[')",
        "except ValueError as error:",
        "    raise ExceptionGroup('all', [KeyError('k')]) from error",
    )
    _, outputs = run(Code, code=code)
    assert "ExceptionGroup: all (1 sub-exception) (line 5)" == outputs["error"]
    assert "direct cause" in outputs["stderr"]
    assert ".py" not in outputs["stderr"]


def test_syntax_error_line(run):
    """Code that does not parse is told with the line."""
    action, outputs = run(Code, code=_lines("x = 1", "if x", "    result = 1"))
    assert ("error", "SyntaxError: expected ':' (line 2)") == (action, outputs["error"])
    assert 'File "<code>", line 2' in outputs["stderr"]


def test_foreign_syntax_error(run):
    """A SyntaxError of other source that the code compiles has the line of the code."""
    _, outputs = run(Code, code=_lines("", "compile('x =', 'other', 'exec')"))
    assert "SyntaxError: invalid syntax (other, line 1) (line 2)" == outputs["error"]


def test_nul_in_code(run):
    """Source that cannot be compiled at all is an error without a line."""
    assert run(Code, code="x = 1\0")[1]["error"].endswith("source code string cannot contain null bytes")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3 (line 1)"),
        ("import sys; sys.exit()", "SystemExit (line 1)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (line 1)"),
        ("import os; os._exit(7)", "the code ended its process, with exit code 7"),
    ],
)
def test_exit_is_error(run, code, expected):
    """Code that exits has failed, however it does it."""
    action, outputs = run(Code, code=f"result = 1; {code}")
    assert ("error", expected) == (action, outputs["error"])


def test_result_not_picklable(run):
    """A result that cannot be handed on is told with its type."""
    _, outputs = run(Code, code="result = (n for n in [])")
    expected = "the result of type generator cannot be handed on: cannot pickle 'generator' object; make it plain data"
    assert expected == outputs["error"]


def test_result_of_own_class(run):
    """So is one of a class that only the code knows."""
    code = _lines(
        "from dataclasses import dataclass",
        "@dataclass",
        "class Mine:",
        "    x: int",
        "result = Mine(1)",
    )
    assert run(Code, code=code)[1]["error"].startswith("the result of type Mine cannot be handed on: ")


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        ("data: list", "[1, 2]\n", [1, 2]),
        ("data: list[int]", "[1]", [1]),
        ("data: dict", '{"a": 1}', {"a": 1}),
        ("data: dict", "[1]", "[1]"),
        ("data: dict", "no json", "no json"),
        ("data: str", "[1]", "[1]"),
        ("data: 'list'", "[1]", "[1]"),
        ("data = data", "[1]", "[1]"),
        ("other: list", "[1]", "[1]"),
        ("import types\nx = types.SimpleNamespace()\nx.data: list", "[1]", "[1]"),
        ("import json; data: list = json.loads(data)", "[1]", [1]),
    ],
)
def test_declared_container(run, annotation, text, expected):
    """An input declared a list or a map takes the JSON of it; nothing else is changed."""
    assert expected == run(Code, code=f"{annotation}\nresult = data", inputs={"data": text})[1]["result"]


def test_declared_list_given(run):
    """An input that is a list already stays as it is."""
    assert [1] == run(Code, code="data: list\nresult = data", inputs={"data": [1]})[1]["result"]


def test_main_module(run):
    """The code is the main module of its process: what is defined there is found there."""
    code = _lines(
        "import sys",
        "def twice(x): return 2 * x",
        "result = (__name__, sys.modules['__main__'].twice(2), sys.argv)",
    )
    assert ("__main__", 4, ["<code>"]) == run(Code, code=code)[1]["result"]


def test_same_surroundings(run, tmp_path, monkeypatch):
    """The code has the import path, the folder and the environment of the run."""
    (tmp_path / "beside.py").write_text("NAME = 'beside'")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKED", "yes")
    code = "import os, beside; result = (beside.NAME, os.getcwd(), os.environ['ASKED'])"
    assert ("beside", str(tmp_path), "yes") == run(Code, code=code)[1]["result"]


def test_engine_not_loaded(run):
    """The code does not wait for the engine to be imported."""
    code = "import sys; result = [name for name in sys.modules if name.startswith('pflow')]"
    assert [] == run(Code, code=code)[1]["result"]


def test_stdin_at_end(run):
    """The code has no input to read, and never sees the job."""
    assert "" == run(Code, code="import sys; result = sys.stdin.read()")[1]["result"]


def test_any_output_encoding(run, monkeypatch):
    """What is printed comes as UTF-8, whatever the locale."""
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    assert "é\\ud800\n" == run(Code, code="print('é\\ud800'); result = 1")[1]["stdout"]


def test_binary_output(run):
    """Bytes that are no text come as base64."""
    _, outputs = run(Code, code="import os; os.write(1, b'\\xff'); result = 1")
    assert {"result": 1, "stdout": "/w==", "stdout_is_binary": True, "stderr": ""} == outputs


def test_large_result(run):
    """A result larger than a pipe holds arrives."""
    assert 3_000_000 == len(run(Code, code="result = 'x' * 3_000_000")[1]["result"])


def test_timeout_keeps_output(run):
    """At the timeout the code is ended; what it printed is kept."""
    action, outputs = run(Code, code=_lines("import time", "print('early')", "time.sleep(1000)"), timeout=0.8)
    assert ("error", {"stdout": "early\n", "stderr": "", "error": "timed out after 0.8s"}) == (action, outputs)


def test_no_late_write(run, tmp_path):
    """Neither the code nor what it started is there after the timeout."""
    gate, late = tmp_path / "gate", tmp_path / "late"
    os.mkfifo(gate)
    wait = f"read go <&3; touch {late}"
    command = f"exec 3<>{gate}; ({wait}) & {wait}"
    code = _lines("import subprocess", f"subprocess.Popen(['/bin/sh', '-c', {command!r}]).wait()", "result = 1")
    assert "timed out after 0.8s" == run(Code, code=code, timeout=0.8)[1]["error"]
    until = time.monotonic() + 30
    # Whoever is left is let through; when nobody is, the gate cannot be opened.
    with contextlib.suppress(OSError):
        while time.monotonic() < until:
            entry = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
            os.write(entry, b"go\n")
            os.close(entry)
    assert not late.exists()


def test_cancel_ends_code(run, settings, tmp_path):
    """A cancel ends the code at once."""
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    thread = threading.Thread(target=lambda: (ready.read_text(), settings.cancel.cancel()))
    thread.start()
    action, outputs = run(Code, code=_lines("import time", f"open({str(ready)!r}, 'w').close()", "time.sleep(30)"))
    thread.join()
    assert ("error", "cancelled") == (action, outputs["error"])


def test_names_refused(run):
    """Every input that is no Python name is told."""
    with pytest.raises(Unhealable) as caught:
        run(Code, code="result = 1", inputs={"my-data": 1, "class": 2, "fine": 3, 4: 4})
    expected = [f"input '{name}' of the code is no Python name" for name in ("my-data", "class", 4)]
    assert expected == [problem.message for problem in caught.value.problems]


def test_inputs_not_picklable(run):
    """An input that cannot cross to another process is named, with its type."""
    with pytest.raises(Unhealable, match="input 'lock' of type lock cannot be handed to the code"):
        run(Code, code="result = 1", inputs={"fine": 1, "lock": threading.Lock()})


class Unknown:
    """A class that another process does not find."""


def test_inputs_not_found(run, monkeypatch):
    """An input of a class that the process cannot import is an error."""
    monkeypatch.setitem(sys.modules, "nowhere", sys.modules[__name__])
    monkeypatch.setattr(Unknown, "__module__", "nowhere")
    action, outputs = run(Code, code="result = 1", inputs={"x": Unknown()})
    expected = "the inputs cannot be read in the code's process: ModuleNotFoundError: No module named 'nowhere'"
    assert ("error", expected) == (action, outputs["error"])


def test_empty_code(run):
    """Empty code is refused."""
    with pytest.raises(Unhealable, match="'code' is empty"):
        run(Code, code=" \n")
