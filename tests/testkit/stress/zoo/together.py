"""Functions to threads that run them at the same time."""

import threading


def together(*works):
    """Run each in a thread of its own, until all have ended."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
