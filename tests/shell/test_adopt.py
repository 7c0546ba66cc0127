"""`guard shell adopt`: an environment's own pip goes through the guard, and comes back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.guarded import (
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    assert_paragraph,
    tree,
    with_its_own_pip,
)


@pytest.fixture
def own(pip_template: Path, pip_target: Environment) -> Environment:
    with_its_own_pip(pip_template, pip_target)
    return pip_target


def adopt(guard: Guard, environment: Path, *words: str) -> Ran:
    return guard("shell", "adopt", environment, *words)


def scripts(environment: Environment) -> dict[str, str]:
    """What is in `bin`, by mode and content."""
    return tree(environment.path / "bin")


def call(guard: Guard, environment: Environment, name: str, *words: str) -> Ran:
    done = subprocess.run(
        [str(environment.path / "bin" / name), *words],
        cwd=guard.work,
        env=guard.environment(PATH="/usr/bin:/bin", PIP_CONFIG_FILE=""),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_every_entry_point_goes_through_the_guard(guard: Guard, own: Environment) -> None:
    ran = adopt(guard, own.path)
    assert ran.code == 0, ran.said
    names = [path.name for path in (own.path / "bin").glob("pip*")]
    assert {"pip", "pip3"} < set(names)
    for name in names:
        assert_paragraph(
            call(guard, own, name, "install", "--user", "x"), 2, "`pip install --user`"
        )
        listed = call(guard, own, name, "--version")
        assert listed.out.startswith("pip "), listed.said
        assert str(own.path) in listed.out


@pytest.mark.parametrize("words", [("-m", "pip"), ("-I", "-m", "pip", "--isolated")])
def test_so_does_the_module(guard: Guard, own: Environment, words: tuple[str, ...]) -> None:
    adopt(guard, own.path)
    refused = call(guard, own, "python", *words, "install", "--user", "x")
    assert_paragraph(refused, 2, "`pip install --")
    listed = call(guard, own, "python", *words, "--version")
    assert listed.out.startswith("pip "), listed.said
    adopt(guard, own.path, "--undo")
    assert not (own.path / "pip.conf").exists()
    assert call(guard, own, "python", *words, "list", "--outdated", "--no-index").code == 0


def test_so_does_whoever_calls_pip_by_its_function(guard: Guard, own: Environment) -> None:
    adopt(guard, own.path)
    code = "import sys; from pip._internal.cli.main import main; sys.exit(main(sys.argv[1:]))"
    ran = call(guard, own, "python", "-c", code, "install", "--user", "x")
    assert_paragraph(ran, 2, "`pip install --user`")


@pytest.mark.parametrize(
    "before",
    ["", "[install]\nno-compile = yes", "; mine\r\n[global]\r\nindex-url = x\r\n[list]\r\n"],
)
def test_its_configuration_comes_back_too(guard: Guard, own: Environment, before: str) -> None:
    path = own.path / "pip.conf"
    path.write_text(before, newline="")
    path.chmod(0o640)
    was = tree(own.path)
    adopt(guard, own.path)
    adopt(guard, own.path)
    assert "python = " in path.read_text()
    assert adopt(guard, own.path, "--undo").code == 0
    assert tree(own.path) == was


@pytest.mark.parametrize(
    "before",
    ["[global]\npython = /usr/bin/python3\n", "[install]\npython=x\n", "[a\n", "[global] ;\n"],
)
def test_a_configuration_that_cannot_be_added_to_is_left(
    guard: Guard, own: Environment, before: str
) -> None:
    (own.path / "pip.conf").write_text(before)
    was = tree(own.path)
    assert_paragraph(adopt(guard, own.path), 2, "pip.conf", "nothing was replaced")
    assert tree(own.path) == was


def test_a_module_of_the_working_folder_is_not_taken_for_pip(
    guard: Guard, own: Environment
) -> None:
    adopt(guard, own.path)
    (guard.work / "pip.py").write_text("print('planted')\n")
    assert "planted" not in call(guard, own, "pip", "--version").said


def test_it_comes_back_byte_for_byte(guard: Guard, own: Environment) -> None:
    (own.path / "bin" / "pip3").chmod(0o751)
    before = scripts(own)
    adopt(guard, own.path)
    assert scripts(own) != before
    adopt(guard, own.path)  # once more, and the originals are still known
    ran = adopt(guard, own.path, "--undo")
    assert ran.code == 0, ran.said
    assert scripts(own) == before
    assert_paragraph(adopt(guard, own.path, "--undo"), 2, "was not adopted")


def test_by_a_relative_path_and_through_a_link(guard: Guard, own: Environment) -> None:
    before = scripts(own)
    (guard.work / ".venv").symlink_to(own.path)
    assert adopt(guard, Path(".venv")).code == 0
    assert scripts(own) != before
    assert adopt(guard, Path(".venv"), "--undo").code == 0
    assert scripts(own) == before


def test_what_pip_has_written_anew_is_left(guard: Guard, own: Environment) -> None:
    newer = (own.path / "bin" / "pip").read_bytes() + b"# newer\n"
    adopt(guard, own.path)
    (own.path / "bin" / "pip").write_bytes(newer)
    ran = adopt(guard, own.path, "--undo")
    assert ran.code == 0
    assert "left, for they were no shims any more: pip\n" in ran.err
    assert (own.path / "bin" / "pip").read_bytes() == newer


def test_after_an_upgrade_the_new_ones_are_recorded(guard: Guard, own: Environment) -> None:
    newer = (own.path / "bin" / "pip").read_bytes() + b"# newer\n"
    adopt(guard, own.path)
    (own.path / "bin" / "pip").write_bytes(newer)
    assert adopt(guard, own.path).code == 0
    assert adopt(guard, own.path, "--undo").code == 0
    assert (own.path / "bin" / "pip").read_bytes() == newer


def _linked(path: Path) -> None:
    path.rename(path.with_name("real-pip"))
    path.symlink_to("real-pip")


def _foreign(path: Path) -> None:
    path.write_text(path.read_text().replace("from pip", "from something"))


def _of_another(path: Path) -> None:
    path.write_text("#!/usr/bin/python3\n" + path.read_text().partition("\n")[2])


def _huge(path: Path) -> None:
    path.write_text(path.read_text() + "#" * 20_000)


def _twice(path: Path) -> None:
    os.link(path, path.with_name("second"))


@pytest.mark.parametrize("change", [_linked, _foreign, _of_another, _huge, _twice])
def test_what_is_unexpected_is_refused_and_nothing_is_replaced(
    guard: Guard, own: Environment, change: object
) -> None:
    assert callable(change)
    change(own.path / "bin" / "pip3")
    before = scripts(own)
    assert_paragraph(adopt(guard, own.path), 2, "nothing was replaced")
    assert scripts(own) == before


def test_a_shim_of_unknown_origin_is_refused(guard: Guard, own: Environment) -> None:
    adopt(guard, own.path)
    ran = guard("shell", "adopt", own.path, GUARD_STATE_DIR=str(guard.folder / "other"))
    assert_paragraph(ran, 2, "is not recorded")


def test_what_is_no_environment_is_refused(guard: Guard, target: Environment) -> None:
    assert_paragraph(adopt(guard, guard.work), 2, "is not a virtual environment")
    assert_paragraph(adopt(guard, target.path), 2, "has no pip of its own")
    assert_paragraph(adopt(guard, Path("/usr")), 2, "is not a virtual environment")


def test_a_record_that_cannot_be_read_restores_nothing(guard: Guard, own: Environment) -> None:
    adopt(guard, own.path)
    before = scripts(own)
    (record,) = (guard.state / "adopted").glob("*/*.json")
    record.write_text('{"environment": "x", "entries": [{"name": "../../evil", "mode": 511}]}')
    assert_paragraph(adopt(guard, own.path, "--undo"), 70, "cannot be read")
    assert scripts(own) == before


def test_uninstall_says_what_is_still_adopted(guard: Guard, own: Environment) -> None:
    adopt(guard, own.path)
    assert str(own.path) in guard("shell", "uninstall").err


def test_status_says_whether_it_is(guard: Guard, own: Environment) -> None:
    active = {"VIRTUAL_ENV": str(own.path)}
    assert f"BAD  {own.path}: its own pip" in guard("shell", "status", **active).out
    adopt(guard, own.path)
    assert f"ok   {own.path}: its own pip" in guard("shell", "status", **active).out
