"""RECORD against the members, both ways (W18, W19)."""

from __future__ import annotations

import base64
import hashlib

import pytest

from guard.artifact.record import Read, Record, Row, compare, parse
from tests.artifact.archives import INFO, complaints, content_of, record_line

CONTENT = b"print('frob')\n"
DIGEST = hashlib.sha256(CONTENT).digest()
GOOD = base64.urlsafe_b64encode(DIGEST).decode().rstrip("=")
RECORD = f"{INFO}/RECORD"
LINE = record_line("frob.py", CONTENT)


def differences(text: str, names: dict[str, bytes] | None = None) -> list[tuple[str | None, str]]:
    """All that is wrong with a RECORD of one module and of itself, whose first lines are `text`."""
    record = parse(f"{text}\n{RECORD},,\n".encode())
    files = {"frob.py": CONTENT} if names is None else names
    found = {}
    for name, content in files.items():
        algorithm = record.algorithm(name)
        digest = hashlib.new(algorithm, content).digest()
        found[name] = Read(len(content), algorithm, digest, hashlib.sha256(content).hexdigest())
    return [*record.problems, *compare(record, found, {*files, RECORD}, INFO)]


def hashed(algorithm: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, CONTENT).digest()).decode()
    return f"{algorithm}={digest.rstrip('=')}"


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE + "\r",
        f"frob.py,{hashed('sha384')},{len(CONTENT)}",
        f"frob.py,{hashed('sha512')},{len(CONTENT)}",
        f"frob.py,sha256={GOOD}=,{len(CONTENT)}",
        f"frob.py,sha256={DIGEST.hex()},{len(CONTENT)}",
        f'"frob.py","sha256={GOOD}",{len(CONTENT)}',
    ],
    ids=["plain", "CRLF", "sha384", "sha512", "padded", "hexadecimal", "quoted"],
)
def test_a_right_line_is_right_however_it_is_written(line: str) -> None:
    assert differences(line) == []


def test_a_path_may_have_a_comma() -> None:
    line = f'"ro,1.s1p",sha256={GOOD},{len(CONTENT)}'
    assert differences(line, {"ro,1.s1p": CONTENT}) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"frob.py,sha256={'A' * 43},14", "RECORD says " + "0" * 64),
        (LINE.replace(",14", ",13"), "it has 14 bytes, RECORD says 13"),
        (LINE.replace(",14", ","), "listed in RECORD without its size"),
        ("frob.py,,14", "listed in RECORD without a hash"),
        ("frob.py,,", "listed in RECORD without a hash"),
        (f"frob.py,{hashed('md5')},14", "its hash is md5, and not sha256 or stronger"),
        (f"frob.py,{hashed('sha1')},14", "its hash is sha1, and not sha256 or stronger"),
        (f"frob.py,{hashed('sha224')},14", "its hash is sha224, and not sha256 or stronger"),
        (f"frob.py,{GOOD},14", f"its hash is {GOOD[:20]}, and not sha256 or stronger"),
        (f"frob.py,SHA256={GOOD},14", "its hash is SHA256, and not sha256 or stronger"),
        (f"frob.py,sha256={GOOD[:-1]},14", f"its hash is no sha256: {GOOD[:-1]!r}"),
        ("frob.py,sha256=,14", "its hash is no sha256: ''"),
        (f"frob.py,sha256={GOOD[:-1]}*,14", f"its hash is no sha256: {GOOD[:-1] + '*'!r}"),
        (f"frob.py,sha256={GOOD[:-1]}\u00e9,14", "its hash is no sha256: "),
        (f"frob.py,sha512={GOOD},14", f"its hash is no sha512: {GOOD!r}"),
        (f"frob.py,sha256={GOOD},+14", "its size is no number: '+14'"),
        (f"frob.py,sha256={GOOD},014", "its size is no number: '014'"),
        (f"frob.py,sha256={GOOD},fourteen", "its size is no number: 'fourteen'"),
        (f"{LINE}\n{LINE}", "listed twice"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str) -> None:
    found = differences(line)
    assert any(path == "frob.py" and message in why for path, why in found), found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("./frob.py", "line 2 names a path with an empty or dot segment"),
        ("frob//x.py", "line 2 names a path with an empty or dot segment"),
        ("frob\\x.py", "line 2 names a path with a backslash"),
        ("../../../../x", "line 2 names a path that leads upwards"),
        ("frob/../../x", "line 2 names a path that leads upwards"),
        ("/etc/x", "line 2 names a path that is absolute"),
        ("C:x", "line 2 names a path that is absolute"),
    ],
)
def test_a_path_has_one_spelling_and_stays_inside(line: str, why: str) -> None:
    found = differences(f"{LINE}\n{line},sha256={GOOD},14")
    assert found == [(line, why), (line, "listed in RECORD, but not there")]


@pytest.mark.parametrize(
    "line",
    [
        "frob.py",
        f"frob.py,sha256={GOOD}",
        f"{LINE},more",
        f",sha256={GOOD},14",
        "",
        f'"frob.py,sha256={GOOD},14',
        f'"frob.py"x,sha256={GOOD},14',
        LINE.replace("frob", "fr\rob"),
        LINE.replace("frob", "fr\0ob"),
        LINE.replace("frob", "fr\u2028ob"),
        LINE.replace("frob", "fr\x0cob"),
    ],
)
def test_a_line_that_not_every_reader_splits_alike_is_none(line: str) -> None:
    found = differences(f"{line}\n{LINE}")
    assert [why.partition(":")[0] for _, why in found] == [
        "line 1 is not a path, a hash and a size"
    ]


def test_what_is_there_must_be_listed_and_what_is_listed_there() -> None:
    assert differences("", {}) != []
    assert differences(LINE, {"frob.py": CONTENT, "evil.pth": b""}) == [
        ("evil.pth", "not listed in RECORD")
    ]
    assert differences(LINE, {}) == [("frob.py", "listed in RECORD, but not there")]


def test_only_record_and_its_signatures_are_without_a_hash() -> None:
    signatures = {f"{INFO}/RECORD.jws": b"x", f"{INFO}/RECORD.p7s": b"y"}
    assert differences(LINE, {"frob.py": CONTENT} | signatures) == []
    listed = f"{LINE}\n{INFO}/RECORD.jws,,\n{INFO}/RECORD.p7s,,"
    assert differences(listed, {"frob.py": CONTENT} | signatures) == []
    elsewhere = {"frob.py": CONTENT, "other/RECORD.jws": b"x"}
    assert differences(LINE, elsewhere) == [("other/RECORD.jws", "not listed in RECORD")]
    assert differences(f"{LINE}\n{INFO}/METADATA,,", {"frob.py": CONTENT, f"{INFO}/METADATA": b""})


def test_a_signature_that_is_listed_with_a_hash_must_have_it() -> None:
    line = record_line(f"{INFO}/RECORD.jws", b"x")
    files = {"frob.py": CONTENT, f"{INFO}/RECORD.jws": b"other"}
    assert len(differences(f"{LINE}\n{line}", files)) == 2


def test_record_need_not_list_itself() -> None:
    record = parse(f"{LINE}\n".encode())
    found = Read(len(CONTENT), "sha256", DIGEST, DIGEST.hex())
    assert list(compare(record, {"frob.py": found}, {"frob.py", RECORD}, INFO)) == []


def test_record_cannot_hash_itself() -> None:
    record = parse(f"{LINE}\n{record_line(RECORD, b'')}".encode())
    assert (RECORD, "RECORD gives a hash of itself, which cannot be right") in compare(
        record, {}, {"frob.py", RECORD}, INFO
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", LINE.encode() + b"\n\xe9"])
def test_record_is_utf_8(content: bytes) -> None:
    record = parse(content)
    assert record.rows == {}
    assert record.problems[0][1].startswith("not UTF-8 at byte ")


def test_a_good_line_hides_no_bad_one() -> None:
    bad = LINE.replace("frob.py", "other.py").replace(",14", ",15")
    files = {"frob.py": CONTENT, "other.py": CONTENT}
    for text in (f"{LINE}\n{bad}", f"{bad}\n{LINE}"):
        assert differences(text, files) == [("other.py", "it has 14 bytes, RECORD says 15")]


def test_the_first_of_two_lines_is_compared() -> None:
    assert parse(f"{LINE}\nfrob.py,,\n".encode()).rows == {
        "frob.py": Row("sha256", DIGEST, len(CONTENT))
    }


@pytest.mark.parametrize("algorithm", ["md5", "", "nonsense"])
def test_a_file_is_always_hashed_in_a_strong_algorithm(algorithm: str) -> None:
    assert Record({"frob.py": Row(algorithm, b"", None)}).algorithm("frob.py") == "sha256"
    assert Record({}).algorithm("frob.py") == "sha256"


def test_a_wheel_whose_record_is_right_has_no_defect() -> None:
    assert content_of().defects == ()
    crlf = content_of(record=lambda text: text.replace("\n", "\r\n"))
    assert crlf.defects == ()


def test_every_file_of_a_wheel_is_compared_wherever_it_is() -> None:
    changed = {"frob.py": "x", "frob-1.0.data/scripts/run": "y", f"{INFO}/licenses/A": "z"}
    for name in (*changed, f"{INFO}/METADATA", f"{INFO}/WHEEL"):
        content = content_of(
            changed,
            record=lambda text, name=name: "".join(  # type: ignore[misc]
                f"{line}9\n" if line.startswith(f"{name},") else f"{line}\n"
                for line in text.splitlines()
            ),
        )
        assert [(rule, member) for rule, member, _ in complaints(content)] == [
            ("record-mismatch", name)
        ]


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_a_file_is_hashed_as_record_says_and_known_by_its_sha256(algorithm: str) -> None:
    body = b"import evil\n" * 1000
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, body).digest()).decode().rstrip("=")

    def stronger(text: str) -> str:
        line = record_line("sitecustomize.py", body)
        return text.replace(line, f"sitecustomize.py,{algorithm}={digest},{len(body)}")

    content = content_of({"sitecustomize.py": body}, record=stronger)
    assert content.defects == ()
    assert content.hooks[0].sha256 == hashlib.sha256(body).hexdigest()
    other = content_of(
        {"sitecustomize.py": body}, record=lambda text: stronger(text).replace(digest, digest[::-1])
    )
    assert [rule for rule, *_ in complaints(other)] == ["record-mismatch"]


def test_folders_need_no_line() -> None:
    assert content_of({"frob/": b"", "frob/a.py": b""}).defects == ()


def test_a_wheel_has_a_record() -> None:
    assert complaints(content_of({f"{INFO}/RECORD": None})) == [
        ("record-mismatch", None, "there is no RECORD")
    ]
