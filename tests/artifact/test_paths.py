"""Paths: W01 to W06, and names that honest projects do have."""

from __future__ import annotations

import stat
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.artifact.defect import DefectKind
from guard.artifact.paths import _PLAIN, _complaint, shown, unsafe_paths


def complaints(*names: str, mode: int = 0) -> list[str]:
    """The complaints about `names`, all of `mode`, each as it is told."""
    return [defect.message for defect in unsafe_paths((name, mode) for name in names)]


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b.py",
        "a/",
        "a/b/",
        ".hidden",
        ".a/.b/..c",
        "a..b/c...d",
        "...a",
        "a/ .git-blame-ignore-revs",  # a real wheel has it
        "launcher manifest.xml",
        "composite_basis.py~",
        "script (dev).tmpl",
        "a+b-c=d,e@f#g%h&i'j;k[l]{m}!$`^",
        "what?*<>|.txt",
        "console.py",
        "conf/nullable.py",
        "aux_.py",
        "com10/lpt.py",
        "a/conin$x",
        "münchen.py",
        "日本語/データ.txt",
        "emoji 🎉.txt",
        "教程\uff1a入门…",
        "ﬁ.txt",
    ],
)
def test_names_that_projects_have(name: str) -> None:
    assert complaints(name) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # W01
        ("../x", "a way out of the folder"),
        ("a/../../x", "a way out of the folder"),
        ("a/..", "a way out of the folder"),
        ("..", "a way out of the folder"),
        ("../", "a way out of the folder"),
        ("/x", "an absolute path"),
        ("/", "an absolute path"),
        ("//server/share", "a Windows network share"),
        ("\\\\server\\share", "a Windows network share"),
        ("C:\\x", "a Windows drive"),
        ("C:/x", "a Windows drive"),
        ("c:x", "a Windows drive"),
        ("./x", "another spelling"),
        (".", "another spelling"),
        ("a/./x", "another spelling"),
        ("a//x", "another spelling"),
        ("a//", "another spelling"),
        # W02
        ("p\\..\\..\\x", "a way out of the folder"),
        ("p\\x", "a backslash"),
        # W03
        ("a.py.", "a trailing dot or space"),
        ("a.py ", "a trailing dot or space"),
        ("a. /b.py", "a trailing dot or space"),
        ("a/...", "a trailing dot or space"),
        ("a./", "a trailing dot or space"),
        # W04
        ("CON", "a Windows device"),
        ("nul.py", "a Windows device"),
        ("a/Aux/b.py", "a Windows device"),
        ("a/com1 .tar.gz", "a Windows device"),
        ("lpt9/", "a Windows device"),
        ("CONOUT$", "a Windows device"),
        ("com¹.py", "a Windows device once it is normalized to 'com1.py'"),
        ("a.py:s", "a colon"),
        ("aa:b", "a colon"),
        ("a/._b.py", "an AppleDouble file"),
        ("._b.py", "an AppleDouble file"),
        # Z20 and Z21
        ("a\0b.py", "a control character"),
        ("a\r\nb.py", "a control character"),
        ("con\n", "a control character"),
        ("a\x7f", "a control character"),
        ("a\x85b", "a control character"),
        ("gnp\u202eyp.exe", "an invisible or reordering character, U+202E"),
        ("a\u2066b", "an invisible or reordering character, U+2066"),
        ("pi\u200bp/__init__.py", "an invisible or reordering character, U+200B"),
        ("\ufeffa", "an invisible or reordering character, U+FEFF"),
        ("a\u2028b", "an invisible or reordering character, U+2028"),
        ("a\ue000", "an invisible or reordering character, U+E000"),
        ("a\ud800", "an invisible or reordering character, U+D800"),
        ("‥/x", "a way out of the folder once it is normalized to '../x'"),
        ("a\uff0fb", "a slash appears once it is normalized to 'a/b'"),
        ("a\uff3cb", "a backslash: a separator on Windows"),
    ],
)
def test_names_that_some_system_reads_otherwise(name: str, reason: str) -> None:
    [complaint] = complaints(name)
    assert complaint.startswith(reason)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.py", "A.py"),
        ("a/B/c.py", "a/b/C.py"),
        ("caf\u00e9.py", "cafe\u0301.py"),
        ("\uff41.py", "a.py"),
        ("ﬁ.py", "fi.py"),
        ("stra\u00dfe.py", "STRASSE.py"),
        ("\u1e9e.py", "ss.py"),
    ],
)
def test_w03_twins(one: str, other: str) -> None:
    for names in ((one, other), (other, one)):
        assert complaints("0", *names, "z")[0].startswith("a twin of ")


def test_w03_folders_that_are_spelled_in_two_ways() -> None:
    assert complaints("Pkg/a.py", "pkg/b.py") == [
        "in a folder that is spelled otherwise in 'Pkg/a.py'"
    ]
    assert complaints("a/Pkg/x/a.py", "a/pkg-b/c.py", "a/pkg/y/b.py") == [
        "in a folder that is spelled otherwise in 'a/Pkg/x/a.py'"
    ]
    assert complaints("A/", "a/b.py") == ["in a folder that is spelled otherwise in 'A/'"]


def test_folders_that_only_resemble_each_other() -> None:
    assert complaints("pkg/a.py", "pkg-a/b.py", "pkg_a/B.py", "pkg/A/a.py", "pkg.py") == []


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFLNK | 0o777, "a symbolic link"),
        (stat.S_IFIFO | 0o644, "a pipe"),
        (stat.S_IFSOCK | 0o644, "a socket"),
        (stat.S_IFCHR | 0o644, "a character device"),
        (stat.S_IFBLK | 0o644, "a block device"),
        (0o150000, "a file of type 0o150000"),
        (stat.S_IFREG | 0o4755, "a file that would run as its owner"),
        (stat.S_IFREG | 0o2755, "a file that would run as its group"),
        (0o4755, "a file that would run as its owner"),
    ],
)
def test_w05_modes_that_no_file_of_a_wheel_needs(mode: int, reason: str) -> None:
    [complaint] = complaints("a", mode=mode)
    assert complaint.startswith(reason)


@pytest.mark.parametrize("mode", [0, 0o644, 0o100644, 0o100755, 0o100777, 0o100600])
def test_modes_that_files_have(mode: int) -> None:
    assert complaints("a.py", mode=mode) == []


def test_folders_may_inherit_their_group() -> None:
    assert complaints("a/", mode=0o42755) == []


def test_paths_that_no_file_system_takes() -> None:
    assert complaints("/".join("a" * 64)) == []
    assert complaints("/".join("a" * 65)) == ["65 segments deep, more than 64"]
    assert complaints("/".join("a" * 64) + "/") == []
    assert complaints("a" * 255) == complaints("é" * 127) == []
    assert complaints("a" * 256) == ["a segment of 256 bytes, more than 255"]
    assert complaints("é" * 128) == ["a segment of 256 bytes, more than 255"]
    assert complaints("/".join(["a" * 204] * 5)) == []
    assert complaints("/".join(["a" * 204] * 5) + "b") == ["1025 bytes long, more than 1024"]


def test_a_path_that_takes_long_to_normalize_is_not_normalized() -> None:
    # Combining marks in the wrong order: sorting them takes quadratic time, half a second each.
    name = "a" + "\u0315\u0300" * 15_000
    begin = time.process_time()
    assert complaints(*(name + str(number) for number in range(50))) == [
        f"{60_001 + len(str(number))} bytes long, more than 1024" for number in range(50)
    ]
    assert time.process_time() - begin < 10


def test_w06_a_file_that_is_a_folder_too() -> None:
    assert complaints("a", "a/b.py") == ["below 'a', which is a file"]
    assert complaints("A", "a/b.py") == ["below 'A', which is a file"]
    assert complaints("a", "a-b", "a.b", "a/b/c/d.py") == ["below 'a', which is a file"]
    assert complaints("a", "a/") == ["both a file and a folder"]
    assert complaints("a/", "a/b.py") == []


def test_what_a_message_shows_of_a_name() -> None:
    assert shown("a\u202eb\n") == r"'a\u202eb\n'"
    assert shown("a" * 100) == f"'{'a' * 100}'"
    assert shown("a" * 101) == f"'{'a' * 100}'…"


def test_a_name_twice_is_for_the_container_to_tell() -> None:
    assert complaints("a", "a") == []


def test_every_bad_name_is_told_and_with_its_member() -> None:
    defects = list(unsafe_paths([("a", 0), ("../b", 0), ("c", 0o120777), ("/d", 0)]))
    assert [defect.member for defect in defects] == ["../b", "c", "/d"]
    assert {defect.kind for defect in defects} == {DefectKind.UNSAFE_PATH}


names = st.text(alphabet="aAbßé\uff21./\\: \u0301\u202e", min_size=1, max_size=8)


@given(names)
def test_a_name_without_a_complaint_stays_below_its_folder(name: str) -> None:
    if not complaints(name):
        for form in (name, unicodedata.normalize("NFKC", name)):
            segments = form.removesuffix("/").split("/")
            assert not {"", ".", ".."} & set(segments)


@given(st.text(alphabet="aCcOoNn1. _/$:\\~\n\x7f", max_size=9) | st.text(max_size=9))
def test_the_short_way_never_lets_pass_what_the_long_way_refuses(name: str) -> None:
    if _PLAIN.fullmatch(name):
        assert _complaint(name) is None
    elif name.isascii() and name:
        assert _complaint(name) is not None


@given(st.lists(names, max_size=6, unique=True))
def test_names_without_a_complaint_have_places_of_their_own(several: list[str]) -> None:
    if complaints(*several):
        return
    places = {unicodedata.normalize("NFKC", name).casefold().removesuffix("/") for name in several}
    assert len(places) == len(several)
    files = {place for place, name in zip(places, several, strict=True) if name == place}
    assert not any(other.startswith(f"{file}/") for file in files for other in places)


@given(st.lists(st.tuples(st.text(), st.integers(0, 0xFFFF))))
def test_any_names_are_judged(several: list[tuple[str, int]]) -> None:
    for defect in unsafe_paths(several):
        assert defect.kind is DefectKind.UNSAFE_PATH
        assert defect.member in {name for name, _ in several}
