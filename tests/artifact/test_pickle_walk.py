"""What a pickle would import, found without loading it."""

from __future__ import annotations

import operator
import os
import pickle
from collections import OrderedDict
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.artifact.harmless import HARMLESS
from guard.artifact.pickle_walk import End, walk
from tests.artifact.pickle_oracle import imported

GETPID = f"{os.getpid.__module__}.getpid"
PROTOCOLS = pytest.mark.parametrize("protocol", range(6))


class Calls:
    """Pickles to the call of a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def text(words: str) -> bytes:
    """The opcode of a short string."""
    return b"\x8c" + bytes([len(words.encode())]) + words.encode()


@PROTOCOLS
@pytest.mark.parametrize("function", [os.getpid, operator.attrgetter, date])
def test_a_function_that_is_called_is_found(protocol: int, function: Any) -> None:
    found = walk(pickle.dumps({"a": [Calls(function, 1)]}, protocol))
    assert found.names == {f"{function.__module__}.{function.__name__}"}
    assert (found.end, found.problem, found.is_pickle) == (End.STOPPED, None, True)


@PROTOCOLS
def test_a_pickle_in_a_pickle_is_found_by_who_would_load_it(protocol: int) -> None:
    inner = pickle.dumps(Calls(os.getpid), protocol)
    found = walk(pickle.dumps(Calls(pickle.loads, inner), protocol))
    assert found.names & {
        "pickle.loads",
        "_pickle.loads",
    }  # as protocols up to 2 write it, and since
    assert GETPID not in found.names


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.sets(st.integers())
        | st.frozensets(st.text())
    ),
    max_leaves=20,
)


@given(plain, st.integers(0, 5))
def test_data_alone_import_nothing_but_types(value: Any, protocol: int) -> None:
    found = walk(pickle.dumps(value, protocol))
    assert (found.end, found.problem) == (End.STOPPED, None)
    assert found.names <= HARMLESS


@given(st.binary(max_size=300) | plain.map(pickle.dumps), st.integers(0, 300))
@settings(max_examples=300)
def test_whatever_is_imported_is_found(data: bytes, end: int) -> None:
    found = walk(data[:end])
    names, complete = imported(data[:end])
    assert names <= found.names or found.problem or found.end is End.LOST
    assert not complete or found.end is End.STOPPED


OS, SYSTEM = text("os"), text("system")
CALL = b"(X\x04\x00\x00\x00truetR."


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x04" + OS + SYSTEM + b"\x93" + CALL,
        b"\x80\x04" + OS + b"\x94" + SYSTEM + b"\x94" + b"00h\x00h\x01\x93" + CALL,
        b"\x80\x04" + OS + b"q\x07" + text("join") + b"q\x07" + b"0" + SYSTEM + b"\x93" + CALL,
        b"\x80\x04" + SYSTEM + OS + b"q\x050" + b"q\x060" + b"h\x05h\x06\x93" + CALL,
        b"\x80\x04" + OS + b"20" + SYSTEM + b"\x93" + CALL,
        b"\x80\x04" + OS + SYSTEM + b"N0" + b"\x93" + CALL,
        b"\x80\x04" + OS + SYSTEM + b"((01" + b"\x93" + CALL,
        b"\x80\x04" + OS + SYSTEM + b"(NN1" + b"\x93" + CALL,
        b"\x80\x04" + OS + b"r\xff\xff\xff\x00" + SYSTEM + b"\x93" + CALL,
        b"\x80\x04U\x02osU\x06system\x93" + CALL,
        b"\x80\x04T\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93" + CALL,
        b"\x80\x04S'os'\nV\\u0073ystem\n\x93" + CALL,
        b"\x80\x04\x8d\x02" + bytes(7) + b"os" + SYSTEM + b"\x93" + CALL,
        b"\x80\x02cos\nsystem\n" + CALL,
        b"cos\nsystem\n" + CALL,
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nX\x04\x00\x00\x00trueo.",
        b"\x80\x02cos\nsystem\n)\x81.",
        b"\x80\x04cos\nsystem\n)}\x92.",
        b"Vpadding\np0x\n0cos\nsystem\n" + CALL,
        b"I0x10\n0L7\n0F1e5\n0S'\\xff'\n0cos\nsystem\n" + CALL,
        b"S'\xff'\n0cos\nsystem\n" + CALL,
        b"I1\np0\n0g0\x00evil\n0cos\nsystem\n" + CALL,
        b"Ppersistent\n0cos\nsystem\n" + CALL,
        b"\x95\x00\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n" + CALL,
    ],
)
def test_a_name_cannot_be_hidden(program: bytes) -> None:
    found = walk(program)
    wanted = imported(program)[0]
    assert wanted <= found.names
    assert found.is_pickle is bool(wanted)


def test_names_that_are_not_ascii_are_found() -> None:
    program = "\x63évil\nsystème\n)R.".encode()
    assert walk(program).names == imported(program)[0] == {"évil.système"}


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (b"\x80\x02\x82\x01.", "it imports number 1 of the extension registry at byte 2"),
        (b"\x80\x02\x83\x01\x02.", "it imports number 513 of the extension registry at byte 2"),
        (b"\x80\x02\x84\x07\x00\x00\x00.", "it imports number 7 of the extension registry"),
        (b"\x80\x04N" + OS + b"\x93.", "the name that it imports at byte 7 is not written out"),
        (b"\x80\x04" + OS + b"N\x93.", "the name that it imports at byte 7 is not written out"),
        (b"\x80\x04S'o\\x73'\n" + SYSTEM + b"\x93.", "is not written out"),
        (b"\x80\x04U\x02\xc3\xa9" + SYSTEM + b"\x93.", "is not written out"),
        (b"\x80\x04V\\ud800\n" + SYSTEM + b"\x93.", "is not written out"),
        (b"\x80\x04" + OS + text("x" * 200) + b"\x93" + b"c" + b"y" * 300 + b"\nx\n.", "too long"),
        (b"\x80\x04ccollections\nOrderedDict\nN}\x86b.", "it changes what it has imported"),
        (b"\x80\x04cos\nenviron\nNNs.", "it changes what it has imported"),
        (b"\x80\x04\x95\x02" + bytes(7) + b"ccollections\nOrderedDict\n.", "leaves its frame"),
        (b"\x80\x04\x95\x20" + bytes(7) + b"\x95\x01" + bytes(7) + b"N.", "a frame in a frame"),
    ],
)
def test_what_is_not_followed_is_said(program: bytes, problem: str) -> None:
    found = walk(program)
    assert problem in (found.problem or "")
    assert found.is_pickle


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"", "it ends without a STOP"),
        (b"N", "it ends without a STOP"),
        (b"\xff", "there is no opcode 0xff"),
        (b"\x80\x06.", "there is no protocol 6"),
        (b".", "STOP finds nothing on the stack"),
        (b"(.", "STOP finds nothing on the stack"),
        (b"N(R.", "REDUCE finds nothing on the stack"),
        (b"t.", "TUPLE finds no mark"),
        (b"(o.", "OBJ finds nothing on the stack"),
        (b"h\x00.", "BINGET finds nothing in the memo"),
        (b"gx\n.", "GET has no number"),
        (b"X\x05\x00\x00\x00ab", "it ends in BINUNICODE"),
        (b"X\x05", "it ends in BINUNICODE"),
        (b"cos\nsystem", "it ends in GLOBAL"),
        (b"c\xff\nx\n.", "the name of an import is not UTF-8"),
    ],
)
def test_where_the_unpickler_fails_it_ends(program: bytes, reason: str) -> None:
    found = walk(program)
    assert (found.end, found.reason) == (End.BROKEN, reason)
    assert not imported(program)[1]


def test_a_beginning_is_not_taken_for_the_whole() -> None:
    data = pickle.dumps(["x" * 100, Calls(os.getpid)])
    assert walk(data[:50]).end is End.BROKEN
    assert walk(data[:50], whole=False).end is End.LOST
    assert walk(data, limit=3).reason == "it has too many opcodes"
    assert walk(data, limit=0).end is End.LOST


def test_more_names_than_are_told_apart() -> None:
    many = b"".join(b"cm%d\nx\n0" % number for number in range(501))
    assert walk(b"\x80\x02" + many + b"N.").problem == "it imports more than 500 names"
    assert len(walk(many + b"N.").names) == 500


@pytest.mark.parametrize(
    "words",
    [
        b"cat\ndog\nemu\n",
        b"class A:\n    pass\n",
        b"columns a, b\n1.5, 2\n.\n",
        b"(c) someone\nall rights reserved\n)R.",
        b"In the beginning\n",
        b"good\nbad\n",
        b"import os\n",
        b"N.",
    ],
)
def test_text_is_no_pickle(words: bytes) -> None:
    assert not walk(words).is_pickle


def test_text_that_calls_is_one() -> None:
    assert walk(b"cat\ndog\n(NtR then something else").is_pickle
    assert walk(b"ca b\nc\n0cos\nsystem\n" + CALL).is_pickle


def test_ordered_dicts_are_followed() -> None:
    assert walk(pickle.dumps(OrderedDict(a=1))).names == {"collections.OrderedDict"}
