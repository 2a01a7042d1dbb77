"""The answer is handed back as soon as it is there, while a thread still writes to it."""

import threading


def asked(*, wait):
    answer, ready = {}, threading.Event()

    def work():
        answer["text"] = "yes"
        ready.set()
        answer["tokens"] = 2

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    if wait:
        thread.join()
    return answer


def broken():
    return asked(wait=False)


def sound():
    return asked(wait=True)
