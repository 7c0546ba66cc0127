"""Requirements files: what they ask for, what they include, and what is refused in them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guard.errors import UnsupportedError, UsageError
from guard.request import IndexOptions, Request, read
from tests.builders import a_digest, a_file
from tests.request.asking import asked, in_file

GOOD: Final = a_digest()


def test_comments_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    wanted = in_file(
        tmp_path, "# one\n\n  # two\nfrob  # three\n\t\ndep#4 # five\n".replace("#4", "")
    )
    assert wanted.names == {"frob", "dep"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_end_in_any_way(end: str, mark: str, tmp_path: Path) -> None:
    wanted = in_file(tmp_path, f"{mark}frob==1.0{end}dep{end}# x")
    assert wanted.names == {"frob", "dep"}


def test_a_line_may_be_continued(tmp_path: Path) -> None:
    text = f"frob==1.0 \\\n  --hash=sha256:{GOOD} \\\n  --hash=sha256:{'b' * 64}\ndep\\\n"
    wanted = in_file(tmp_path, text)
    assert wanted.names == {"frob", "dep"}
    assert wanted.requested(a_file("frob", "1.0")).hashes == {
        ("sha256", GOOD),
        ("sha256", "b" * 64),
    }


@pytest.mark.parametrize("comment", ["# why", "# why \\"])
def test_a_comment_ends_a_continued_line(comment: str, tmp_path: Path) -> None:
    assert in_file(tmp_path, f"frob \\\n{comment}\ndep\n").names == {"frob", "dep"}


def test_a_variable_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUARD_TEST_NAME", "frob")
    monkeypatch.setenv("GUARD_TEST_EMPTY", "")
    assert in_file(tmp_path, "${GUARD_TEST_NAME}==1.0\n").names == {"frob"}
    for unknown in ("${GUARD_TEST_EMPTY}", "${GUARD_TEST_NOT_SET}", "$GUARD_TEST_NAME"):
        with pytest.raises(UsageError, match="is not a requirement"):
            in_file(tmp_path, f"x{unknown}\n")


def test_files_include_others_from_beside_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.txt").write_text("-r ../base.txt\ndep\n-c limits.txt\n")
    (tmp_path / "base.txt").write_text("base\n")
    (tmp_path / "sub/limits.txt").write_text(f"frob==1.0 --hash=sha256:{GOOD}\nother==3\n")
    monkeypatch.chdir("/")
    wanted = in_file(tmp_path, "frob\n--requirement=sub/more.txt\n")
    assert wanted.names == {"frob", "dep", "base"}
    assert wanted.pins() == {}
    assert wanted.requested(a_file("frob", "1.0")).hashes == {("sha256", GOOD)}


def test_files_may_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt\na\n")
    (tmp_path / "b.txt").write_text("-r ./a.txt\n-c a.txt\n-r b.txt\nb\n")
    assert in_file(tmp_path, "-r a.txt\n-r requirements.txt\n").names == {"a", "b"}


@pytest.mark.parametrize("lines", ["-c a.txt\n-r a.txt\n", "-r a.txt\n-c a.txt\n"])
def test_a_file_that_constrains_may_ask_as_well(lines: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("frob==1.0\n")
    assert in_file(tmp_path, lines).names == {"frob"}


def test_what_a_constraint_includes_constrains(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("frob==1.0\n-e ./tree\n")
    wanted = (
        in_file(tmp_path, "-c b.txt\n") if (tmp_path / "b.txt").write_text("-r a.txt") else None
    )
    assert wanted is not None
    assert (wanted.names, wanted.direct) == (frozenset(), [])


def test_constraints_of_the_command_line_ask_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "limits.txt"
    path.write_text(f"frob==1.0 --hash=sha256:{GOOD}\n")
    wanted = read(Request(constraint_files=(path,)))
    assert wanted.names == frozenset()
    assert wanted.requested(a_file("frob", "1.0")).hashes == {("sha256", GOOD)}


def test_the_options_of_a_file_are_those_of_the_whole_request(tmp_path: Path) -> None:
    text = """
        --index-url https://user:pw@one.example/simple?a=b
        -i https://two.example/simple
        --extra-index-url=https://three.example/simple?token=x=y
        --find-links https://four.example/
        --no-index
        --pre
        --prefer-binary
        --require-hashes
        --only-binary :all:
        --only-binary=frob,dep
        --trusted-host one.example
    """
    wanted = in_file(tmp_path, text)
    assert wanted.indexes == [
        IndexOptions(),
        IndexOptions(index_url="https://user:pw@one.example/simple?a=b"),
        IndexOptions(index_url="https://two.example/simple"),
        IndexOptions(extra_index_urls=("https://three.example/simple?token=x=y",)),
        IndexOptions(find_links=("https://four.example/",)),
        IndexOptions(no_index=True),
    ]
    assert (wanted.pre, wanted.require_hashes) == (True, True)


def test_links_are_looked_for_beside_the_file_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub/wheels").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    wanted = in_file(tmp_path / "sub", "-f wheels\n-f ./elsewhere\n")
    links = [options.find_links for options in wanted.indexes[1:]]
    assert links == [(str(tmp_path / "sub/wheels"),), ("./elsewhere",)]


def test_an_editable_is_asked_for_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = in_file(tmp_path, "-e tree\n--editable=./tree[x]\n-e git+https://e.example/frob\n")
    tree = (tmp_path / "tree").as_uri()
    assert [file.url for file in wanted.direct] == [tree, tree, "git+https://e.example/frob"]


@pytest.mark.parametrize(
    "line",
    [
        *("--no-binary :all:", "--no-binary=frob", "--no-b frob", "--only-b :none:", "--build x"),
        *("--only-binary :none:", "--only-binary=:all:,:none:", "--only-binary frob,:none:"),
        *("--index-url https://x.example --only-binary :none:", "--pre --only-binary :none:"),
        *("--pre x", "--no-index=1", "--trusted-host x --no-binary :all:", "--index-url", "-i"),
        *("-r a.txt --only-binary :none:", '-r "a.txt"', "-r 'a.txt'", "-r=a.txt", "-ra.txt"),
        *("--use-feature=fast-deps", "--config-settings x=y", "-ihttps://x.example", "-", "--"),
        *("--requirement", "-e", "--extra-index-url", "--global-option=x", "--hash=sha256:x"),
    ],
)
def test_an_option_that_cannot_be_judged_is_refused(line: str, tmp_path: Path) -> None:
    """`--only-binary :none:` undoes pip's `--only-binary :all:`, and pip then builds (I1)."""
    for name in ("a.txt", "a.txt --only-binary :none:", "=a.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(UnsupportedError, match=r"requirements\.txt`, line 2: "):
        in_file(tmp_path, f"frob\n{line}\n")
    (tmp_path / "inner.txt").write_text(line)
    with pytest.raises(UnsupportedError, match=r"inner\.txt`, line 1: "):
        in_file(tmp_path, "-c inner.txt\n")


def test_an_option_may_not_hide_in_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARD_TEST_VALUE", "x --only-binary :none:")
    for line in ("--trusted-host ${GUARD_TEST_VALUE}", "frob ${GUARD_TEST_VALUE}"):
        with pytest.raises(UnsupportedError):
            in_file(tmp_path, line)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("frob # x \\\n--only-binary :none:\n", "line 1: a comment ends in a backslash"),
        ("dep\nfrob \\\n>=1 # x \\\n--no-binary frob\n", "line 3: a comment ends in a backslash"),
        ("frob # x\x0cevil\n", r"has a character U\+000C"),
        ("frob # x\x85evil\n", r"has a character U\+0085"),
        ("frob # x\u2028evil\n", r"has a character U\+2028"),
        ("frob\x0b--pre\n", r"has a character U\+000B"),
        ("# -*- coding: utf-7 -*-\n# +AAo-evil\n", "declares the encoding `utf-7`"),
        ("frob\n#coding=latin-1\n", "declares the encoding `latin-1`"),
        (
            "#!/usr/bin/env python\n# /// script\r\n# dependencies = []\n",
            "the metadata of a script",
        ),
        ("# vim: set fileencoding=no-such-thing :\n", "declares the encoding `no-such-thing`"),
    ],
)
def test_what_pip_and_uv_do_not_read_alike_is_refused(
    text: str, complaint: str, tmp_path: Path
) -> None:
    """Nobody could say which of the two was judged."""
    with pytest.raises(UnsupportedError, match=complaint):
        in_file(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    ["# -*- coding: utf-8 -*-\nfrob\n", "# coding: UTF8\nfrob\n", "\n\n# coding: utf-7\nfrob"],
)
def test_an_encoding_that_changes_nothing_is_fine(text: str, tmp_path: Path) -> None:
    assert in_file(tmp_path, text).names == {"frob"}


@pytest.mark.parametrize("body", ["frob\n".encode("utf-16"), b"frob # \xff\n", b"\xff\xfe"])
def test_a_file_that_is_not_utf_8_is_an_error(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not UTF-8"):
        in_file(tmp_path, body)


@pytest.mark.parametrize("name", ["missing.txt", ".", "loop", "x" * 300, "nul\x00"])
def test_a_file_that_cannot_be_read_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="could not be read"):
        read(Request(requirement_files=(tmp_path / name,)))
    with pytest.raises(UsageError, match="could not be read"):
        in_file(tmp_path, f"-r {name}\n")


@pytest.mark.parametrize("url", ["https://x.example/r", "HTTP://x/", "file:///etc/r"])
def test_a_file_that_would_have_to_be_fetched_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="is a URL"):
        read(Request(requirement_files=(Path(url),)))
    with pytest.raises(UnsupportedError, match="is a URL"):
        in_file(tmp_path, f"-c {url}\n")


def test_a_file_that_nobody_can_have_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="larger than 10000000 bytes"):
        in_file(tmp_path, b"#" * 10_000_001)


def test_a_complaint_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.txt`, line 3: `what is this`"):
        in_file(tmp_path, "frob\n# x\nwhat\\\nis this\n")


def test_dependencies_of_a_project(tmp_path: Path) -> None:
    text = '[project]\nname = "p"\ndependencies = ["frob==1.0", "dep; python_version > \'3\'"]\n'
    assert in_file(tmp_path, text, "pyproject.toml").names == {"frob", "dep"}
    assert in_file(tmp_path, "", "pyproject.toml").names == frozenset()


def test_a_project_is_read_as_one_only_where_pip_and_uv_do(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('project.dependencies = ["frob"]\n')
    for line in ("-r pyproject.toml", "-c pyproject.toml"):
        with pytest.raises(UsageError, match="is not a requirement"):
            in_file(tmp_path, line)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('project.dynamic = ["dependencies"]', "computes its dependencies"),
        ('project.dependencies = "frob"', "is no list of strings"),
        ("project.dependencies = [1]", "is no list of strings"),
        ("project.dependencies = {}", "is no list of strings"),
        ('project.dependencies = ["what is this"]', "is not a requirement"),
        ('project.dependencies = ["frob --pre"]', "is not supported for one requirement"),
        ("project = [", "is not TOML"),
        (f"x = {'9' * 5000}", "is not TOML"),
        ("x = " + "[" * 9999, "is not TOML"),
    ],
)
def test_a_project_that_cannot_be_read(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=complaint):
        in_file(tmp_path, text, "pyproject.toml")


pieces = st.sampled_from(
    ["frob", "==1.0", " ", "\\\n", "\n", "#", "-r", "-e", "--hash=", "sha256:", "./", "https://["]
) | st.sampled_from(["~x", "@", ";", "(", "[", "]", "${HOME}", "--only-binary", ":none:", "\x00"])
written = st.lists(pieces | st.text(max_size=8), max_size=12).map("".join)


@given(text=written)
@settings(max_examples=300, deadline=None)
@example(text="frob; " + "(" * 9999)
@example(text=f"frob=={'9' * 5000}")
@example(text="-e ~nobody-has-this-name/x")
@example(text="-f " + "x" * 5000)
def test_any_text_means_something_or_is_refused(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.txt", "any.toml"):
        with contextlib.suppress(UsageError):
            in_file(folder, text.encode("utf-8", "surrogatepass"), name)
    with contextlib.suppress(UsageError):
        asked(text).requested(a_file("frob", "1.0"))


@pytest.mark.parametrize("text", ["[" * 200_000, "frob" + " " * 200_000 + "x", "a" * 200_000])
def test_a_long_line_is_only_long(text: str, tmp_path: Path) -> None:
    with contextlib.suppress(UsageError):
        in_file(tmp_path, f".{os.sep}{text}\n")
    with contextlib.suppress(UsageError):
        in_file(tmp_path, f"{text}\n")
