"""METADATA and WHEEL against the filename (W16, W17, W22, W24, W25)."""

from __future__ import annotations

import hashlib

import pytest

from guard.artifact.metadata import Filename, read_filename, read_metadata, read_wheel
from tests.artifact.archives import FILENAME, INFO, METADATA, WHEEL, complaints, content_of


def said(filename: str = FILENAME) -> Filename:
    found = read_filename(filename)
    assert isinstance(found, Filename)
    return found


def problems(text: str, filename: str = FILENAME) -> list[str]:
    return read_metadata(text.encode(), said(filename))[1]


def wheel_problems(text: str, filename: str = FILENAME) -> list[str]:
    return read_wheel(text.encode(), said(filename))[1]


def test_what_metadata_says() -> None:
    text = (
        f"{METADATA}Requires-Dist: dep (>=1.0) ; extra == 'x'\n"
        "Requires-Dist: direct @ https://example.com/direct.zip\n"
        "Requires-Dist: hidden @ file:///tmp/x ; python_version >= '3'\n"
        "Requires-Python: >=3.9,<4\nProvides-Extra: x\nDynamic: Requires-Dist\n"
        "License: MIT\n        \n        folded\n\nThe description.\n"
    )
    found, wrong = read_metadata(text.encode(), said())
    assert wrong == []
    assert (found.name, found.version) == ("frob", "1.0")
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert found.requires_dist == (
        'dep>=1.0; extra == "x"',
        "direct @ https://example.com/direct.zip",
        'hidden @ file:///tmp/x ; python_version >= "3"',
    )
    assert found.url_requirements == found.requires_dist[1:]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.0", "2.1", "2.4", "2.5", "2.6"])
def test_a_known_metadata_version_or_a_later_minor_one_is_fine(version: str) -> None:
    assert problems(METADATA.replace("2.1", version)) == []


@pytest.mark.parametrize("version", ["99", "3.0", "1.3", "2", "2.1.1", "2.x", "", "2.٣", "2.100"])
def test_no_other_is(version: str) -> None:
    [problem] = problems(METADATA.replace("Version: 2.1", f"Version: {version}"))
    assert problem.startswith("Metadata-Version is ")
    assert problem.endswith(", and not 1.x or 2.x")


@pytest.mark.parametrize(
    ("name", "filename"),
    [("Frob", FILENAME), ("fr.ob_x", "fr_ob_x-1.0-py3-none-any.whl")],
)
def test_a_name_is_compared_as_a_name(name: str, filename: str) -> None:
    assert problems(METADATA.replace("frob", name), filename) == []


def test_a_version_is_compared_as_a_version() -> None:
    assert problems(METADATA.replace("Version: 1.0\n", "Version: v1.0.0\n")) == []
    local = METADATA.replace("Version: 1.0\n", "Version: 1.0+cpu.1\n")
    assert problems(local, "frob-1.0+cpu.1-py3-none-any.whl") == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Name: frob", "Name: other", "Name is other, the filename says frob"),
        ("Name: frob\n", "", "Name is not there, and no name"),
        ("Name: frob", "Name: fr ob", "Name is 'fr ob', and no name"),
        ("Name: frob", "Name: -frob", "Name is '-frob', and no name"),
        ("Name: frob", "Name: fröb", "Name is 'fröb', and no name"),
        ("\nVersion: 1.0", "\nVersion: 1.1", "Version is 1.1, the filename says 1.0"),
        ("\nVersion: 1.0", "", "Version is not there, and no version"),
        ("\nVersion: 1.0", "\nVersion: one", "Version is 'one', and no version"),
        ("\nVersion: 1.0", f"\nVersion: {'1' * 1999}", "Version is 1111"),
        ("\nVersion: 1.0", f"\nVersion: {'1' * 9999}", "Version is '1111"),
    ],
)
def test_metadata_that_is_not_the_filenames_is_refused(old: str, new: str, problem: str) -> None:
    [found] = problems(METADATA.replace(old, new))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "field",
    ["Metadata-Version: 2.1", "Name: frob", "Version: 1.0", "Summary: x", "Requires-Python: >=3"],
)
def test_what_may_be_there_once_is_there_once(field: str) -> None:
    text = METADATA + "Summary: x\nRequires-Python: >=3\n"
    assert problems(text) == []
    name = field.partition(":")[0].lower()
    assert f"{name} is there twice" in problems(f"{text}{field}\n")
    assert f"{name} is there twice" in problems(f"{field.upper()}\n{text}")


def test_what_may_be_there_often_is_not_complained_of() -> None:
    text = f"{METADATA}Classifier: A\nClassifier: B\nRequires-Dist: a\nRequires-Dist: b\n"
    assert problems(text) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Requires-Dist: dep\n >=1.0", "Requires-Dist can be read in two ways"),
        ("Requires-Dist: =?utf-8?q?evil?=", "Requires-Dist can be read in two ways"),
        ("Requires-Dist: dep\x0c", "Requires-Dist can be read in two ways"),
        ("Requires-Python: >=3\n ,<4", "Requires-Python can be read in two ways"),
        ("Provides-Extra: a\n b", "Provides-Extra can be read in two ways"),
        ("Requires-Dist: dep >=", "Requires-Dist is no requirement: 'dep >='"),
        ("Requires-Dist: ", "Requires-Dist is no requirement: not there"),
        (f"Requires-Dist: a; {'(' * 60}", "Requires-Dist is no requirement"),
        (f"Requires-Dist: {'a' * 2001}", "Requires-Dist is no requirement"),
        ("Requires-Python: three", "Requires-Python is no specifier: 'three'"),
    ],
)
def test_what_an_installer_acts_on_is_the_same_to_all(line: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(f"{METADATA}{line}\n"))


def test_a_good_requirement_hides_no_bad_one() -> None:
    text = f"{METADATA}Requires-Dist: good\nRequires-Dist: b d\nRequires-Dist: good\n"
    assert problems(text) == ["Requires-Dist is no requirement: 'b d'"]


def test_folding_and_encoding_elsewhere_change_nothing() -> None:
    text = f"{METADATA}Author: =?utf-8?q?J=C3=BCrgen?=\nDescription: a\n  b\n"
    assert problems(text) == []


def test_requirements_beyond_all_measure_are_not_read() -> None:
    text = METADATA + "Requires-Dist: a\n" * 10_001
    assert problems(text) == ["10001 requirements are more than 10000"]
    assert problems(METADATA + "Requires-Dist: a\n" * 10_000) == []


@pytest.mark.parametrize("before", ["", "\n", "Classifier: x\n", "Author: x\nVersion: 2\n"])
@pytest.mark.parametrize("field", ["Requires-Dist", "requires-python", "Provides-Extra"])
def test_a_blank_line_does_not_cut_headers_off(before: str, field: str) -> None:
    [problem] = problems(f"{METADATA}\n{before}{field}: evil\n\nText\n")
    assert problem == (
        f"a blank line cuts the headers short: '{field}: evil' is part of the description"
    )


@pytest.mark.parametrize(
    "body",
    [
        *("Certifi: Python SSL Certificates", "About\nRequires-Dist: x", "# Requires-Dist: x"),
        *("Author: me\nLicense: MIT", "Version: 1.0\n\nRequires-Dist: x", "Note: x"),
    ],
)
def test_a_description_may_be_about_anything(body: str) -> None:
    assert problems(f"{METADATA}\n{body}\n") == []


def test_what_cannot_be_read_is_said_once() -> None:
    found, wrong = read_metadata(b"\xff", said())
    assert wrong == ["not UTF-8 at byte 0"]
    assert found.sha256 == hashlib.sha256(b"\xff").hexdigest()


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        (FILENAME, WHEEL),
        (FILENAME, WHEEL.replace("1.0", "1.9")),
        (FILENAME, WHEEL.replace("true", "True")),
        (FILENAME, WHEEL.replace("true", "false")),
        (FILENAME, WHEEL.replace("\n", "\r\n")),
        (FILENAME, f"{WHEEL}\n\n"),
        ("frob-1.0-1-py3-none-any.whl", f"{WHEEL}Build: 1\n"),
        ("frob-1.0-1b-py3-none-any.whl", f"{WHEEL}Build: 1b\n"),
        ("frob-1.0-1-py3-none-any.whl", WHEEL),
        ("frob-1.0-py2.py3-none-any.whl", f"{WHEEL}Tag: py2-none-any\n"),
        ("frob-1.0-py2.py3-none-any.whl", WHEEL.replace("py3", "py2.py3")),
        # Renamed by those who repaired it, or who put a program in.
        ("frob-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "cp311-cp311-linux_x86_64"),
        ("frob-1.0-py3-none-manylinux1_x86_64.whl", WHEEL),
        ("frob-1.0-py2.py3-none-manylinux1_x86_64.whl", "py3-none-manylinux1_x86_64"),
        ("frob-1.0-cp311-cp311-macosx_11_0_arm64.whl", "cp311-cp311-macosx_12_0_universal2"),
    ],
)
def test_what_build_tools_write_is_fine(filename: str, text: str) -> None:
    text = text if "\n" in text else WHEEL.replace("py3-none-any", text)
    assert wheel_problems(text, filename) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHEEL.replace("1.0", "2.0"), "Wheel-Version is '2.0', and not 1.x"),
        (WHEEL.replace("Wheel-Version: 1.0\n", ""), "Wheel-Version is not there, and not 1.x"),
        (WHEEL.replace("true", "yes"), "Root-Is-Purelib is 'yes', and not true or false"),
        (f"{WHEEL}Root-Is-Purelib: false\n", "root-is-purelib is there twice"),
        (f"{WHEEL}Tag: py3\n -none-any\n", "Tag can be read in two ways"),
        (f"{WHEEL}\nTag: py3-none-any\n", "something follows the headers"),
        (f"{WHEEL}Build: 1\n", "Build is '1', the filename says not there"),
        (
            f"{WHEEL}Tag: nonsense\n",
            "a Tag is none, or stands for more than a reader would write out",
        ),
        (f"{WHEEL}Tag: {'a.' * 99}-b-c\n", "a Tag is none, or stands"),
        (f"{WHEEL}Tag: {'a.' * 31}-{'b.' * 31}-c\n", "a Tag is none, or stands"),
        (WHEEL.replace("Tag: py3-none-any\n", ""), "the tags are not there, the filename says"),
        (
            WHEEL.replace("py3-none-any", "cp311-cp311-linux_x86_64"),
            "the tags are 'cp311-cp311-linux_x86_64', the filename says 'py3-none-any'",
        ),
        (WHEEL.replace("py3-none-any", "py3-none-win32"), "the tags are 'py3-none-win32'"),
        (WHEEL.replace("py3", "py2"), "the tags are 'py2-none-any', the filename says"),
        (WHEEL.replace("none", "cp311"), "the tags are 'py3-cp311-any', the filename says"),
    ],
)
def test_wheel_is_the_filenames_and_has_one_reading(text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in wheel_problems(text)), wheel_problems(text)


def test_a_build_number_is_the_filenames() -> None:
    [found] = wheel_problems(f"{WHEEL}Build: 2\n", "frob-1.0-1-py3-none-any.whl")
    assert found == "Build is '2', the filename says '1'"


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "frob.whl",
        "frob-1.0-py3-none-any.zip",
        "frob-one-py3-none-any.whl",
        "frob-1.0-py3-none-any-more-parts.whl",
        "fr ob-1.0-py3-none-any.whl",
        f"frob-1.0-{'9' * 200}x-py3-none-any.whl",
        f"frob-{'9' * 5000}-py3-none-any.whl",
        "x" * 255 + ".whl",
    ],
)
def test_what_is_no_filename_says_nothing(filename: str) -> None:
    found = read_filename(filename)
    if isinstance(found, Filename):
        assert str(found.build[:1]) == f"({'9' * 200},)"
    else:
        assert "wheel" in found or found == "longer than a filename can be"


def test_a_filename_is_no_longer_than_file_systems_allow() -> None:
    rest = "-1.0-py3-none-any.whl"
    longest = "a" * (255 - len(rest)) + rest
    assert said(longest).name == longest.removesuffix(rest)
    assert read_filename(f"a{longest}") == "longer than a filename can be"


def tag(*counts: int) -> str:
    return "-".join(".".join(f"x{n}" for n in range(count)) for count in counts)


def test_a_compressed_tag_stands_for_a_thousand_at_most() -> None:
    bare = WHEEL.replace("Tag: py3-none-any\n", "")
    one, two = f"Tag: {tag(10, 10, 9)}\n", f"Tag: {tag(10, 10, 1)}\n"
    assert "tags are" in wheel_problems(bare + one + two)[0]
    assert "a Tag is none" in wheel_problems(bare + one + two + two)[0]
    assert "a Tag is none" in wheel_problems(f"{bare}Tag: {tag(7, 11, 13)}\n")[0]


def test_a_filename_stands_for_a_thousand_at_most() -> None:
    assert len(said(f"frob-1.0-{tag(10, 10, 10)}.whl").tags) == 1000
    assert read_filename(f"frob-1.0-{tag(7, 11, 13)}.whl") == "a filename of more than 1000 tags"


def test_a_wheel_under_no_name_is_still_read() -> None:
    content = content_of(filename="nonsense")
    assert (content.name, content.version, content.tags) == ("frob", "1.0", ())
    assert [(rule, member) for rule, member, _ in complaints(content)] == [
        ("metadata-mismatch", None)
    ]


def test_defects_name_the_file_they_are_in() -> None:
    content = content_of({f"{INFO}/METADATA": METADATA.replace("frob", "other")})
    assert complaints(content) == [
        (
            "metadata-mismatch",
            f"{INFO}/METADATA",
            "METADATA: Name is other, the filename says frob",
        )
    ]


@pytest.mark.parametrize("file", ["METADATA", "WHEEL"])
def test_a_wheel_has_both_files(file: str) -> None:
    content = content_of({f"{INFO}/{file}": None})
    assert complaints(content) == [("metadata-mismatch", None, f"there is no {file}")]
