"""``counts[key] += 1`` is a read and a write."""

import threading
from collections import Counter

from zoo.together import together


def broken():
    counts = Counter()

    def count():
        counts["seen"] += 1

    together(count, count)
    assert 2 == counts["seen"]


def sound():
    counts, lock = Counter(), threading.Lock()

    def count():
        with lock:
            counts["seen"] += 1

    together(count, count)
    assert 2 == counts["seen"]
