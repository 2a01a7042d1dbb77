"""Who is logged in is kept for the process, so a request sees the user of another."""

import threading
from types import SimpleNamespace

from zoo.together import together


def handled(context):
    pages = {}

    def request(user):
        context.user = user
        pages[user] = f"Hello {context.user}"
        context.user = None

    together(lambda: request("ada"), lambda: request("bob"))
    return pages


def broken():
    assert {"ada": "Hello ada", "bob": "Hello bob"} == handled(SimpleNamespace())


def sound():
    assert {"ada": "Hello ada", "bob": "Hello bob"} == handled(threading.local())
