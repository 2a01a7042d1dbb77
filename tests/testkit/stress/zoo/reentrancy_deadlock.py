"""A listener that came in meanwhile is called with the lock held that it takes itself."""

import threading

from zoo.together import together


class Topic:
    def __init__(self):
        self.lock = threading.Lock()
        self.listeners = []
        self.heard = 0

    def listen(self):
        with self.lock:
            self.listeners.append(self.hear)

    def hear(self):
        with self.lock:
            self.heard += 1

    def tell(self):
        with self.lock:
            for listener in self.listeners:
                listener()

    def tell_unlocked(self):
        with self.lock:
            listeners = [*self.listeners]
        for listener in listeners:
            listener()


def broken():
    topic = Topic()
    together(topic.tell, topic.listen)


def sound():
    topic = Topic()
    together(topic.tell_unlocked, topic.listen)
