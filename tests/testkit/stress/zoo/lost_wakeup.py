"""It is found that there is nothing to do, then it comes and says so to nobody, then it is waited for."""

import threading

from zoo.together import together


class Box:
    def __init__(self):
        self.changed = threading.Condition()
        self.value = None

    def put(self, value):
        with self.changed:
            self.value = value
            self.changed.notify()

    def get(self):
        if self.value is None:
            with self.changed:
                self.changed.wait()
        return self.value

    def get_locked(self):
        with self.changed:
            while self.value is None:
                self.changed.wait()
            return self.value


def broken():
    box = Box()
    together(box.get, lambda: box.put(1))


def sound():
    box = Box()
    together(box.get_locked, lambda: box.put(1))
