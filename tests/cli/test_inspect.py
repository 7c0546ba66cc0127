"""`guard inspect FILE`: what is inside, in words and as a document, and no judgement of it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import (
    Binary,
    BinaryFormat,
    Command,
    CommandSource,
    Content,
    HookKind,
    Pickle,
    StartupHook,
    Trace,
)
from guard.artifact.defect import Defect, DefectKind
from guard.report.contents import document, lines
from tests.documents import ROOT
from tests.e2e.guarded import Guard, assert_paragraph
from tests.report.results import HOSTILE
from tests.wheels import a_wheel, an_sdist

FROB: Final = a_wheel(
    "frob",
    "1.0",
    requires=["dep>=1", "other @ https://example.com/other-1.0-py3-none-any.whl"],
    files={"frob.py": "", "evil.pth": "import os\n", "native.png": b"\x7fELF" + bytes(200)},
    entry_points={"console_scripts": {"frob": "frob:main"}},
)
LINE: Final = StartupHook(
    kind=HookKind.LINE, text="import os", sha256="0" * 64, line=1, member="a.pth", offset=7
)
TRACE: Final = Trace(capability="decoded-exec", text="exec(x)", line=9, member="a.py", offset=1)
FULL: Final = Content(
    filename="frob-1.0-py3-none-any.whl",
    name="frob",
    version="1.0",
    tags=("py3-none-any",),
    requires_dist=tuple(f"dep{number}" for number in range(12)),
    top_levels=tuple(f"frob_{number}" for number in range(10)),
    commands=(Command(name="frob", source=CommandSource.CONSOLE_SCRIPT, member="entry", offset=1),),
    hooks=(LINE,),
    binaries=(
        Binary(format=BinaryFormat.ELF, sha256="1" * 64, member="frob/a.so", offset=5),
        Binary(format=BinaryFormat.ELF, sha256="2" * 64, member="frob/b.so", offset=6),
        Binary(
            format=BinaryFormat.PE,
            sha256="3" * 64,
            undeclared="under the name of an image",
            member="frob/c.png",
            offset=7,
        ),
    ),
    pickles=(
        Pickle(format="pickle", names=("os.system",), member="frob/m.pkl", offset=8),
        Pickle(format="NumPy", problem="cut short", member="frob/n.npy", offset=9),
    ),
    traces=(TRACE, TRACE),
    entries=20,
    size=1234,
    defects=(Defect(kind=DefectKind.RECORD_MISMATCH, message="not listed", member="x.py"),),
)


def test_what_is_inside_a_wheel(guard: Guard) -> None:
    FROB.write_to(guard.work)
    ran = guard("inspect", FROB.filename)
    assert ran.code == 0, ran.said
    assert ran.out == snapshot("""\
frob-1.0-py3-none-any.whl
  no attestations are at hand: `--provenance` names them
  inside
    name            frob
    version         1.0
    tags            py3-none-any
    requires        2, 1 by URL
    imported as     frob
    commands        frob
    files           7, 944 bytes unpacked
    startup hooks (1)
      'evil.pth', line 1: pth line 'import os'
    native code (1)
      'native.png': ELF, named like a .png file
""")
    assert ran.err == ""


def test_what_is_inside_a_source_distribution(guard: Guard) -> None:
    sdist = an_sdist("frob", "1.0", requires=["dep"], payload=guard.folder / "marker")
    sdist.write_to(guard.work)
    ran = guard("inspect", sdist.filename, "--output-format", "json")
    assert ran.code == 0, ran.said
    content = ran.report["content"]
    assert (content["name"], content["version"]) == ("frob", "1.0")
    assert content["requires_dist"] == ["dep"]
    assert not (guard.folder / "marker").exists()


def test_it_states_and_the_check_judges(guard: Guard) -> None:
    FROB.write_to(guard.work)
    assert guard("inspect", FROB.filename).code == 0
    assert_paragraph(guard("check", FROB.filename), 77, "denied[startup-hook]")


def test_it_is_a_document_too(guard: Guard) -> None:
    FROB.write_to(guard.work)
    report = guard("inspect", FROB.filename, "--output-format", "json").report
    assert list(report) == [
        "schema",
        "filename",
        "attestations",
        "invalid",
        "unsupported",
        "content",
    ]
    content = report["content"]
    assert content["url_requirements"] == ["other @ https://example.com/other-1.0-py3-none-any.whl"]
    [hook] = content["hooks"]
    assert (hook["kind"], hook["text"], hook["member"]) == ("pth line", "import os", "evil.pth")


def test_everything_that_is_known_has_its_words() -> None:
    assert "\n".join(lines(FULL)) == snapshot("""\
    name            frob
    version         1.0
    tags            py3-none-any
    requires        12
    imported as     frob_0, frob_1, frob_2, frob_3, frob_4, frob_5, frob_6, frob_7, … and 2 more
    commands        frob
    files           20, 1234 bytes unpacked
    startup hooks (1)
      'a.pth', line 1: pth line 'import os'
    native code (3)
      'frob/c.png': PE, under the name of an image
      2 declared: ELF
    pickles (2)
      'frob/m.pkl': pickle, imports os.system
      'frob/n.npy': NumPy, imports nothing; not followed to its end: cut short
    what code can do (2)
      decoded-exec: 2, first in 'a.py', line 9: 'exec(x)'
    defects (1)
      record-mismatch: not listed ('x.py')\
""")


def test_a_long_list_is_cut() -> None:
    many = Content(filename="f", hooks=(LINE,) * 100)
    shown = list(lines(many))
    assert "    startup hooks (100)" in shown
    assert "      … and 92 more" in shown
    assert len(shown) < 20
    assert len(document(many)["hooks"]) == 100


def test_no_line_is_longer_than_anybody_reads() -> None:
    long = Content(
        filename="f",
        hooks=(replace(LINE, text="x" * 10_000),),
    )
    assert max(map(len, lines(long))) < 200


def test_what_a_file_says_of_itself_is_no_command_to_a_terminal() -> None:
    hostile = Content(
        filename="f",
        name=HOSTILE,
        version=HOSTILE,
        top_levels=(HOSTILE,),
        hooks=(replace(LINE, text=HOSTILE, member=HOSTILE),),
        traces=(Trace(capability=HOSTILE, text=HOSTILE, member=HOSTILE, offset=1),),
        pickles=(Pickle(format="pickle", names=(HOSTILE,), problem=HOSTILE, member="", offset=1),),
        defects=(Defect(kind=DefectKind.UNSAFE_PATH, message=HOSTILE, member=HOSTILE),),
    )
    assert all(line.isprintable() for line in lines(hostile))


@pytest.mark.parametrize("name", ["frob-1.0-py3-none-any.whl", "frob-1.0.tar.gz"])
def test_what_is_no_archive_has_a_defect_and_nothing_else(name: str, guard: Guard) -> None:
    (guard.work / name).write_bytes(b"nonsense")
    ran = guard("inspect", name)
    assert ran.code == 0, ran.said
    assert "    defects (" in ran.out
    assert "Traceback" not in ran.said


def test_what_nobody_opens_is_not_looked_into(guard: Guard) -> None:
    (guard.work / "frob.zip").write_bytes(b"nonsense")
    assert "  inside\n" not in guard("inspect", "frob.zip").out
    report = guard("inspect", "frob.zip", "--output-format", "json").report
    assert report["content"] is None


def test_every_key_of_the_document_is_explained() -> None:
    text = (ROOT / "docs/reference/inspect-report.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+)`", text))
    kinds = (Command, StartupHook, Binary, Pickle, Trace, Defect)
    assert set(document(FULL)) | {f.name for kind in kinds for f in fields(kind)} <= explained


def test_a_wheel_elsewhere_is_found_by_its_path(guard: Guard, tmp_path: Path) -> None:
    FROB.write_to(tmp_path)
    assert guard("inspect", tmp_path / FROB.filename).out.startswith(f"{FROB.filename}\n")
