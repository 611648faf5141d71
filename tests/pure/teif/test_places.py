"""Line and column of a validator's message lead to the element."""

from hypothesis import given
from hypothesis import strategies as st

from teif.places import path_at

DOCUMENT = "<?xml version='1.0'?>\n<a><b>é</b><b x='1'>two</b>\n<c/></a>\n".encode()


def test_end_of_an_element():
    line = DOCUMENT.decode().splitlines()[1]
    for end, path in (("<b>é</b>", "/a/b"), ("two</b>", "/a/b[2]"), ("<b x='1'>", "/a/b[2]"), ("<a>", "/a")):
        column = line.index(end) + len(end) + 1
        assert path_at(DOCUMENT, 2, column) == path
    assert path_at(DOCUMENT, 3, 5) == "/a/c"


def test_no_such_place():
    for line, column in ((0, 1), (9, 1), (-1, 0), (1, 3)):
        assert path_at(DOCUMENT, line, column) is None


@given(st.integers(-2, 5), st.integers(-2, 60))
def test_any_place_is_answered(line, column):
    found = path_at(DOCUMENT, line, column)
    assert found is None or found.startswith("/a")
