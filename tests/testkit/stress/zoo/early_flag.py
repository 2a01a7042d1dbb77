"""It is said to be done before it is."""

import threading

from zoo.together import together


def read(*, early):
    done, result, seen = threading.Event(), {}, []

    def work():
        if early:
            done.set()
        result["value"] = 1
        done.set()

    def use():
        done.wait()
        seen.append(result["value"])

    together(work, use)
    return seen


def broken():
    assert [1] == read(early=True)


def sound():
    assert [1] == read(early=False)
