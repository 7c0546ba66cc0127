"""entry_points.txt, as pip and uv would both read it (W12, W13, W14)."""

from __future__ import annotations

import pytest

from guard.artifact.content import CommandSource
from guard.artifact.entry_points import EntryPoints, is_safe_name, parse
from tests.artifact.archives import INFO, complaints, content_of

CONSOLE, GUI = CommandSource.CONSOLE_SCRIPT, CommandSource.GUI_SCRIPT


def test_the_commands_of_both_groups() -> None:
    text = """
# A comment.
[console_scripts]
frob = frob.cli:main
frob-more=frob.cli:more.run [extra,other]
    indented = frob:x

[gui_scripts]
frob-window = frob : window

[pytest11]
anything = goes here
"""
    assert parse(text.encode()) == EntryPoints(
        ((CONSOLE, "frob"), (CONSOLE, "frob-more"), (CONSOLE, "indented"), (GUI, "frob-window"))
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[console_scripts]\n", b"[other]\nx = y\n"])
def test_there_may_be_none(content: bytes) -> None:
    assert parse(content) == EntryPoints()


@pytest.mark.parametrize(
    "name",
    ["frob", "frob.py", "frob-1.0", "x_y", "Frob", "a b", "früb", "jp2+", "a" * 100, "py@x"],
)
def test_names_that_are_one_file(name: str) -> None:
    assert is_safe_name(name)
    assert parse(f"[console_scripts]\n{name} = a:b\n".encode()).bad_names == ()


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/b",
        "/x",
        "a\\b",
        "C:x",
        "a:b",
        "..",
        ".",
        "x.",
        ";pip",
        "-x",
        "a\x07b",
        "a\u200bb",
        "a\u202eb",
        "a*",
        'a"b',
        "a" * 101,
        "",
    ],
)
def test_names_that_are_not(name: str) -> None:
    assert not is_safe_name(name)
    assert parse(f"[console_scripts]\n{name} = a:b\n".encode()).bad_names == (name,)


@pytest.mark.parametrize(
    "line",
    [
        "pip: evil:main",
        "pip",
        "pip =",
        "pip = evil",
        "pip = evil:main; import os",
        "pip = evil:main\x0b = x",
        "pip = evil.1:main",
        "pip = evil:main()",
        "pip = x = y:z",
        "pip = evil:ma-in",
    ],
)
def test_a_line_is_a_name_and_an_object(line: str) -> None:
    found = parse(f"[console_scripts]\ngood = a:b\n{line}\nalso = a:b\n".encode())
    assert len(found.problems) >= 1
    assert all(" is no name and object: " in problem for problem in found.problems)


def test_a_line_in_any_group_has_a_name() -> None:
    found = parse(b"[pytest11]\nfine = anything at all\nnot fine\n")
    assert found.problems == ("line 3 is no name and object: 'not fine'",)


@pytest.mark.parametrize(
    "text",
    [
        "pip = evil:main\n",
        "[other]\nx = y\n[console_scripts] ; comment\npip = evil:main\n",
        "[Console_Scripts]\npip = evil:main\n",
        "[ console_scripts ]\npip = evil:main\n",
        "[[console_scripts]]\npip = evil:main\n",
        "[other] [console_scripts]\npip = evil:main\n",
        "[other]\nx = y\n[console_scripts\npip = evil:main\n",
    ],
)
def test_a_command_is_in_a_group_that_is_one_for_all(text: str) -> None:
    assert any(" is in one group or in another" in found for found in parse(text.encode()).problems)


def test_one_name_is_one_object() -> None:
    twice = parse(b"[console_scripts]\na = x:y\na = x:z\n")
    assert twice.problems == ("'a' is there twice, for two objects",)
    assert parse(b"[console_scripts]\na = x:y\n[console_scripts]\na = x:y\n").problems == ()
    assert parse(b"[console_scripts]\na = x:y\n[gui_scripts]\na = x:z\n").problems == ()


def test_it_is_utf_8() -> None:
    assert parse(b"[console_scripts]\n\xff = a:b\n").problems == ("not UTF-8 at byte 18",)


def test_a_good_line_hides_no_bad_one() -> None:
    for text in ("good = a:b\nbad\n", "bad\ngood = a:b\n"):
        assert len(parse(f"[console_scripts]\n{text}".encode()).problems) == 1


def test_a_wheel_says_where_its_commands_come_from() -> None:
    points = "[console_scripts]\npip = evil:main\n../x = a:b\n"
    content = content_of(
        {
            f"{INFO}/entry_points.txt": points,
            "frob-1.0.data/scripts/run": "",
            "frob-1.0.data/scripts/more/below": "",
            "frob-1.0.data/data/bin/activate": "",
            "frob-1.0.data/data/share/no": "",
        }
    )
    assert [(c.name, c.source.value, c.member.rpartition("/")[2]) for c in content.commands] == [
        ("pip", "console_scripts", "entry_points.txt"),
        ("../x", "console_scripts", "entry_points.txt"),
        ("run", "scripts", "run"),
        ("activate", "data", "activate"),
    ]
    assert [c.offset for c in content.commands] == [3000, 3000, 4000, 6000]
    assert complaints(content) == [
        ("shadowing-command", f"{INFO}/entry_points.txt", "a command cannot be named '../x'")
    ]


def test_commands_beyond_all_measure_are_a_defect() -> None:
    def many(count: int) -> str:
        return "[console_scripts]\n" + "".join(f"c{n} = a:b\n" for n in range(count))

    assert content_of({f"{INFO}/entry_points.txt": many(2000)}).defects == ()
    content = content_of({f"{INFO}/entry_points.txt": many(2001)})
    assert len(content.commands) == 2000
    assert complaints(content) == [("shadowing-command", None, "more than 2000 commands")]
