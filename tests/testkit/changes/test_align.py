import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_testkit.changes.align import aligned, key_of, rising, same

_LETTERS = st.lists(st.sampled_from("abcdef"), max_size=12)


def _words(old, new):
    return ["moved" if pair.moved else _word(pair, old, new) for pair in aligned(old, new)]


def _word(pair, old, new):
    if pair.old is None:
        return f"+{new[pair.new]}"
    if pair.new is None:
        return f"-{old[pair.old]}"
    return old[pair.old] if old[pair.old] == new[pair.new] else f"{old[pair.old]}>{new[pair.new]}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("abc", "abc", "a b c"),
        ("abc", "abxc", "a b +x c"),
        ("abc", "ac", "a -b c"),
        ("abc", "axc", "a b>x c"),
        ("abc", "axyc", "a b>x +y c"),
        ("abcd", "axd", "a b>x -c d"),
        ("abcd", "bcda", "b c d moved"),
        ("aaa", "aaaa", "a a a +a"),
        ("aab", "ab", "a -a b"),
        ("", "a", "+a"),
        ("", "", ""),
    ],
)
def test_alignment(old, new, words):
    """Equal elements belong together, the rest by position in the gaps."""
    assert words.split() == _words(old, new)


def test_fine_key_decides():
    """Of elements with the same key those that are alike in full are the same."""
    pairs = aligned("aa", "aaa", (["a1", "a2"], ["a1", "a3", "a2"]))
    assert [(0, 0), (None, 1), (1, 2)] == [(pair.old, pair.new) for pair in pairs]


def test_unknown_never_moves():
    """An element of which nothing is known is paired by position alone."""
    pairs = aligned([None, "a", "b"], ["a", "b", None])
    assert not any(pair.moved for pair in pairs)


@given(_LETTERS, _LETTERS)
def test_each_once(old, new):
    """Whatever the lists, each element is in one pair, and the new ones are in order."""
    pairs = aligned(old, new)
    assert list(range(len(old))) == sorted(pair.old for pair in pairs if pair.old is not None)
    assert list(range(len(new))) == [pair.new for pair in pairs if pair.new is not None]


@given(_LETTERS, st.data())
def test_one_inserted(old, data):
    """One element inserted anywhere is one pair that is not like the others."""
    index = data.draw(st.integers(0, len(old)))
    new = [*old[:index], data.draw(st.sampled_from("abcxyz")), *old[index:]]
    odd = [pair for pair in aligned(old, new) if pair.old is None or pair.moved or old[pair.old] != new[pair.new]]
    assert [None] == [pair.old for pair in odd]


@given(st.permutations(range(8)))
def test_rising(order):
    """No rising run of pairs is longer than the one that is found."""
    pairs = list(enumerate(order))
    found = rising(pairs)
    assert found == sorted(found, key=lambda pair: pair[1])
    longest = [0] * len(order)
    for index, value in enumerate(order):
        longest[index] = 1 + max((longest[i] for i in range(index) if order[i] < value), default=0)
    assert max(longest) == len(found)


class _Counted(str):
    __slots__ = ()
    compared = 0

    def __eq__(self, other):
        _Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize("kinds", [1, 2, 3, 9_999, 10_000])
def test_never_quadratic(kinds):
    """Ten thousand elements, alike or not, take some comparisons each, not thousands."""
    old = [_Counted(f"a{index % kinds}") for index in range(10_000)]
    new = [_Counted(f"{'ab'[index % 2]}{(index * 7 + 1) % kinds}") for index in range(10_000)]
    _Counted.compared = 0
    aligned(old, new)
    assert _Counted.compared < 50 * len(old)


def test_kinds_apart():
    """JSON keeps apart what Python takes for equal."""
    values = [1, 1.0, True, "1", None, [], {}, [1], [True], {"a": 1}, {"a": 1.0}, -0.0, 0.0]
    assert len(values) == len({key_of(value) for value in values})
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})


def test_key_of_deep_value():
    """A value nested deeper than Python recurses has a key, too."""

    def deep(inside):
        for _ in range(20_000):
            inside = [inside, {"a": 1}]
        return inside

    assert key_of(deep(1)) == key_of(deep(1))
    assert key_of(deep(1)) != key_of(deep(2))
