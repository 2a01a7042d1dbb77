"""A dict grows while another goes through it."""

from zoo.together import together


def summed(values):
    return sum(values[name] for name in values)


def summed_copy(values):
    return sum(dict(values).values())


def while_growing(total):
    values = {"a": 1, "b": 2}

    def grow():
        values["c"] = 3

    together(lambda: total(values), grow)


def broken():
    while_growing(summed)


def sound():
    while_growing(summed_copy)
