"""Lock files of PEP 751, as they come: from uv, from pip, from a checkout, from an attacker."""

from __future__ import annotations

import contextlib
import os
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.tags import Tag

from guard import lock_file, plan
from guard.errors import UnsupportedError, UsageError
from guard.model import Admitted, FileKind
from guard.plan import Planned
from guard.publisher import PublisherKind
from tests.builders import a_candidate, a_digest, a_file, a_listing, a_verdict, ago

SHA256: Final = a_digest()
HEAD: Final = 'lock-version = "1.0"\ncreated-by = "a test"\n'
REFUSED: Final = "under frob 1|names a file that is none|is no lock file of PEP 751"
LINUX: Final = [Tag("cp311", "cp311", "manylinux_2_17_x86_64"), Tag("py3", "none", "any")]
MAC: Final = [Tag("cp311", "cp311", "macosx_11_0_arm64"), Tag("py3", "none", "any")]


def chosen(text: str, *, folder: Path = Path("/srv"), tags: list[Tag] = LINUX) -> list[Planned]:
    lock = plan.parse((HEAD + dedent(text)).encode(), name="pylock.toml")
    environment = default_environment()
    return list(plan.select(lock, environment=environment, tags=tags, folder=folder))


def a_package(entry: str, *, name: str = "frob", version: str | None = "1.0") -> str:
    said = "" if version is None else f'version = "{version}"\n'
    return f'[[packages]]\nname = "{name}"\n{said}{entry}\n'


def a_wheel(filename: str = "frob-1.0-py3-none-any.whl", *, said: str = "url", at: str = "") -> str:
    at = at or f"https://files.example.com/{filename}"
    return f'wheels = [{{{said} = "{at}", hashes = {{sha256 = "{SHA256}"}}}}]'


# The example of PEP 751, without the comments.
EXAMPLE: Final = """
    requires-python = ">=3.11"
    environments = ["sys_platform == 'win32'", "sys_platform != 'win32'"]

    [[packages]]
    name = "attrs"
    version = "25.1.0"
    requires-python = ">=3.8"
    wheels = [
      {name = "attrs-25.1.0-py3-none-any.whl", upload-time = 2025-01-25T11:30:10.164985+00:00, \
url = "https://files.example.com/attrs-25.1.0-py3-none-any.whl", size = 63152, hashes = \
{sha256 = "C75A69E28A550A7E93789579C22AA26B0F5B83B75DC4E08FE092980051E1090A"}},
    ]
    [[packages.attestation-identities]]
    environment = "release-pypi"
    kind = "GitHub"
    repository = "python-attrs/attrs"
    workflow = "pypi-package.yml"

    [[packages]]
    name = "absent"
    version = "1"
    marker = "sys_platform == 'nowhere'"
    wheels = [{name = "absent-1-py3-none-any.whl", path = "x.whl", hashes = {sha256 = "ab"}}]

    [tool.uv]
    anything = 1
"""


def test_the_example_of_the_standard() -> None:
    (planned,) = chosen(EXAMPLE)
    assert planned.file == a_file(
        "attrs",
        "25.1.0",
        hashes={"sha256": "c75a69e28a550a7e93789579c22aa26b0f5b83b75dc4e08fe092980051e1090a"},
        size=63152,
    )
    assert planned.direct is False
    (identity,) = planned.identities
    assert (identity.kind, identity.repository) == (PublisherKind.GITHUB, ("python-attrs/attrs",))


@pytest.mark.parametrize(
    ("entry", "kind", "filename", "direct"),
    [
        (
            f'sdist = {{path = "frob-1.0.tar.gz", hashes = {{sha256 = "{SHA256}"}}}}',
            FileKind.SDIST,
            "frob-1.0.tar.gz",
            False,
        ),
        (
            f'archive = {{url = "https://e.example/main.zip", hashes = {{sha256 = "{SHA256}"}}}}',
            FileKind.SDIST,
            "main.zip",
            True,
        ),
        (
            f'archive = {{path = "frob-1.0-py3-none-any.whl", hashes = {{sha256 = "{SHA256}"}}}}',
            FileKind.WHEEL,
            "frob-1.0-py3-none-any.whl",
            True,
        ),
        (
            'vcs = {type = "git", url = "https://e.example/frob.git", commit-id = "abc"}',
            FileKind.SOURCE_TREE,
            "frob.git",
            True,
        ),
        ('directory = {path = "tree", editable = true}', FileKind.SOURCE_TREE, "tree", True),
    ],
)
def test_what_is_no_wheel_of_an_index_is_told_apart(
    entry: str, kind: FileKind, filename: str, *, direct: bool
) -> None:
    (planned,) = chosen(a_package(entry))
    assert (planned.file.kind, planned.file.filename) == (kind, filename)
    assert planned.direct is direct


def test_the_wheel_for_the_environment_is_chosen() -> None:
    names = ["frob-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", "frob-1.0-py3-none-any.whl"]
    entries = ", ".join(a_wheel(name).removeprefix("wheels = [")[:-1] for name in names)
    text = a_package(f"wheels = [{entries}]")
    assert [p.file.filename for p in chosen(text, tags=LINUX)] == names[:1]
    assert [p.file.filename for p in chosen(text, tags=MAC)] == names[1:]


def test_where_nothing_fits_it_is_said() -> None:
    text = a_package(a_wheel("frob-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"))
    with pytest.raises(UsageError, match="has nothing for this environment") as caught:
        chosen(text, tags=MAC)
    assert caught.value.hint is not None


def test_a_path_is_relative_to_the_lock(tmp_path: Path) -> None:
    text = a_package(a_wheel(said="path", at="wheels/../frob-1.0-py3-none-any.whl"))
    (planned,) = chosen(text, folder=tmp_path)
    assert planned.file.url == (tmp_path / "frob-1.0-py3-none-any.whl").as_uri()


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@files.example.com/frob-1.0-py3-none-any.whl",
        "https://us@er:s@cret@files.example.com/frob-1.0-py3-none-any.whl#sha256=x",
    ],
)
def test_a_password_is_not_kept(url: str) -> None:
    (planned,) = chosen(a_package(a_wheel(at=url)))
    assert planned.file.url == "https://files.example.com/frob-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "filename",
    [
        "evil-1.0-py3-none-any.whl",
        "frob-2.0-py3-none-any.whl",
        "frob-1.0.post1-py3-none-any.whl",
        "frob-1.0+local-py3-none-any.whl",
        "frob_x-1.0-py3-none-any.whl",
        "frob-1.0-1..%2F..%2Fx-py3-none-any.whl",
        "frob-1.0-1..%5Cx-py3-none-any.whl",
        "frob-1.0.whl",
        f"frob-1.0-{'9' * 300}-py3-none-any.whl",
        "",
    ],
)
@pytest.mark.parametrize("form", ["wheels", "archive"])
def test_a_file_belongs_to_the_release_in_its_name(filename: str, form: str) -> None:
    """A deny entry for `evil` must not be got around by listing its wheel under `frob`."""
    entry = a_wheel(filename)
    if form == "archive":
        entry = entry.replace("wheels = [", "archive = ")[:-1]
        entry = entry.replace('example.com/"', 'example.com/.whl/"')
    with pytest.raises(UsageError, match=REFUSED):
        chosen(a_package(entry))


@pytest.mark.parametrize("form", ["wheels", "archive"])
def test_a_name_may_be_spelled_as_wheels_are(form: str) -> None:
    entry = a_wheel("Frob_Nicate-1.0.0-py3-none-any.whl")
    if form == "archive":
        entry = entry.replace("wheels = [", "archive = ")[:-1]
    (planned,) = chosen(a_package(entry, name="frob-nicate"))
    assert (planned.file.project, str(planned.file.version)) == ("frob-nicate", "1.0.0")


def test_a_good_package_hides_no_bad_one() -> None:
    good = a_package(a_wheel("dep-1.0-py3-none-any.whl"), name="dep")
    bad = a_package(a_wheel("evil-1.0-py3-none-any.whl"))
    for text in (good + bad, bad + good):
        with pytest.raises(UsageError, match=REFUSED):
            chosen(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (a_package(a_wheel(said="path", at="nul\\u0000/frob-1.0-py3-none-any.whl")), "is none"),
        (a_package(a_wheel(at="https://[bad/frob-1.0-py3-none-any.whl")), "no lock file|is none"),
        (a_package(""), "no lock file"),
        (a_package("wheels = []", name="Not_Normal"), "no lock file"),
        (a_package(a_wheel(), version="one"), "no lock file"),
        (a_package(a_wheel(), version="9" * 5000), "no lock file"),
        (a_package('wheels = [{url = "https://e.example/frob-1.0-py3-none-any.whl"}]'), "no lock"),
        (a_package(a_wheel()) + a_package(a_wheel()), "has nothing for this environment"),
        (a_package(a_wheel() + '\nmarker = "((((("'), "no lock file"),
        ("packages = 1", "no lock file"),
        ("packages = [1]", "no lock file"),
        (f'packages = []\nrequires-python = "=={"9" * 5000}"', "has nothing for this environment"),
        ('packages = []\nrequires-python = ">=9"', "has nothing for this environment"),
        ("packages = [", "is not TOML"),
        (f"packages = {'9' * 5000}", "is not TOML"),
        ("packages = " + "[" * 9999, "is not TOML"),
    ],
)
def test_a_lock_that_cannot_be_read_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        chosen(text)


@pytest.mark.parametrize("version", ["2.0", "0.9", "x", ""])
def test_a_lock_of_another_version_is_refused(version: str) -> None:
    text = f'lock-version = "{version}"\ncreated-by = "x"\npackages = []\n'
    with pytest.raises(UsageError, match="no lock file of PEP 751"):
        plan.parse(text.encode(), name="pylock.toml")


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_pipe_in_place_of_a_lock_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pylock.toml")
    with pytest.raises(UsageError, match="could not be read"):
        plan.read(tmp_path / "pylock.toml")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "pylock.toml", tmp_path):
        with pytest.raises(UsageError, match="could not be read"):
            plan.read(path)
    (tmp_path / "pylock.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not TOML"):
        plan.read(tmp_path / "pylock.toml")


@pytest.mark.parametrize(
    ("name", "lock"),
    [("pylock.toml", True), ("pylock.dev.toml", True), ("pyproject.toml", False), ("a.txt", False)],
)
def test_a_lock_is_known_by_its_name(name: str, *, lock: bool) -> None:
    assert plan.is_lock(Path("sub") / name) is lock


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    path.write_bytes(b"the bytes")
    listing = a_listing(upload_time=ago(days=30))
    candidate = a_candidate(file=a_file("frob", "1.0"), listing=listing)
    admitted = Admitted(a_verdict(candidate), path, SHA256)
    body = lock_file.serialize(lock_file.lock([admitted], python="3.11"))
    lock = plan.parse(body, name="pylock.toml")
    environment = default_environment()
    (planned,) = plan.select(lock, environment=environment, tags=LINUX, folder=tmp_path)
    assert planned.file == a_file("frob", "1.0", size=9)
    document = tomllib.loads(body.decode())
    assert document["packages"][0]["wheels"][0]["upload-time"] == ago(days=30)


def every(text: str) -> list[Planned]:
    lock = plan.parse((HEAD + dedent(text)).encode(), name="pylock.toml")
    return list(plan.every(lock, folder=Path("/srv")))


def test_a_plan_for_every_platform_has_every_wheel_and_no_source_beside_one() -> None:
    sdist = (
        f'sdist = {{url = "https://x.example/frob-1.0.tar.gz", hashes = {{sha256 = "{SHA256}"}}}}'
    )
    text = a_package(f"marker = \"sys_platform == 'win32'\"\n{sdist}\n{a_wheel()}")
    (planned,) = every(text)
    assert (planned.file.filename, str(planned.marker)) == (
        "frob-1.0-py3-none-any.whl",
        'sys_platform == "win32"',
    )
    (planned,) = every(a_package(sdist))
    assert planned.file.kind is FileKind.SDIST


@pytest.mark.parametrize(("files", "size"), [(5_001, 1), (21, 1 << 30)])
def test_a_plan_that_nobody_could_judge_is_refused(files: int, size: int) -> None:
    wheels = ", ".join(
        f'{{url = "https://x.example/frob-1.0-{n}-py3-none-any.whl", size = {size}, '
        f'hashes = {{sha256 = "{SHA256}"}}}}'
        for n in range(files)
    )
    with pytest.raises(UnsupportedError, match=f"would hold {files} files"):
        every(a_package(f"wheels = [{wheels}]"))


keys = st.sampled_from(
    ["name", "version", "wheels", "sdist", "archive", "vcs", "directory", "url", "path", "hashes"]
) | st.sampled_from(["marker", "requires-python", "attestation-identities", "kind", "sha256"])
words = st.sampled_from(["frob", "1.0", "https://[", "frob-1.0-py3-none-any.whl", "", "..", "((("])
values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(0, 9) | words | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=10,
)


@given(packages=st.lists(st.dictionaries(keys, values, max_size=5), max_size=3) | values)
@settings(max_examples=300, deadline=None)
@example(packages=[{"name": "frob", "directory": {"path": "\x00"}}])
def test_any_document_is_a_plan_or_a_usage_error(packages: object) -> None:
    for read in (chosen, every):
        with contextlib.suppress(UsageError):
            read(tomli_w.dumps({"packages": packages}))


@given(body=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_lock_or_a_usage_error(body: bytes) -> None:
    with contextlib.suppress(UsageError):
        plan.parse(body, name="pylock.toml")
