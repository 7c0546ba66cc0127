"""No third-party code runs before its bytes are admitted: not even to find out what there is."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_startup_payload, a_wheel, an_sdist

SETUP = "import pathlib; pathlib.Path({!r}).write_text('ran')\n"


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a payload writes, whenever it runs."""
    return tmp_path / "the-payload-ran"


@pytest.fixture
def project(guard: Guard, marker: Path) -> Path:
    """A folder that runs a payload when it is built, or asked what it needs."""
    (guard.work / "setup.py").write_text(SETUP.format(str(marker)))
    (guard.work / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
        '[project]\nname = "local"\nversion = "1"\n'
    )
    return guard.work


def old_fashioned(sdist: Artifact) -> Artifact:
    """The same before metadata 2.2: only a build tells what it needs, so a resolver would build."""
    content = gzip.decompress(sdist.content)
    assert b"Metadata-Version: 2.2" in content
    older = content.replace(b"Metadata-Version: 2.2", b"Metadata-Version: 2.1", 1)
    return replace(sdist, content=gzip.compress(older, mtime=0))


@pytest.mark.parametrize(
    ("old", "either"), [(False, "uv"), (True, "uv"), (True, "pip")], indirect=["either"]
)
def test_a_project_of_sources_only_is_denied(
    old: bool, either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    sdist = an_sdist("raw", "1.0", payload=marker)
    index.add(old_fashioned(sdist) if old else sdist, uploaded=LONG_AGO)
    with untouched(either):
        ran = guard.install("raw", into=either, index=index)
    assert_paragraph(ran, 77, "denied[source-distribution]", "raw-1.0.tar.gz")
    assert not marker.exists()


def test_a_dependency_of_sources_only_is_denied(
    either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    index.add(old_fashioned(an_sdist("raw", "1.0", payload=marker)), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "1.0", requires=["raw"]), uploaded=LONG_AGO)
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[source-distribution]", "raw-1.0.tar.gz")
    assert not marker.exists()


def test_newer_sources_give_way_to_an_older_wheel(
    target: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    index.add(a_wheel("raw", "1.0"), uploaded=LONG_AGO)
    index.add(an_sdist("raw", "2.0", payload=marker), uploaded=LONG_AGO)
    ran = guard.install("raw", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0"}
    assert "raw 2.0 (source-distribution" in ran.err
    assert not marker.exists()


@pytest.mark.parametrize(
    ("setting", "either"),
    [
        ("UV_NO_BINARY_PACKAGE", "uv"),
        ("UV_NO_BINARY", "uv"),
        ("uv.toml", "uv"),
        ("pip.conf", "pip"),
        ("PIP_NO_BINARY", "pip"),
        ("PIP_NO_BINARY", "uv"),
    ],
    indirect=["either"],
)
def test_no_configuration_makes_anything_build(
    setting: str, either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    index.add(a_wheel("raw", "1.0"), uploaded=LONG_AGO)
    index.add(old_fashioned(an_sdist("raw", "1.0", payload=marker)), uploaded=LONG_AGO)
    (guard.work / "uv.toml").write_text(
        'no-binary-package = ["raw"]\nno-build = false\n[pip]\nno-binary = ["raw"]\n'
        if setting == "uv.toml"
        else ""
    )
    (guard.work / "pip.conf").write_text("[install]\nno-binary = raw\n")
    settings = {
        "UV_NO_BINARY_PACKAGE": {"UV_NO_BINARY_PACKAGE": "raw"},
        "UV_NO_BINARY": {"UV_NO_BINARY": "1"},
        "PIP_NO_BINARY": {"PIP_NO_BINARY": "raw"},
        "pip.conf": {"PIP_CONFIG_FILE": "pip.conf"},
        "uv.toml": {},
    }[setting]
    ran = guard.install("raw", into=either, index=index, **settings)
    assert not marker.exists()
    assert ran.code in {0, 1, 2, 77}, ran.said
    assert "Traceback" not in ran.said


@pytest.mark.parametrize(
    "words",
    [
        ["-e", "."],
        ["."],
        ["{work}"],
        ["git+https://example.com/frob.git@main"],
        ["https://example.com/frob-1.0-py3-none-any.whl"],
        ["frob @ https://example.com/frob-1.0.tar.gz"],
        ["{index}/files/frob-1.0-py3-none-any.whl"],
        ["./frob-1.0-py3-none-any.whl"],
        ["-r", "direct.txt"],
    ],
    ids=" ".join,
)
def test_what_is_asked_for_by_url_or_path_is_denied_unasked(
    words: list[str],
    either: Environment,
    guard: Guard,
    index: LoopbackIndex,
    project: Path,
    marker: Path,
) -> None:
    a_wheel("frob", "1.0").write_to(project)
    (project / "direct.txt").write_text("frob @ https://example.com/frob-1.0-py3-none-any.whl\n")
    given = [word.format(work=project, index=index.origin) for word in words]
    with untouched(either):
        ran = guard.install(*given, into=either, index=index)
    assert_paragraph(ran, 77, "denied[direct-url]", "nothing was installed")
    assert index.requests == []
    assert not marker.exists()


def test_a_url_in_the_metadata_of_a_wheel_is_denied(
    either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    files = a_wheel("evil", "1.0", files=a_startup_payload(marker))
    with LoopbackIndex() as elsewhere:
        elsewhere.add(files)
        url = elsewhere.file_url(files.filename)
        index.add(a_wheel("frob", "1.0", requires=[f"evil @ {url}"]), uploaded=LONG_AGO)
        with untouched(either):
            ran = guard.install("frob", into=either, index=index)
    assert ran.code not in {0, 70}, ran.said
    assert "evil" in ran.said
    assert "Traceback" not in ran.said
    if either.installer == "pip":
        assert_paragraph(ran, 77, "denied[direct-url]")


@pytest.mark.parametrize("sidecar", [True, False])
def test_a_source_that_a_wheel_requires_by_url_is_not_built(
    sidecar: bool, either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    """`--only-binary` does not count for it, and pip wants to know what it requires."""
    source = an_sdist("evil", "1.0", payload=marker)
    with LoopbackIndex() as elsewhere:
        elsewhere.add(source)
        url = elsewhere.file_url(source.filename)
        index.add(
            a_wheel("frob", "1.0", requires=[f"evil @ {url}"]),
            uploaded=LONG_AGO,
            metadata=sidecar,
        )
        with untouched(either):
            ran = guard.install("frob", into=either, index=index)
    assert not marker.exists()
    assert ran.code not in {0, 70}, ran.said
    assert "Traceback" not in ran.said
    if either.installer == "pip":
        assert_paragraph(ran, 2, "pip would have to build something")


def test_a_url_behind_an_extra_that_nobody_asks_for_is_denied(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """pip and uv install such a wheel without a word; the next install may ask for the extra."""
    url = "https://example.com/evil-1.0-py3-none-any.whl"
    index.add(a_wheel("frob", "1.0", extras={"x": [f"evil @ {url}"]}), uploaded=LONG_AGO)
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[direct-url]", url)


def test_an_allowed_url_is_judged_and_installed_without_building(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    wheel = a_wheel("frob", "1.0", requires=["dep"])
    index.add(wheel)
    index.add(a_wheel("dep", "1.0"), uploaded=LONG_AGO)
    (guard.work / "guard.toml").write_text(
        f'extends = "default"\n[rules.direct-url]\nallow = ["{index.origin}/files/*"]\n'
    )
    url = index.file_url(wheel.filename)
    ran = guard.install(f"frob @ {url}", "--policy", "guard.toml", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    assert not list(either.packages.glob("frob-1.0.dist-info/direct_url.json"))


def test_building_is_refused_however_it_is_asked_for(
    target: Environment, guard: Guard, index: LoopbackIndex, project: Path, marker: Path
) -> None:
    (project / "guard.toml").write_text(
        'extends = "default"\n[rules.direct-url]\nlevel = "off"\n'
        '[rules.source-distribution]\nlevel = "off"\n'
    )
    for words in (["."], ["-e", "."], ["--no-binary", ":all:", "frob"]):
        with untouched(target):
            ran = guard.install(*words, "--policy", "guard.toml", into=target, index=index)
        assert_paragraph(ran, 2)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "code"), [("pyproject.toml", 2), ("setup.py", 77), ("setup.cfg", 2)]
)
def test_dynamic_dependencies_are_not_asked_of_a_backend(
    name: str, code: int, target: Environment, guard: Guard, project: Path, marker: Path
) -> None:
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + 'dynamic = ["dependencies"]\n')
    (project / name).touch()
    with untouched(target):
        ran = guard.install("-r", name, into=target)
    assert_paragraph(ran, code)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "either"),
    [("pip.py", "pip"), ("json.py", "pip"), ("json.py", "uv"), ("sitecustomize.py", "uv")],
    indirect=["either"],
)
def test_modules_of_the_working_folder_are_not_taken_for_tools(
    name: str, either: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    """A checkout may hold anything, also what `python -m pip` would import first."""
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    (guard.work / name).write_text(SETUP.format(str(marker)))
    ran = guard.install("frob", into=either, index=index)
    assert not marker.exists()
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0"}
