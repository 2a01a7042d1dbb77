"""Two take the same two locks, each the other's first one first."""

import threading

from zoo.together import together


class Account:
    def __init__(self, number):
        self.number = number
        self.money = 10
        self.lock = threading.Lock()


def move(source, target):
    with source.lock, target.lock:
        source.money -= 1
        target.money += 1


def move_in_order(source, target):
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        source.money -= 1
        target.money += 1


def both_ways(act):
    one, two = Account(1), Account(2)
    together(lambda: act(one, two), lambda: act(two, one))
    assert 20 == one.money + two.money


def broken():
    both_ways(move)


def sound():
    both_ways(move_in_order)
