"""Two fields belong together, and are seen when only one of them was changed."""

from zoo.together import together


class Range:
    def __init__(self):
        self.low, self.high = 0, 1
        self.ends = (0, 1)

    def move(self):
        self.low = 10
        self.high = 11

    def width(self):
        return self.high - self.low

    def move_whole(self):
        self.ends = (10, 11)

    def width_whole(self):
        low, high = self.ends
        return high - low


def broken():
    span, seen = Range(), []
    together(span.move, lambda: seen.append(span.width()))
    assert [1] == seen


def sound():
    span, seen = Range(), []
    together(span.move_whole, lambda: seen.append(span.width_whole()))
    assert [1] == seen
