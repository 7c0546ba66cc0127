"""Pickles of joblib: opcodes, the bytes of an array, and opcodes again."""

from __future__ import annotations

import pytest

from tests.artifact.test_pickle_walk import GETPID
from tests.artifact.test_pickles import EVIL, GOOD, one

CLASS = "cjoblib.numpy_pickle\nNumpyArrayWrapper\nq\x00)\x81q\x01".encode("latin-1")
FLOATS = (
    b"cnumpy\ndtype\nq\x02U\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb"
)
OBJECTS = FLOATS.replace(b"U\x02f8", b"U\x02O8")
TEXTS = FLOATS.replace(b"U\x02f8", b"U\x02U1").replace(b"J\xff\xff\xff\xff", b"K\x04", 1)


def wrapper(dtype: bytes = FLOATS, shape: bytes = b"K\x02K\x03\x86", more: bytes = b"") -> bytes:
    """What joblib writes before an array of two times three numbers."""
    return CLASS + b"}(U\x05shape" + shape + b"U\x05dtype" + dtype + more + b"ub"


def joblib(array: bytes, content: bytes, after: bytes) -> bytes:
    return b"\x80\x02]q\x63(" + array + content + after


HIDDEN = b"c" + GETPID.replace(".", "\n").encode() + b"\n)Re."
NAMES = ("joblib.numpy_pickle.NumpyArrayWrapper", "numpy.dtype", GETPID)


@pytest.mark.parametrize(
    ("array", "content"),
    [
        (wrapper(), bytes(48)),
        (wrapper(), b"\xff" * 48),
        (wrapper(shape=b")"), bytes(8)),
        (wrapper(shape=b"K\x00\x85"), b""),
        (wrapper(TEXTS), bytes(24)),
        (wrapper(OBJECTS), GOOD),
        (wrapper(more=b"U\x1bnumpy_array_alignment_bytesK\x10"), b"\x03\xff\xff\xff" + bytes(48)),
        (wrapper(more=b"U\x1bnumpy_array_alignment_bytesN"), bytes(48)),
    ],
)
def test_what_comes_after_an_array_of_joblib(array: bytes, content: bytes) -> None:
    found = one("x.joblib", joblib(array, content, HIDDEN))
    assert (found.format, found.problem) == ("joblib", None)
    assert set(NAMES) <= set(found.names)
    good = one("x.joblib", joblib(array, content, b"Ne."))
    assert GETPID not in good.names
    assert good.problem is None


def test_an_array_of_objects_is_a_pickle_of_its_own() -> None:
    found = one("x.joblib", joblib(wrapper(OBJECTS), EVIL, b"Ne."))
    assert (found.names, found.problem) == (tuple(sorted(NAMES)), None)


def test_an_array_of_joblib_can_be_read_as_opcodes() -> None:
    array = (b"0" + b"c" + GETPID.replace(".", "\n").encode() + b"\n)R").ljust(48, b"N")
    found = one("x.joblib", joblib(wrapper(), array, b"Ne."))
    assert GETPID in found.names


@pytest.mark.parametrize(
    "array",
    [
        wrapper(shape=b"N"),
        wrapper(shape=b"J\xff\xff\xff\xff\x85"),
        wrapper(shape=b"\x8a\x08" + b"\xff" * 7 + b"\x7fK\x02\x86"),
        wrapper(dtype=b"N"),
        wrapper(dtype=FLOATS + b"Nb"),
        wrapper(dtype=FLOATS.replace(b"U\x02f8", b"U\x02f9")),
        wrapper(dtype=FLOATS.replace(b"NNN", b"NK\x01N")),
        wrapper(more=b"U\x1bnumpy_array_alignment_bytes]"),
        wrapper(more=b"NN"),
        wrapper().replace(b")\x81", b")R"),
        wrapper()[:-1] + b"Nb",
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n}b",
        wrapper().replace(CLASS, b"ccopyreg\n__newobj__\n" + CLASS[:-5] + b"\x85R"),
        b"\x95\xff" + bytes(7) + wrapper(),
    ],
)
def test_an_array_of_a_size_that_is_not_known(array: bytes) -> None:
    found = one("x.joblib", joblib(array, bytes(300), b"Ne."))
    assert found.problem is not None
    assert found.format == "joblib"


def test_an_array_that_is_not_there() -> None:
    found = one("x.joblib", joblib(wrapper(), bytes(47), b""))
    assert "it ends in an array" in (found.problem or "")
