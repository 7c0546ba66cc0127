"""Which Pythons uv may start: those that the user chose, and none that a checkout brings along."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.errors import UnsupportedError
from guard.install.pythons import refuse_strangers

ABSOLUTE = "/usr/bin:/bin"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    python = tmp_path / "checkout" / "mine" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return tmp_path / "checkout"


@pytest.mark.parametrize(
    "word",
    ["", "3.12", "3.12.1", ">=3.11,<3.14", "cpython-3.12", "pypy@3.10", "python3.12", "other"],
)
def test_a_version_or_a_name_is_not_a_path(checkout: Path, word: str) -> None:
    (checkout / ".python-version").write_text(f"{word}\n# a/comment\n")
    refuse_strangers({"UV_PYTHON": word, "PATH": ABSOLUTE}, checkout)


@pytest.mark.parametrize("word", ["mine", "mine/bin/python", "./mine", "../checkout/mine", "a/b"])
def test_what_is_another_program_in_every_folder(checkout: Path, word: str) -> None:
    with pytest.raises(UnsupportedError, match="UV_PYTHON"):
        refuse_strangers({"UV_PYTHON": word}, checkout)
    (checkout / ".python-version").write_text(f"3.12\n\n{word}\n")
    with pytest.raises(UnsupportedError, match=r"\.python-version"):
        refuse_strangers({}, checkout / "mine")


def test_a_whole_path_is_the_user_s_choice_and_not_the_checkout_s(checkout: Path) -> None:
    own = str(checkout / "mine" / "bin" / "python")
    refuse_strangers({"UV_PYTHON": own}, checkout)
    (checkout / ".python-versions").write_text("/usr/bin/python3\n")
    refuse_strangers({}, checkout)
    (checkout / ".python-versions").write_text(f"{checkout}/../checkout/mine/bin/python\n")
    with pytest.raises(UnsupportedError, match=r"\.python-versions"):
        refuse_strangers({}, checkout)


def test_a_python_in_an_entry_of_path_that_is_not_absolute(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout / "mine")
    refuse_strangers({"PATH": os.pathsep.join([".", "absent", "", ABSOLUTE])}, Path.cwd())
    with pytest.raises(UnsupportedError, match="`python` in `bin`"):
        refuse_strangers({"PATH": os.pathsep.join([ABSOLUTE, "bin"])}, Path.cwd())
    (checkout / "mine" / "bin" / "python").chmod(0o644)
    refuse_strangers({"PATH": os.pathsep.join([ABSOLUTE, "bin"])}, Path.cwd())


def test_a_file_that_is_no_text(checkout: Path) -> None:
    (checkout / ".python-version").write_bytes(b"\xff\xfe/\n")
    refuse_strangers({}, checkout)
