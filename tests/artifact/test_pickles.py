"""Which files are pickles, whatever they are called and whatever is around them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.artifact.content import Pickle
from guard.artifact.pickles import HEAD, Budget, may_be_pickle, read_pickles
from tests.artifact.fuzz_pickles import fuzz
from tests.artifact.test_pickle_walk import GETPID, Calls

EVIL = pickle.dumps(Calls(os.getpid))
OLD = pickle.dumps(Calls(os.getpid), 0)
GOOD = pickle.dumps(OrderedDict(a=1))
DICT = "collections.OrderedDict"
BZIP2, LZMA = zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA


def one(name: str, data: bytes, **more: Any) -> Pickle:
    """The one record of a file that is noticed by its beginning alone."""
    assert may_be_pickle(name, data[:HEAD])
    [found] = read_pickles(name, data, offset=7, **more)
    assert (found.member, found.offset) == (name, 7)
    return found


def nothing(name: str, data: bytes) -> bool:
    return read_pickles(name, data, offset=7) == ()


def archive(members: dict[str, bytes], method: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return stream.getvalue()


def numpy(descr: str, content: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def padded(content: bytes) -> bytes:
    """An archive as PyTorch writes it: with a padding of its own kind in an extra field."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        info = zipfile.ZipInfo("model/data.pkl")
        info.extra = b"FB\x0a\x00" + b"Z" * 10
        opened.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize("data", [EVIL, OLD])
@pytest.mark.parametrize("name", ["x.pkl", "x.dat", "x.png", "x", "x.PICKLE", "a/b.py"])
def test_a_pickle_is_one_under_any_name(name: str, data: bytes) -> None:
    found = one(name, data)
    assert (found.format, found.names, found.problem) == ("pickle", (GETPID,), None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.py", b"import os\n"),
        ("LICENSE", b"(C) someone\nall rights reserved\n"),
        ("x.pkl", b""),
        ("x.pt", b"<html tal:content='x'/>"),
        ("x.pth", b"src\n"),
        ("x.bin", b"\x80\x04\x00"),
        ("x.bin", bytes(1000)),
        ("x.safetensors", struct.pack("<Q", 2) + b"{}"),
        ("x.bin", struct.pack("<Q", 60) + b'{"__metadata__":{"format":"pt"}}'.ljust(60)),
        ("x.npy", numpy("'<f8'", EVIL)),
        ("x.npy", numpy("[('a', '<i4'), ('b', '|b1')]", EVIL)),
        ("x.csv", b"columns a, b\n1.5, 2\n.\n"),
        ("x.zip", archive({"a.txt": b"a", "b/c.py": b"import os\n"}, 8)),
        ("x.gz", gzip.compress(b"some text", mtime=0)),
        ("x.txt", b"N."),
    ],
)
def test_other_files_are_none(name: str, data: bytes) -> None:
    assert nothing(name, data)


@pytest.mark.parametrize("name", ["x.pkl", "x.pickle.gz", "x.joblib", "x.pkl.zst"])
@pytest.mark.parametrize("data", [b"text\n", b"\x28\xb5\x2f\xfdzstd", EVIL[:-3], b"\0" * 20])
def test_what_is_named_like_a_pickle_must_be_one(name: str, data: bytes) -> None:
    found = one(name, data)
    assert found.problem in {
        "it is named like a pickle, but is none that can be read",
        f"it is not followed beyond byte {len(EVIL) - 3}: it ends without a STOP",
        f"it is not followed beyond byte {len(EVIL) - 4}: it ends without a STOP",
    }


def zfile(content: bytes) -> bytes:
    """As joblib compressed until 0.9."""
    return b"ZF" + hex(len(content)).encode().ljust(18) + zlib.compress(content)


COMPRESSIONS = pytest.mark.parametrize(
    "compress", [gzip.compress, zlib.compress, bz2.compress, lzma.compress, zfile]
)


@COMPRESSIONS
@pytest.mark.parametrize("name", ["x.pkl.gz", "x.dat"])
def test_compressed_pickles_are_found(name: str, compress: Callable[[bytes], bytes]) -> None:
    assert one(name, compress(EVIL)).names == (GETPID,)
    assert one(name, compress(b"N." + EVIL)).names == (GETPID,)
    assert one(name, compress(numpy("'|O'", EVIL))).format == "NumPy"


@COMPRESSIONS
def test_a_damaged_end_hides_nothing(compress: Callable[[bytes], bytes]) -> None:
    data = compress(EVIL + os.urandom(1_000_000))
    assert one("x.dat", data[:-40_000]).names == (GETPID,)


def test_a_wrong_checksum_comes_too_late() -> None:
    assert one("x.dat", gzip.compress(EVIL)[:-8] + bytes(8)).names == (GETPID,)


def test_what_is_compressed_is_read_up_to_a_limit() -> None:
    budget = Budget(inflated=1000)
    found = one(
        "x.dat", gzip.compress(pickle.dumps([b"x" * 5000, Calls(os.getpid)])), budget=budget
    )
    assert found.problem == "too much is compressed in the files of this wheel"
    assert one("x.dat", gzip.compress(EVIL), budget=budget).problem is not None


@pytest.mark.parametrize("between", [b"", GOOD, b"N.", b"K\x01.", pickle.dumps([1], 0)])
def test_a_second_pickle_is_found(between: bytes) -> None:
    assert GETPID in one("x", GOOD + between + EVIL).names
    assert GETPID in one("x", b"N." + between + EVIL).names


def test_what_comes_after_a_pickle_may_be_anything() -> None:
    found = one("x", GOOD + bytes(100))
    assert (found.names, found.problem) == ((DICT,), None)


def test_what_pytorch_wrote_until_1_6() -> None:
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    data = magic + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + EVIL + pickle.dumps(["0"], 2)
    found = one("x.pt", data + struct.pack("<Q", 4) + os.urandom(16))
    assert (found.format, found.names) == ("PyTorch", (GETPID,))


@pytest.mark.parametrize(
    "data",
    [
        archive({"model/data.pkl": EVIL, "model/data/0": bytes(64), "model/version": b"3\n"}),
        archive({"model/version": b"3\n", "model/data.pkl": EVIL}, 8),
        archive({"model/data.pkl": EVIL}, BZIP2),
        padded(EVIL),
        b"".join(padded(EVIL).split(b"PK\x01\x02")[:1]),
    ],
)
@pytest.mark.parametrize("name", ["x.pt", "x.pth", "x.weights"])
def test_what_pytorch_writes(name: str, data: bytes) -> None:
    found = one(name, data)
    assert (found.format, found.names, found.problem) == ("PyTorch", (GETPID,), None)


def test_torchscript_has_classes_of_its_own() -> None:
    own = b"\x80\x02c__torch__.model\nModel\n)\x81."
    parts = {"m/data.pkl": own, "m/constants.pkl": b"\x80\x02).", "m/code/a.py": b"x"}
    found = one("x.jit", archive(parts))
    assert (found.format, found.names, found.problem) == ("TorchScript", (), None)
    assert one("x.jit", archive(parts | {"m/more.pkl": EVIL})).names == (GETPID,)
    assert one("x.pt", archive({"m/data.pkl": own})).names == ("__torch__.model.Model",)


def test_an_archive_that_is_compressed_in_another_way() -> None:
    problem = "it is an archive with a compression that is not read"
    assert one("x.npz", archive({"a.npy": numpy("'|O'", EVIL)}, LZMA)).problem == problem
    assert one("x.dat", archive({"m/data.pkl": EVIL}, LZMA)).problem == problem
    assert nothing("x.zip", archive({"a.txt": b"x"}, LZMA))


def test_an_archive_that_is_not_whole() -> None:
    data = archive({"m/data.pkl": GOOD})
    problem = f"it is an archive of which no more than {len(data)} bytes are read"
    assert one("x.pt", data, size=len(data) + 1).problem == problem


@pytest.mark.parametrize("descr", ["'|O'", "'O'", "'object'", "[('a', '|O')]", "'|\\x4f'", "'2O8'"])
def test_arrays_of_objects_are_pickles(descr: str) -> None:
    found = one("x.npy", numpy(descr, EVIL))
    assert (found.format, found.names) == ("NumPy", (GETPID,))
    parts = {"a.npy": numpy("'<f8'", bytes(8)), "b.npy": numpy(descr, EVIL)}
    for method in (0, 8, BZIP2):
        assert one("x.npz", archive(parts, method)).names == (GETPID,)


def test_a_longer_header_of_numpy() -> None:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(70_000)
    data = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + EVIL
    assert one("x.npy", data).names == (GETPID,)


def test_a_tar_archive_is_not_read() -> None:
    data = bytearray(1024)
    data[257:262] = b"ustar"
    problem = "it is a tar archive, as PyTorch wrote them before 0.1.10"
    assert one("x.pth.tar", bytes(data)).problem == problem
    assert nothing("x.tar", bytes(data))


def test_the_beginning_of_a_large_file() -> None:
    found = one("x.pkl", GOOD, size=len(GOOD) + 1)
    assert found.problem == f"no more than {len(GOOD)} bytes of it are read"
    cut = pickle.dumps(b"x" * 9000 + EVIL)[:5000]
    assert one("x", cut, size=10_000).problem == (
        "it is not followed beyond byte 11: no more than 5000 bytes are read"
    )
    assert nothing("x.txt", b"The text that begins like a string" * 20)
    assert read_pickles("x.txt", b"Tooooooo", offset=0, size=9) == ()


def test_a_wheel_has_a_budget() -> None:
    budget = Budget(opcodes=10)
    problem = "too much is to be followed in the files of this wheel"
    assert one("a.pkl", pickle.dumps(list(range(50))), budget=budget).problem is not None
    assert one("b.pkl", GOOD, budget=budget).problem == problem


def test_lines_that_are_searched_again_and_again_are_paid_for() -> None:
    line = b"V" + b"x" * 60_000
    data = b"".join(b"PK\x03\x04" + bytes(26) + line for _ in range(200)) + b"\n"
    budget = Budget(opcodes=2000)
    assert one("x", data, budget=budget).problem is not None
    assert budget.opcodes <= 0


@given(st.binary(max_size=400), st.sampled_from(["x.pkl", "x.pt", "x.npz", "x", "x.pkl.gz"]))
def test_any_bytes_come_to_a_record_or_none(data: bytes, name: str) -> None:
    for content in (data, gzip.compress(data), archive({"a.npy": data}), numpy("'O'", data)):
        found = read_pickles(name, content, offset=0)
        assert len(found) <= 1
        assert not found or may_be_pickle(name, content[:HEAD])


def test_mutated_pickles_are_read_like_the_unpickler_does() -> None:
    assert fuzz(500, 1).total() == 1000


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_many_empty_streams_hide_nothing(compress: Callable[[bytes], bytes]) -> None:
    assert one("x.dat", compress(b"") * 500 + compress(EVIL)).names == (GETPID,)
    found = one("x.dat", compress(b"") * 1001 + compress(EVIL))
    assert found.problem == "it is compressed in too many parts"


def test_a_script_that_begins_like_an_import_is_no_pickle() -> None:
    script = b"const e=" + b"f(g),h;" * 60 + b"\nexport{e};\n."
    assert not may_be_pickle("assets/chunk.js", script)
    assert read_pickles("assets/chunk.js", script, offset=0) == ()
    (named,) = read_pickles("assets/chunk.pkl", script, offset=0)
    assert named.problem is not None, "whoever loads it expects one"
    long = b"c" + b".".join([b"a" * 200] * 3) + b"\nx\n."
    assert may_be_pickle("assets/chunk.js", long), "there could be such a module"
