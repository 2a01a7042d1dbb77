"""Indices to whoever asks next."""

import threading

from pflow_engine.batch.window import Window


def test_in_order():
    """Indices come in order, then None for ever."""
    window = Window(2)
    assert [0, 1, None, None] == [window.take() for _ in range(4)]


def test_stopped():
    """A stopped window has no more."""
    window = Window(5)
    window.take()
    window.stop()
    assert window.take() is None


def test_each_once():
    """Eight threads that pull at once get each index once."""
    window, start, taken = Window(2000), threading.Barrier(8), []

    def pull():
        start.wait(10)
        while (index := window.take()) is not None:
            taken.append(index)

    threads = [threading.Thread(target=pull) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(2000)) == sorted(taken)


def test_waits_for_workers():
    """Whoever waits goes on when the last worker has ended."""
    window, ended = Window(0), []
    window.enter()
    window.enter()

    def wait():
        window.wait_idle()
        ended.append("all")

    waiting = threading.Thread(target=wait)
    waiting.start()
    for name in ("one", "other"):
        ended.append(name)
        window.leave()
    waiting.join(30)
    assert ["one", "other", "all"] == ended
