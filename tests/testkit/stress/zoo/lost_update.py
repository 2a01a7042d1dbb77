"""Two read the same total, and the second to write undoes what the first wrote."""

import threading

from zoo.together import together


class Tally:
    def __init__(self):
        self.total = 0
        self.lock = threading.Lock()

    def add(self):
        n = self.total
        self.total = n + 1

    def add_locked(self):
        with self.lock:
            n = self.total
            self.total = n + 1


def broken():
    tally = Tally()
    together(tally.add, tally.add)
    assert 2 == tally.total


def sound():
    tally = Tally()
    together(tally.add_locked, tally.add_locked)
    assert 2 == tally.total
