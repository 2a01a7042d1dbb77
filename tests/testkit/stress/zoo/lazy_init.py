"""Two find that nothing was made yet, both make one, and each goes on with its own."""

import threading

from zoo.together import together

_lock = threading.Lock()
_client = None


class Client:
    pass


def client():
    global _client
    if _client is None:
        _client = Client()
    return _client


def client_locked():
    global _client
    with _lock:
        if _client is None:
            _client = Client()
        return _client


def clients(get):
    got = []
    together(lambda: got.append(get()), lambda: got.append(get()))
    return got


def broken():
    first, second = clients(client)
    assert first is second


def sound():
    first, second = clients(client_locked)
    assert first is second
