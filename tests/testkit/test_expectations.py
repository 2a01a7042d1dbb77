import pytest

from pflow_testkit.expectations import differences, matcher_problems, shown


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({}, {"a": 1}),
        ([1, {"a": 1}], [1, {"a": 1, "b": 2}]),
        ([1], (1,)),
        (1, 1.0),
        (None, None),
        ("", ""),
        (False, False),
        ({"$match": "b+"}, "abbc"),
        ({"$match": "a.c"}, "a\nc"),
        ({"$type": "integer"}, 3),
        ({"$type": "any"}, None),
        ({"$approx": 0.3}, 0.1 + 0.2),
        ({"$len": 2}, [1, 2]),
        ({"$len": 2, "$type": "string"}, "ab"),
        ({"$len": 0}, {}),
    ],
)
def test_fits(expected, actual):
    """What is expected is there."""
    assert [] == list(differences(expected, actual))


@pytest.mark.parametrize(
    ("expected", "actual", "path"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ("a", "b", 1)),
        ({"a": 1}, {}, ("a",)),
        ({"a": 1}, [], ()),
        ([1, 2], [1], ()),
        ([1], [1, 2], ()),
        (1, True, ()),
        (False, 0, ()),
        (None, "", ()),
        ("1", 1, ()),
        ({"$match": "^b"}, "ab", ()),
        ({"$match": "1"}, 1, ()),
        ({"$type": "integer"}, True, ()),
        ({"$type": "string"}, None, ()),
        ({"$approx": 1.5}, 1.6, ()),
        ({"$approx": 1}, True, ()),
        ({"$len": 2}, [1], ()),
        ({"$len": 2}, 12, ()),
    ],
)
def test_differs(expected, actual, path):
    """The one difference is found at its path."""
    assert [path] == [difference.path for difference in differences(expected, actual)]


def test_all_differences():
    """Every difference is found, not the first alone."""
    found = differences({"a": 1, "b": [1, 2], "c": 3}, {"a": 2, "b": [3, 2]})
    assert [("a",), ("b", 0), ("c",)] == [difference.path for difference in found]


def test_missing_key_lists_what_is_there():
    """A key that is missing is shown with the keys that are there."""
    (difference,) = differences({"lable": 1}, {"label": 1, "item": 2})
    assert "missing (there is: label, item)" == difference.got


class _Unequal:
    def __eq__(self, other):
        raise ValueError

    __hash__ = None


class _Array:
    def __eq__(self, other):
        return self

    def __len__(self):
        return 1

    __hash__ = None


class _Broken(list):
    def __iter__(self):
        raise OSError


class _Truth:
    def __bool__(self):
        return True


class _Same:
    def __eq__(self, other):
        return _Truth()

    __hash__ = None


def _inside_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (_Unequal(), "a value of type _Unequal"),
        (_Array(), "a value of type _Array"),
        (_Broken(), "a value of type _Broken"),
        (_inside_itself(), '[{"$cycle": 1}]'),
        ({(1, 2): 3}, '{"$map": [[[1, 2], 3]]}'),
        (float("nan"), "nan"),
        (object, "a value of type type"),
        ("\ud800", '{"$escaped": "\\\\ud800"}'),
    ],
)
@pytest.mark.parametrize("expected", [1, "x", None, [[[1]], 2], {"a": 1}, {"$len": 7}, {"$match": "y"}, {"$approx": 1}])
def test_any_python_value(expected, actual, said):
    """Whatever a node leaves is a difference in words, never a traceback."""
    found = list(differences({"a": expected}, {"a": actual}))
    assert ("a",) == found[0].path[:1]
    assert said == shown(actual)


def test_equal_by_a_truth_of_its_own():
    """What a value's own comparison answers counts, where it is no array."""
    assert [] == list(differences(1, _Same()))


def test_both_inside_themselves():
    """Two values that contain themselves differ at the depth no file has."""
    (difference,) = differences(_inside_itself(), _inside_itself())
    assert 101 == len(difference.path)
    (fault,) = matcher_problems(_inside_itself(), ())
    assert "nested more than 100 levels deep" == fault[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", '"a"'), (None, "null"), ({"a": {1}}, '{"a": {"$set": [1]}}'), ({1}, '{"$set": [1]}'), ("x" * 200, None)],
)
def test_shown(value, text):
    """A value is shown in one short line."""
    line = shown(value)
    assert len(line) <= 120
    assert text in (None, line)
