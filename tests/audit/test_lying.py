"""What runs without being asked for: of somebody's, and what is nobody's."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from guard.audit.hooks import hooks
from guard.audit.lying import unowned
from guard.model import Unknown
from tests.audit.places import Place, a_place
from tests.wheels import a_wheel

EVIL = "import os; os.getpid()\n"
FROB = a_wheel("frob", "1.0", files={"frob/__init__.py": "", "frob/core.py": "", "six.py": ""})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = a_place(tmp_path)
    place.installs(FROB)
    return place


def found(place: Place) -> dict[str, str]:
    """What is nobody's, by path."""
    several = unowned(place.read().values(), place.folders)
    assert isinstance(several, tuple), several
    return {each.path: each.what for each in several}


def test_what_was_installed_is_somebodys(place: Place) -> None:
    assert found(place) == {}


def test_a_line_that_runs_is_found_with_its_words(place: Place) -> None:
    (place.site / "evil.pth").write_text(f"# harmless\n{EVIL}")
    assert found(place) == {
        "site-packages/evil.pth": f"at every start of Python it runs {EVIL.strip()!r}"
    }


@pytest.mark.parametrize(
    "name",
    [
        "sitecustomize.py",
        "usercustomize.py",
        "sitecustomize/__init__.py",
        "usercustomize.cpython-311-x86_64-linux-gnu.so",
        "evil.start",
    ],
)
def test_every_way_to_run_at_the_start_is_known(place: Place, name: str) -> None:
    path = place.site / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("evil:main\n")
    assert list(found(place)) == [f"site-packages/{name}"]


def test_a_path_that_leads_out_is_found(place: Place) -> None:
    (place.site / "evil.pth").write_text("/srv/evil\n")
    assert found(place)["site-packages/evil.pth"].endswith("adds the path '/srv/evil'")


def test_ordinary_leftovers_do_not_matter(place: Place) -> None:
    for name in (
        "notes.txt",
        "left/over.py",
        "__pycache__/x.cpython-311.pyc",
        "frob/x.pyc",
        "a.so",
    ):
        path = place.site / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (place.site / "empty.pth").write_text("# nothing\n\n")
    assert found(place) == {}


def test_what_an_environment_comes_with_is_known_by_its_content_only(place: Place) -> None:
    (place.site / "_virtualenv.pth").write_text("import _virtualenv")
    assert found(place) == {}
    (place.site / "_virtualenv.py").write_text("evil = True\n")
    assert list(found(place)) == ["site-packages/_virtualenv.py"]


@pytest.mark.parametrize(
    "name",
    ["six/__init__.py", "six.abi3.so", "frob/core.so", "frob/core/__init__.py", "frob/__init__.so"],
)
def test_a_module_that_is_found_before_the_installed_one_is_nobodys(
    place: Place, name: str
) -> None:
    path = place.site / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    assert found(place) == {
        f"site-packages/{name}": "it is imported in the place of what was installed"
    }


def test_a_command_of_the_systems_name_is_nobodys(place: Place) -> None:
    for name in ("ls", "python3.11", "activate", "my-own-tool"):
        (place.root / "bin" / name).write_text("")
    [(path, what)] = found(place).items()
    assert path == "bin/ls"
    assert what.startswith("it takes the place of /")


def test_what_cannot_be_read_is_not_fine(place: Place) -> None:
    (place.site / "evil.pth").symlink_to("evil.pth")
    several = unowned(place.read().values(), place.folders)
    assert isinstance(several, Unknown)
    assert "evil.pth" in several.reason


def lines(place: Place) -> list[str]:
    """What the release itself runs at every start."""
    several, _ = hooks(place.read()["frob"], place.folders.site)
    return [hook.text for hook in several]


def test_what_a_release_lists_is_its_own_and_shown_as_that(place: Place) -> None:
    """An attacker may write a line into RECORD too."""
    info = place.site / "frob-1.0.dist-info"
    place.adds(info, "/frob.pth", EVIL)
    assert found(place) == {}
    assert lines(place) == [EVIL.strip()]


def test_an_editable_install_leads_to_its_own_tree_and_nowhere_else(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    tree = tmp_path / "frob tree"
    tree.mkdir()
    (tree / "pyproject.toml").touch()
    direct = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    info = place.installs(a_wheel("frob", "1.0"), direct_url=direct)
    place.adds(info, "/__editable__.frob.pth", f"{tree}/src\n")
    finder = "import __editable___frob_1_0_finder; __editable___frob_1_0_finder.install()"
    place.adds(info, "/__editable__.frob_finder.pth", f"{finder}\n")
    assert lines(place) == []
    place.adds(info, "/more.pth", f"{tree}/../evil\n{finder}; evil()\n")
    assert lines(place) == [f"{tree}/../evil", f"{finder}; evil()"]


def test_a_wheel_that_calls_itself_editable_hides_nothing(place: Place) -> None:
    info = place.site / "frob-1.0.dist-info"
    said = '{"url": "file:///home/somebody/x", "dir_info": {"editable": true}}'
    place.adds(info, "direct_url.json", said)
    finder = "import __editable___frob_finder; __editable___frob_finder.install()"
    place.adds(info, "/frob.pth", f"{finder}\n")
    assert lines(place) == [finder]


def test_python_itself_finds_them_in_that_order(place: Place) -> None:
    """What `unowned` says of modules is what the import system does."""
    (place.site / "six").mkdir()
    (place.site / "six/__init__.py").write_text("")
    spec = PathFinder.find_spec("six", [str(place.site)])
    assert spec is not None
    assert spec.origin == str(place.site / "six/__init__.py")
