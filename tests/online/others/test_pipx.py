"""`guard pipx`: the environments of the bare tool, of what the policy lets in."""

from __future__ import annotations

import ensurepip
import json
import zipfile
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.online.others.tools import Sides, distributions, tree
from tests.wheels import Artifact, a_startup_payload, a_wheel, an_sdist

pytestmark = pytest.mark.online

SAY = {"console_scripts": {"say": "say:main"}}


@pytest.fixture(params=["pip", "uv"])
def settings(request: pytest.FixtureRequest, index: LoopbackIndex) -> dict[str, str]:
    """One index, for either of the installers that pipx may start; older ones fetch pip first."""
    for path in Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"):
        version = path.name.split("-")[1]
        with zipfile.ZipFile(path) as wheel:
            metadata = wheel.read(f"pip-{version}.dist-info/METADATA")
        pip = Artifact("pip", version, path.name, path.read_bytes(), metadata)
        index.add(pip, uploaded=LONG_AGO)
    return {
        "PIPX_DEFAULT_BACKEND": request.param,
        "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1",
        "PIP_INDEX_URL": index.url,
        "UV_DEFAULT_INDEX": index.url,
    }


def at(sides: Sides, folder: Path) -> dict[str, str]:
    """Where pipx is to have everything."""
    _ = sides
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
    bare = pipx.bare(*words.split(), **settings, **at(pipx, pipx.bare_folder))
    assert bare.code == 0, bare.said
    ran = pipx.guarded(*words.split(), **settings, **at(pipx, pipx.work))
    assert ran.code == 0, ran.said
    assert kept(pipx.work) == kept(pipx.bare_folder)
    assert names(pipx.work / "bin") == names(pipx.bare_folder / "bin")


def everything(folder: Path) -> dict[str, bytes]:
    """What pipx has put below a folder, byte for byte, but its empty lock files."""
    found = tree(folder / "pipx" / "venvs") | dict.fromkeys(names(folder / "bin"), b"")
    return {name: content for name, content in found.items() if not name.endswith(".lock")}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def test_every_day(pipx: Sides, index: LoopbackIndex, settings: dict[str, str]) -> None:
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
        ran = pipx.guarded("run", "say", "it", "--help", **settings, **at(pipx, pipx.work))
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
    ran = pipx.guarded("run", "say==2.0", **settings, **at(pipx, pipx.work))
    assert_paragraph(ran, 77, "say 2.0 (fresh-upload")
    ran = pipx.guarded("run", "--spec", "say", "other", **settings, **at(pipx, pipx.work))
    assert_paragraph(ran, 1, "`other` is no program of `say`")
    assert fresh.requests


def test_what_was_cached_by_the_bare_tool_is_not_run(
    pipx: Sides, index: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    bad = a_wheel("bad", "1.0", files={"bad.py": "", **a_startup_payload(marker)})
    index.add(bad, uploaded=LONG_AGO)
    place = at(pipx, pipx.work)
    pipx.bare("run", "--backend", "pip", "--spec", "bad", "python", "-c", "", **settings, **place)
    assert marker.exists()
    marker.unlink()
    ran = pipx.guarded("run", "--spec", "bad", "python", "-c", "", **settings, **place)
    assert_paragraph(ran, 77, "denied[startup-hook]")
    assert not marker.exists()


def test_a_denial_leaves_everything_as_it_was(
    pipx: Sides, fresh: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    place = at(pipx, pipx.work)
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
    place = at(pipx, pipx.work)
    ran = pipx.bare("install", str(tmp_path / wheel.filename), **settings, **place)
    assert ran.code == 0, ran.said
    ran = pipx.guarded("upgrade-all", **settings, **place)
    assert_paragraph(ran, 2, "`say` was not installed from an index")
    assert index.requests == []


def test_a_source_is_not_built(
    pipx: Sides, index: LoopbackIndex, settings: dict[str, str], tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    index.add(an_sdist("knob", "1.0", payload=marker), uploaded=LONG_AGO)
    ran = pipx.guarded("install", "knob", **settings, **at(pipx, pipx.work))
    assert ran.code == 77, ran.said
    assert not marker.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("install git+https://example.com/x.git", "on no index"),
        ("install https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("install ./x", "on no index"),
        ("inject say ./x", "on no index"),
        ("install x@https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("run --spec ./x x", "on no index"),
        ("run https://example.com/x.py", "on no index"),
        ("run --backend uv say", "guard uvx"),
        ("install --pip-args=--pre say", "--pip-args"),
        ("install -e say", "install -e"),
        ("runpip say install frob", "pipx runpip"),
    ],
)
def test_what_is_on_no_index_is_refused(
    words: str, said: str, pipx: Sides, index: LoopbackIndex
) -> None:
    own = {"PIP_INDEX_URL": index.url, **at(pipx, pipx.work)}
    assert_paragraph(pipx.guarded(*words.split(), **own), 2, said)
    assert index.requests == []


def test_the_words_of_a_script_are_refused(pipx: Sides) -> None:
    pipx.write("say", "print(1)\n")
    assert_paragraph(pipx.guarded("run", "say"), 2, "`pipx run` of a script")
    assert json.dumps(names(pipx.work / "pipx") == set()) == "true"
