"""`guard shell install` and `uninstall`, as a user with an odd home would run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.shell.block import BEGIN, END
from tests.e2e.guarded import TIMEOUT, Guard, assert_paragraph

CONTENT = b"export SECRET=1\nexport NAME='\xe9'"  # Latin-1, and no end of the last line


@pytest.fixture
def home(guard: Guard) -> Path:
    home = guard.folder / "home"
    home.mkdir()
    return home


def install(guard: Guard, shell: str = "bash", code: int = 0) -> str:
    ran = guard("shell", "install", "--shell", shell)
    assert ran.code == code, ran.said
    return ran.err


def uninstall(guard: Guard) -> None:
    ran = guard("shell", "uninstall")
    assert ran.code == 0, ran.said


def listing(home: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in home.rglob("*") if path.is_file()]
    return {str(path): (path.lstat().st_mode, path.read_bytes()) for path in files}


@pytest.mark.parametrize(
    ("shell", "name"),
    [
        ("bash", ".bashrc"),
        ("bash", ".profile"),
        ("bash", ".bash_login"),
        ("zsh", ".zshrc"),
        ("fish", "config/fish/config.fish"),
        ("powershell", "config/powershell/profile.ps1"),
    ],
)
def test_in_and_out_again(guard: Guard, home: Path, shell: str, name: str) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CONTENT)
    path.chmod(0o640)
    before = listing(home)
    install(guard, shell)
    written = path.read_bytes()
    assert written.startswith(CONTENT + b"\n" + BEGIN)
    assert path.stat().st_mode & 0o777 == 0o640
    install(guard, shell)
    assert path.read_bytes() == written
    assert (guard.state / "shims" / "pip").is_file()
    uninstall(guard)
    assert listing(home) == before
    assert not (guard.state / "shims").exists()


def test_a_login_bash_reads_the_first_of_its_files(guard: Guard, home: Path) -> None:
    (home / ".profile").write_bytes(b"")
    (home / ".bash_profile").write_bytes(b"")
    install(guard)
    assert BEGIN in (home / ".bash_profile").read_bytes()
    assert (home / ".profile").read_bytes() == b""


def test_a_block_is_found_after_another_login_file_has_come(guard: Guard, home: Path) -> None:
    install(guard)
    assert BEGIN in (home / ".profile").read_bytes()
    (home / ".bash_profile").write_bytes(b"")
    uninstall(guard)
    assert not (home / ".profile").exists()


def test_zsh_may_have_its_files_elsewhere(guard: Guard, home: Path) -> None:
    ran = guard("shell", "install", "--shell", "zsh", ZDOTDIR=str(home / "zsh"))
    assert ran.code == 0
    assert (home / "zsh" / ".zshrc").is_file()
    assert guard("shell", "uninstall", ZDOTDIR=str(home / "zsh")).code == 0
    assert not (home / "zsh" / ".zshrc").exists()


def test_a_symbolic_link_stays_one(guard: Guard, home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "bashrc"
    kept.parent.mkdir()
    kept.write_bytes(CONTENT)
    (home / ".bashrc").symlink_to("../dotfiles/bashrc")
    install(guard)
    assert BEGIN in kept.read_bytes()
    uninstall(guard)
    assert kept.read_bytes() == CONTENT
    assert (home / ".bashrc").readlink() == Path("../dotfiles/bashrc")


def test_a_read_only_file_is_left_alone_and_so_is_every_other(guard: Guard, home: Path) -> None:
    (home / ".bashrc").write_bytes(CONTENT)
    (home / ".profile").write_bytes(CONTENT)
    (home / ".profile").chmod(0o444)
    before = listing(home)
    assert "is read-only" in install(guard, code=2)
    assert listing(home) == before


def test_a_file_with_a_second_name_is_left_alone(guard: Guard, home: Path) -> None:
    (home / ".zshrc").write_bytes(CONTENT)
    os.link(home / ".zshrc", home / "second")
    assert "hard link" in install(guard, "zsh", code=2)
    assert (home / ".zshrc").read_bytes() == CONTENT


def test_a_damaged_block_is_refused_before_anything_is_written(guard: Guard, home: Path) -> None:
    (home / ".bashrc").write_bytes(BEGIN + b"\nold\n")
    before = listing(home)
    ran = guard("shell", "install", "--shell", "bash")
    assert_paragraph(ran, 2, "is damaged", "line 1")
    assert listing(home) == before
    assert not (guard.state / "shims").exists()
    assert_paragraph(guard("shell", "uninstall"), 2, "is damaged")
    status = guard("shell", "status")
    assert f"BAD  bash: {home / '.bashrc'}: damaged" in status.out


def test_an_older_block_is_known_and_renewed(guard: Guard, home: Path) -> None:
    (home / ".zshrc").write_bytes(b"a\n" + BEGIN + b"\nold\n" + END + b"\nb\n")
    assert ".zshrc: older" in guard("shell", "status").out
    install(guard, "zsh")
    assert ".zshrc: present" in guard("shell", "status").out
    uninstall(guard)
    assert (home / ".zshrc").read_bytes() == b"a\nb\n"


def test_a_copy_is_kept_in_private_until_the_block_is_out(guard: Guard, home: Path) -> None:
    (home / ".bashrc").write_bytes(CONTENT)
    install(guard)
    (copy,) = (guard.state / "startup").iterdir()
    assert copy.read_bytes() == CONTENT
    assert copy.stat().st_mode & 0o777 == 0o600
    uninstall(guard)
    assert not copy.exists()


def test_the_shims_stay_while_another_shell_has_the_block(guard: Guard, home: Path) -> None:
    install(guard, "bash")
    install(guard, "fish")
    assert guard("shell", "uninstall", "--shell", "bash").code == 0
    assert (guard.state / "shims" / "pip").is_file()
    uninstall(guard)
    assert not (guard.state / "shims").exists()


def test_two_installs_at_once(guard: Guard, home: Path) -> None:
    (home / ".bashrc").write_bytes(CONTENT)
    runs = [guard.start("shell", "install", "--shell", "bash") for _ in range(3)]
    for run in runs:
        _, err = run.communicate(timeout=TIMEOUT)
        assert run.returncode == 0, err
    assert (home / ".bashrc").read_bytes().count(BEGIN) == 1
    uninstall(guard)
    assert (home / ".bashrc").read_bytes() == CONTENT


def test_the_shell_is_the_user_s_own(guard: Guard, home: Path) -> None:
    assert guard("shell", "install", SHELL="/usr/local/bin/fish").code == 0
    assert (home / "config" / "fish" / "config.fish").is_file()
    for own in ("/bin/tcsh", ""):
        assert_paragraph(guard("shell", "install", SHELL=own), 2, "--shell")


def test_without_startup_files_the_folder_is_printed(guard: Guard, home: Path) -> None:
    ran = guard("shell", "install", "--no-rc", SHELL="")
    assert (ran.code, ran.out) == (0, f"{guard.state / 'shims'}\n")
    assert listing(home) == {}
    assert (guard.state / "shims").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_path_cannot_hold_is_refused(guard: Guard, home: Path) -> None:
    ran = guard("shell", "install", "--shell", "bash", GUARD_STATE_DIR=str(guard.folder / "a:b"))
    assert_paragraph(ran, 2, "cannot be an entry of PATH")
    assert listing(home) == {}
