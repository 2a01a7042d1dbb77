"""On the way out that is seldom taken, the slot is not given back."""

import threading

from zoo.together import together


class Pool:
    def __init__(self):
        self.slots = threading.Semaphore(1)
        self.jobs = ["only"]

    def work(self):
        if not self.jobs:
            return
        self.slots.acquire()
        if not self.jobs:
            return
        self.jobs.pop()
        self.slots.release()

    def work_with(self):
        if not self.jobs:
            return
        with self.slots:
            if not self.jobs:
                return
            self.jobs.pop()


def used(work):
    pool = Pool()
    together(lambda: work(pool), lambda: work(pool))
    with pool.slots:
        pass


def broken():
    used(Pool.work)


def sound():
    used(Pool.work_with)
