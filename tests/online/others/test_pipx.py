"""`guard pipx`: the environments of the bare tool, of what the policy lets in."""

from __future__ import annotations

import ensurepip
import zipfile
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.online.others.tools import Sides, distributions, tree
from tests.wheels import Artifact, a_startup_payload, a_wheel, an_sdist

pytestmark = pytest.mark.online

SAY = {"console_scripts": {"say": "say:main"}}


both_installers = pytest.mark.parametrize("installer", ["pip", "uv"])


@pytest.fixture
def settings(index: LoopbackIndex) -> dict[str, str]:
    """One index, for either of the installers that pipx may start; older ones fetch pip first."""
    for path in Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"):
        version = path.name.split("-")[1]
        with zipfile.ZipFile(path) as wheel:
            metadata = wheel.read(f"pip-{version}.dist-info/METADATA")
        pip = Artifact(
            name="pip",
            version=version,
            filename=path.name,
            content=path.read_bytes(),
            metadata=metadata,
        )
        index.add(pip, uploaded=LONG_AGO)
    return {
        "PIPX_DEFAULT_BACKEND": "uv",
        "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1",
        "PIP_INDEX_URL": index.url,
        "UV_DEFAULT_INDEX": index.url,
    }


def at(folder: Path) -> dict[str, str]:
    """Where pipx is to have everything."""
    return {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "bin")}


def kept(folder: Path) -> dict[str, bytes]:
    """What pipx has put below a folder, but what names the folder or a moment."""
    found = {}
    for name, content in tree(folder / "pipx" / "venvs").items():
        if "__pycache__" in name or "/bin/" in name or name.endswith(("RECORD", ".pth", ".cfg")):
            continue
        found[name] = content.replace(str(folder).encode(), b"FOLDER")
    return found


def both(pipx: Sides, words: str, settings: dict[str, str]) -> None:
    """Run both, which must go well and leave the same."""
    alone, behind = (settings | at(folder) for folder in (pipx.bare_folder, pipx.work))
    pipx.side_by_side(words.split(), alone, behind)
    assert kept(pipx.work) == kept(pipx.bare_folder)
    assert names(pipx.work / "bin") == names(pipx.bare_folder / "bin")


def everything(folder: Path) -> dict[str, bytes]:
    """What pipx has put below a folder, byte for byte, but its empty lock files."""
    found = tree(folder / "pipx" / "venvs") | dict.fromkeys(names(folder / "bin"), b"")
    return {name: content for name, content in found.items() if not name.endswith(".lock")}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


@both_installers
def test_every_day(
    installer: str, pipx: Sides, index: LoopbackIndex, settings: dict[str, str]
) -> None:
    settings["PIPX_DEFAULT_BACKEND"] = installer
    both(pipx, "install say", settings)
    both(pipx, "inject say frob==0.9", settings)
    both(pipx, "install --suffix=_x say==1.0", settings)
    index.add(a_wheel("say", "1.1", files={"say.py": ""}, entry_points=SAY), uploaded=LONG_AGO)
    both(pipx, "upgrade say", settings)
    both(pipx, "reinstall say", settings)
    index.add(a_wheel("say", "1.2", files={"say.py": ""}, entry_points=SAY), uploaded=LONG_AGO)
    both(pipx, "upgrade-all", settings)
    assert distributions(pipx.work) == {"say-1.2", "frob-0.9"}
    both(pipx, "uninstall say", settings)


def test_a_program_is_prepared_and_then_run(
    pipx: Sides, fresh: LoopbackIndex, settings: dict[str, str]
) -> None:
    for _ in range(2):
        ran = pipx.guarded("run", "say", "it", "--help", **settings, **at(pipx.work))
        assert ran.code == 0, ran.said
        assert ran.out.splitlines()[0] == "said it --help"
        for name in (
            "SSL_CERT",
            "PIP_CERT",
            "UV_CONFIG",
            "PIPX_SHARED",
            "REQUESTS_CA",
            "PIP_CACHE",
        ):
            assert name not in ran.out, ran.out
    ran = pipx.guarded("run", "say==2.0", **settings, **at(pipx.work))
    assert_paragraph(ran, 77, "say 2.0 (fresh-upload")
    ran = pipx.guarded("run", "--spec", "say", "other", **settings, **at(pipx.work))
    assert_paragraph(ran, 1, "`other` is no program of `say`")
    assert fresh.requests


def test_what_was_cached_by_the_bare_tool_is_not_run(
    pipx: Sides, index: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    bad = a_wheel("bad", "1.0", files={"bad.py": "", **a_startup_payload(marker)})
    index.add(bad, uploaded=LONG_AGO)
    place = at(pipx.work)
    alone = settings | place | {"PIPX_DEFAULT_BACKEND": "pip"}
    pipx.bare("run", "--spec", "bad", "python", "-c", "", **alone)
    assert marker.exists()
    marker.unlink()
    ran = pipx.guarded("run", "--spec", "bad", "python", "-c", "", **settings, **place)
    assert_paragraph(ran, 77, "denied[startup-hook]")
    assert not marker.exists()


@both_installers
def test_a_denial_leaves_everything_as_it_was(
    installer: str, pipx: Sides, fresh: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    settings["PIPX_DEFAULT_BACKEND"] = installer
    place = at(pipx.work)
    assert pipx.guarded("install", "say", **settings, **place).code == 0
    marker = tmp_path / "marker"
    fresh.add(a_wheel("bad", "1.0", files=a_startup_payload(marker)), uploaded=LONG_AGO)
    before = everything(pipx.work)
    for words, said in (
        (["install", "frob==2.0"], "frob 2.0 (fresh-upload"),
        (["install", "--force", "say==2.0"], "say 2.0 (fresh-upload"),
        (["inject", "say", "bad"], "denied[startup-hook]"),
    ):
        ran = pipx.guarded(*words, **settings, **place)
        assert_paragraph(ran, 77, said)
        assert everything(pipx.work) == before
    assert not marker.exists()
    assert pipx.bare("inject", "say", "bad", **settings, **place).code == 0


def test_what_was_installed_from_elsewhere_is_not_installed_again(
    pipx: Sides, index: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    wheel = a_wheel("say", "3.0", files={"say.py": ""}, entry_points=SAY)
    wheel.write_to(tmp_path)
    place = at(pipx.work)
    ran = pipx.bare("install", str(tmp_path / wheel.filename), **settings, **place)
    assert ran.code == 0, ran.said
    index.forget_requests()
    ran = pipx.guarded("upgrade-all", **settings, **place)
    assert_paragraph(ran, 2, "`say` was not installed from an index")
    assert index.requests == []


def test_a_source_is_not_built(
    pipx: Sides, index: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    index.add(an_sdist("knob", "1.0", payload=marker), uploaded=LONG_AGO)
    ran = pipx.guarded("install", "knob", **settings, **at(pipx.work))
    assert ran.code == 77, ran.said
    assert not marker.exists()
