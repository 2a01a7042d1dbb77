"""What an opcode reads or writes, as the report has it."""

import sys

import pytest

from pflow_testkit.stress.accesses import accesses_at


class Base:
    """Has an attribute that its objects share."""

    shared = 0


class Box(Base):
    """Has one of its own, and one that runs code."""

    def __init__(self):
        self.own = 0
        self.items = []

    @property
    def costly(self):
        """Must not be run by looking."""
        raise AssertionError("looked")


def accesses(fn, *arguments):
    """All that a function's opcodes read or write: text, and whether it writes."""
    seen = []

    def trace(frame, event, _arg):
        if frame.f_code is not fn.__code__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen.extend(accesses_at(frame))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        fn(*arguments)
    finally:
        sys.settrace(before)
    return seen


def read_and_write(box):
    """Both."""
    box.own = box.own + 1


def in_place(box):
    """Both in one."""
    box.own += 1


def append(box):
    """A method."""
    box.items.append(1)


def subscript(table):
    """Subscripts."""
    table["a"] = table["b"]


def of_class(box):
    """By the object and by the class."""
    return box.shared, Base.shared


@pytest.mark.parametrize(
    ("fn", "argument", "expected"),
    [
        (read_and_write, Box(), [("box.own", False), ("box.own", True)]),
        (in_place, Box(), [("box.own", False), ("box.own", True)]),
        (append, Box(), [("box.items", False), ("box.items", False), ("box.items", True)]),
        (subscript, {"b": 1}, [("table['b']", False), ("table['a']", True)]),
    ],
)
def test_told_by_source(fn, argument, expected):
    """Attributes, subscripts and methods that change a container are told, reads from writes."""
    assert expected == [(access.text, access.writes) for access in accesses(fn, argument)]


def test_class_owns_it():
    """An attribute that an object reads from its class is the class's."""
    by_object, *_, by_class = accesses(of_class, Box())
    assert any(access.meets(by_class) for access in accesses(of_class, Box())[:2])
    assert not by_object.meets(by_class)


def test_no_code_is_run():
    """To tell what is read, no property is called."""

    def through(box):
        try:
            return box.costly.value
        except AssertionError:
            return None

    assert [] == [access.text for access in accesses(through, Box()) if access.text == "box.costly.value"]
