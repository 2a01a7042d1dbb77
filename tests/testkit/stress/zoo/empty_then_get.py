"""A queue that was not empty is empty when it is taken from, and nothing more will come."""

import queue

from zoo.together import together


def broken():
    tasks = queue.Queue()
    tasks.put("only")

    def work():
        if not tasks.empty():
            tasks.get()

    together(work, work)


def sound():
    tasks = queue.Queue()
    tasks.put("only")

    def work():
        try:
            tasks.get_nowait()
        except queue.Empty:
            return

    together(work, work)
