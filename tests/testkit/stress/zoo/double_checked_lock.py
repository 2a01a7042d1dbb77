"""The quick look without the lock finds what is there but not yet filled."""

import threading

from zoo.together import together


class Settings:
    def __init__(self):
        self.lock = threading.Lock()
        self.values = None

    def get(self):
        if self.values is None:
            with self.lock:
                if self.values is None:
                    self.values = {}
                    self.values["mode"] = "fast"
        return self.values["mode"]

    def get_filled(self):
        if self.values is None:
            with self.lock:
                if self.values is None:
                    values = {}
                    values["mode"] = "fast"
                    self.values = values
        return self.values["mode"]


def broken():
    settings = Settings()
    together(settings.get, settings.get)


def sound():
    settings = Settings()
    together(settings.get_filled, settings.get_filled)
