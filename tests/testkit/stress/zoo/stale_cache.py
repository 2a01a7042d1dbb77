"""What is written to the cache was looked up before the price changed, after the cache was cleared for it."""

import threading

from zoo.together import together


class Shop:
    def __init__(self):
        self.prices = {"tea": 1}
        self.cache = {}
        self.lock = threading.Lock()

    def price(self):
        if "tea" not in self.cache:
            self.cache["tea"] = self.prices["tea"]
        return self.cache["tea"]

    def change(self):
        self.prices["tea"] = 2
        self.cache.clear()

    def price_locked(self):
        with self.lock:
            return self.price()

    def change_locked(self):
        with self.lock:
            self.change()


def broken():
    shop = Shop()
    together(shop.price, shop.change)
    assert 2 == shop.price()


def sound():
    shop = Shop()
    together(shop.price_locked, shop.change_locked)
    assert 2 == shop.price_locked()
