"""One requirement: by name, with its pin and its digests, or by URL or path."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.errors import UnsupportedError, UsageError
from guard.model import FileKind, Requested
from guard.request import Wanted
from tests.builders import a_digest, a_file
from tests.request.asking import asked

GOOD = a_digest()
WHEEL = "frob-1.0-py3-none-any.whl"
URL = f"https://files.example.com/{WHEEL}"


def names(wanted: Wanted) -> set[str]:
    return set(wanted.names)


@pytest.mark.parametrize(
    "text",
    [
        *("frob", "Frob", "frob[extra,other]", "frob >=1 , <2", "frob(>=1)", "frob~=1.0"),
        *('frob; python_version < "3"', "frob ; sys_platform == 'win32'", "frob===weird"),
    ],
)
def test_a_project_is_asked_for_by_name(text: str) -> None:
    wanted = asked(text)
    assert names(wanted) == {"frob"}
    assert wanted.direct == []


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("frob==1.0", "1.0"),
        ("frob===1.0", "1.0"),
        ("frob == 1.0, >=0.5", "1.0"),
        ("frob==1.0+local", "1.0+local"),
        ("frob[extra]==1.0rc1 ; python_version > '3'", "1.0rc1"),
    ],
)
def test_an_exact_version_is_a_pin(text: str, version: str) -> None:
    assert asked(text).pins() == {"frob": frozenset({Version(version)})}


@pytest.mark.parametrize(
    "text", ["frob", "frob>=1.0", "frob==1.*", "frob~=1.0", "frob===weird", "frob!=1.0"]
)
def test_anything_else_is_no_pin(text: str) -> None:
    assert asked(text).pins() == {}


def test_a_version_that_no_number_can_hold_is_no_pin() -> None:
    assert asked(f"frob=={'9' * 5000}").pins() == {}


@pytest.mark.parametrize(
    ("text", "version", "pinned"),
    [
        ("frob==1.0", "1.0", True),
        ("frob==1.0", "1.0.0", True),
        ("frob==1.0", "1.0+local", True),
        ("frob==1.0+local", "1.0", False),
        ("frob==1.0+local", "1.0+other", False),
        ("frob==1.0", "1.0.post1", False),
        ("FROB==1.0", "1.0", True),
        ("frobber==1.0", "1.0", False),
    ],
)
def test_a_file_is_pinned_as_pep_440_has_it(text: str, version: str, *, pinned: bool) -> None:
    assert asked(text).requested(a_file("frob", version)).pinned is pinned


def test_who_was_asked_for_and_who_was_only_needed() -> None:
    wanted = asked("Frob==1.0", "dep>=2")
    assert wanted.requested(a_file("frob", "1.0")) == Requested(named=True, pinned=True)
    assert wanted.requested(a_file("dep", "2.0")) == Requested(named=True)
    assert wanted.requested(a_file("other", "1.0")) == Requested()
    assert wanted.requested(a_file("frob", None)) == Requested(named=True)


@pytest.mark.parametrize(
    "written",
    [f"--hash=sha256:{GOOD}", f"--hash sha256:{GOOD}", f"--hash= sha256:{GOOD.upper()}"],
)
@pytest.mark.parametrize("requirement", ["frob==1.0", "frob", "frob[x]>=1 ; python_version>'3'"])
def test_a_digest_is_demanded_of_the_file(requirement: str, written: str) -> None:
    requested = asked(f"{requirement} {written}").requested(a_file("frob", "1.0"))
    assert requested.hashes == {("sha256", GOOD)}


def test_digests_of_several_files_are_one_demand() -> None:
    other = a_digest(algorithm="sha512")
    text = f"frob==1.0 --hash=sha256:{GOOD}\t--hash=sha512:{other} --hash sha256:{'b' * 64}"
    assert asked(text).requested(a_file("frob", "1.0")).hashes == {
        ("sha256", GOOD),
        ("sha512", other),
        ("sha256", "b" * 64),
    }


def test_a_local_version_does_not_get_around_the_digests() -> None:
    """An index could offer 1.0+evil for ==1.0, and pip would take it for the better one."""
    wanted = asked(f"frob==1.0 --hash=sha256:{GOOD}")
    assert wanted.requested(a_file("frob", "1.0+evil")).hashes == {("sha256", GOOD)}


def test_digests_are_those_of_their_own_requirement() -> None:
    wanted = asked(f"frob==1.0 --hash=sha256:{GOOD}", f"dep --hash=sha256:{'b' * 64}")
    assert wanted.requested(a_file("frob", "2.0")).hashes == set()
    assert wanted.requested(a_file("dep", "2.0")).hashes == {("sha256", "b" * 64)}
    assert wanted.requested(a_file("other", "1.0")).hashes == set()


@pytest.mark.parametrize(
    "written",
    ["md5:" + "0" * 32, "sha256:", "sha256", "sha256:abc", "sha256:" + "g" * 64, "", "SHA256:x"],
)
def test_a_digest_that_is_none_is_an_error(written: str) -> None:
    with pytest.raises(UsageError, match="is no sha256, sha384 or sha512 digest"):
        asked(f"frob==1.0 --hash={written}")


@pytest.mark.parametrize(
    "option",
    [
        *("--config-settings=x", "--global-option x", "--no-binary=:all:", "-e ./x", "-C x"),
        *("--only-binary=:none:", "--only-binary\t:none:", "-ihttps://evil.example/", "--x"),
    ],
)
@pytest.mark.parametrize("requirement", ["frob", "frob==1.0", f"./{WHEEL}", f"frob @ {URL}"])
def test_any_other_option_is_refused(requirement: str, option: str) -> None:
    for text in (f"{requirement} {option}", f"{requirement} --hash=sha256:{GOOD} {option}"):
        with pytest.raises(UnsupportedError, match=r"is not supported for one requirement"):
            asked(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "frob bar", "-r x.txt", "--pre", "frob==", "frob=1.0", "frob>=1.0,==", "[x]"),
        *("frob; python_version", "frob\nevil", "frob # comment", "frob\\", "frob;" + "(" * 9999),
    ],
)
def test_what_is_no_requirement_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="the command line: ") as caught:
        asked(text)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("text", "url", "kind"),
    [
        (URL, URL, FileKind.WHEEL),
        (f"frob @ {URL}", URL, FileKind.WHEEL),
        (f"frob[x]@{URL} ; python_version > '3'", URL, FileKind.WHEEL),
        (f"{URL}#egg=frob", URL, FileKind.WHEEL),
        ("https://e.example/frob-1.0.tar.gz", "https://e.example/frob-1.0.tar.gz", FileKind.SDIST),
        ("https://e.example/frob.zip", "https://e.example/frob.zip", FileKind.SDIST),
        ("git+https://e.example/frob.git@v1", "git+https://e.example/frob.git@v1", None),
        ("frob @ git+ssh://git@e.example/frob", "git+ssh://e.example/frob", None),
        ("https://e.example/", "https://e.example/", None),
        (f"file:///srv/{WHEEL}", f"file:///srv/{WHEEL}", FileKind.WHEEL),
    ],
)
def test_a_url_is_asked_for_directly(text: str, url: str, kind: FileKind | None) -> None:
    (file,) = asked(text).direct
    assert (file.url, file.kind) == (url, kind or FileKind.SOURCE_TREE)
    assert names(asked(text)) == set()


@pytest.mark.parametrize(
    "text",
    [
        f"./{WHEEL}",
        f"././x/../{WHEEL}",
        f"file:{WHEEL}",
        WHEEL,
        f"./{WHEEL}[extra]",
        f"./{WHEEL} ;x",
        f"{WHEEL}[x]",
    ],
)
def test_a_path_is_looked_for_where_pip_and_uv_look(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (file,) = asked(text).direct
    assert file.url == (tmp_path / WHEEL).as_uri()
    assert (file.project, str(file.version)) == ("frob", "1.0")


@pytest.mark.parametrize(
    "name", ["frob-1.0.tar.bz2", "frob.TGZ", "frob.zip[extra]", "frob.txz ; x"]
)
def test_what_ends_like_an_archive_is_a_file_to_pip_and_uv(name: str) -> None:
    wanted = asked(name.replace("; x", "; python_version > '3'"))
    assert (len(wanted.direct), names(wanted)) == (1, set())


def test_the_file_of_a_folder_is_a_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (file,) = asked(".").direct
    assert (file.kind, file.version, file.url) == (FileKind.SOURCE_TREE, None, tmp_path.as_uri())


@pytest.mark.parametrize(
    "text",
    [f"frob @ {URL} --hash=sha256:{GOOD}", f"{URL}#sha256={GOOD}", f"{URL}#egg=x&sha256={GOOD}"],
)
def test_the_digests_of_a_url_are_demanded_too(text: str) -> None:
    assert asked(text).requested(a_file("frob", "1.0")).hashes == {("sha256", GOOD)}


def test_both_digests_of_a_url_are_one_demand() -> None:
    requested = asked(f"frob @ {URL}#sha256={GOOD} --hash=sha256:{'b' * 64}").requested(
        a_file("frob", "1.0")
    )
    assert requested.hashes == {("sha256", GOOD), ("sha256", "b" * 64)}


@pytest.mark.parametrize(
    "text",
    [
        "https://user:secret@files.example.com/frob-1.0.tar.gz",
        "frob @ https://secret@files.example.com/frob-1.0.tar.gz",
        "https://us@er:sec@secret@files.example.com/frob-1.0.tar.gz",
    ],
)
def test_a_password_is_not_kept(text: str) -> None:
    (file,) = asked(text).direct
    assert file.url == "https://files.example.com/frob-1.0.tar.gz"


@pytest.mark.parametrize(
    "text",
    [
        "https://user:secret@[bad/frob.whl",
        "frob @@ https://user:secret@files.example.com/a%2Fb.whl",
    ],
)
def test_a_password_is_not_repeated_in_a_complaint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(text)
    assert "user:secret@[" not in str(caught.value)
    assert "//user:secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["https://e.example/a%2Fb.whl", "https://e.example/a%5Cb.whl"])
def test_a_separator_in_a_file_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="has a separator in its file name"):
        asked(text)


@pytest.mark.parametrize("text", ["https://[bad/x.whl", "~nobody-has-this-name/x", "./x\x00.whl"])
def test_what_is_no_url_and_no_path_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not a URL or a path"):
        asked(text)


def test_a_wheel_with_a_billion_tags_is_not_read() -> None:
    tag = ".".join(f"py{i}" for i in range(1000))
    (file,) = asked(f"https://e.example/frob-1.0-{tag}-{tag}-{tag}.whl").direct
    assert file.kind is FileKind.SOURCE_TREE


def test_the_name_of_a_requirement_is_the_key_of_its_digests() -> None:
    wanted = asked(f"Frob @ https://e.example/archive.tar.gz --hash=sha256:{GOOD}")
    assert list(wanted.hashes) == [(canonicalize_name("frob"), None)]
