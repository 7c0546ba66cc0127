"""`undeclared-binary`: native or compiled code where nobody expects it."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import Binary, BinaryFormat
from guard.artifact.defect import DefectKind
from guard.artifact.known import LAUNCHERS
from guard.model import Absent, Decision, Unknown
from guard.rules.undeclared_binary import UndeclaredBinary
from tests.builders import a_candidate, a_judgement, a_verdict, findings, report
from tests.rules.contents import frob, with_content, with_defects

ELF = b"\x7fELF" + bytes(60)
BAD = frob({"frob/run": ELF})
STRICT = '[rules.undeclared-binary]\nlevel = "deny"\n'


def a_binary(member: str = "frob/x.exe", **changes: str) -> Binary:
    said = {"sha256": "0" * 64, "undeclared": "in a wheel for any platform"} | changes
    return Binary(format=BinaryFormat.PE, member=member, offset=7, **said)


def test_a_wheel_of_source_is_allowed() -> None:
    assert a_verdict(frob({"frob/x.png": b"\x89PNG"})).findings == ()


def test_native_code_for_any_platform_is_worth_a_warning() -> None:
    assert report(a_verdict(BAD)) == snapshot("""\
warning[undeclared-binary]: ELF in a wheel for any platform
  --> frob-1.0-py3-none-any.whl
   = where: 'frob/run' at byte 3000
   = help: guard rule undeclared-binary

1 file judged: admitted, 1 with remarks
""")


def test_a_policy_may_deny_it() -> None:
    assert a_verdict(BAD).decision is Decision.ADMITTED
    assert a_verdict(BAD, STRICT).decision is Decision.DENIED


def test_what_is_declared_is_allowed() -> None:
    declared = Binary(
        format=BinaryFormat.ELF, sha256="0" * 64, undeclared=None, member="x.so", offset=0
    )
    assert findings(UndeclaredBinary(), with_content(binaries=(declared,))) == []


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("frob/a.png", ELF, "ELF named like a .png file"),
        ("frob/a.pyc", bytes(16), "compiled Python without its source"),
        (
            "frob.pyc",
            b"\xa7\x0d\x0d\x0a\x01" + bytes(11),
            "compiled Python that may run in place of its source",
        ),
    ],
)
def test_each_kind_is_named(name: str, body: bytes, message: str) -> None:
    [finding] = findings(UndeclaredBinary(), frob({name: body}))
    assert finding.message == message
    assert finding.detail == (f"where: {name!r} at byte 3000",)


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (4, 4), (5, 5), (99, 5)])
def test_many_of_one_kind_are_one_finding(count: int, lines: int) -> None:
    found = tuple(a_binary(f"frob/{number:03}.exe") for number in range(count))
    [finding] = findings(UndeclaredBinary(), with_content(binaries=found[::-1]))
    assert len(finding.detail) == lines
    assert finding.detail[0] == "where: 'frob/000.exe' at byte 7"
    if count > 4:
        assert finding.detail[-1] == f"where: and in {count - 4} more files"


def test_a_known_launcher_is_allowed_and_hides_no_other() -> None:
    launcher = a_binary(sha256=min(LAUNCHERS))
    assert findings(UndeclaredBinary(), with_content(binaries=(launcher,))) == []
    for binaries in ((launcher, a_binary("other")), (a_binary("other"), launcher)):
        [finding] = findings(UndeclaredBinary(), with_content(binaries=binaries))
        assert finding.detail == ("where: 'other' at byte 7",)


def test_two_kinds_are_two_findings() -> None:
    candidate = frob({"frob/run": ELF, "frob/a.png": ELF, "frob/more": ELF})
    assert [(f.message, len(f.detail)) for f in findings(UndeclaredBinary(), candidate)] == [
        ("ELF in a wheel for any platform", 2),
        ("ELF named like a .png file", 1),
    ]


def test_a_defect_of_its_kind_is_a_finding() -> None:
    candidate = with_defects(DefectKind.UNDECLARED_BINARY, "more than 20000 binaries")
    assert [f.message for f in findings(UndeclaredBinary(), candidate)] == [
        "more than 20000 binaries"
    ]
    assert findings(UndeclaredBinary(), with_defects(DefectKind.UNSAFE_PATH, "other")) == []


def test_a_wheel_that_could_not_be_read_is_unknown() -> None:
    [finding] = findings(UndeclaredBinary(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(UndeclaredBinary(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    assert a_judgement(frob(), BAD, toml=STRICT).decision is Decision.DENIED
    assert a_judgement(BAD, frob(), toml=STRICT).decision is Decision.DENIED
