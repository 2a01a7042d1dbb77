"""One of two that wait is woken, and it is the one that was not meant."""

import threading

from zoo.together import together


class Line:
    def __init__(self):
        self.changed = threading.Condition()
        self.left = ["a", "b", "c"]

    def leave(self, name):
        with self.changed:
            while self.left[0] != name:
                self.changed.wait()
            self.left.pop(0)
            self.changed.notify()

    def leave_all(self, name):
        with self.changed:
            while self.left[0] != name:
                self.changed.wait()
            self.left.pop(0)
            self.changed.notify_all()


def emptied(leave):
    line = Line()
    together(*(lambda name=name: leave(line, name) for name in "abc"))


def broken():
    emptied(Line.leave)


def sound():
    emptied(Line.leave_all)
