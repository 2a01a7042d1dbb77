"""What was looked up to be there is gone when it is taken."""

from zoo.together import together


class Seats:
    def __init__(self):
        self.free = ["4A"]
        self.sold = []

    def sell(self):
        if self.free:
            self.sold.append(self.free.pop())

    def sell_at_once(self):
        try:
            seat = self.free.pop()
        except IndexError:
            return
        self.sold.append(seat)


def broken():
    seats = Seats()
    together(seats.sell, seats.sell)
    assert ["4A"] == seats.sold


def sound():
    seats = Seats()
    together(seats.sell_at_once, seats.sell_at_once)
    assert ["4A"] == seats.sold
