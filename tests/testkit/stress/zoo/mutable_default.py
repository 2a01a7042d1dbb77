"""A list that stands as a default is one list for all calls."""

from zoo.together import together


def words_shared(text, found=[]):  # noqa: B006  # this is what is wrong with it
    found.clear()
    found.extend(text.split())
    return len(found)


def words(text, found=None):
    found = [] if found is None else found
    found.clear()
    found.extend(text.split())
    return len(found)


def counted(count):
    counts = {}

    def item(text):
        counts[text] = count(text)

    together(lambda: item("a b c"), lambda: item("d"))
    return counts


def broken():
    assert {"a b c": 3, "d": 1} == counted(words_shared)


def sound():
    assert {"a b c": 3, "d": 1} == counted(words)
