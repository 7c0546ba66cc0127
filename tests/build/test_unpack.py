"""Unpacking what was judged: whatever a policy overlooks, nothing leaves the folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from guard.build.unpack import unpack
from guard.errors import BuildError

LIMIT = 1 << 20


def archive(tmp_path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    """An sdist of these members, as they are."""
    path = tmp_path / "frob-1.0.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked(tmp_path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    folder = tmp_path / "within" / "folder"
    folder.mkdir(parents=True)
    return unpack(archive(tmp_path, *members), folder, most=LIMIT)


def test_files_come_out_as_they_are(tmp_path: Path) -> None:
    program = tarfile.TarInfo("frob-1.0/configure")
    program.mode = 0o4777
    found = unpacked(tmp_path, ("frob-1.0/setup.py", b"text"), ("frob-1.0/a/b.c", b""), program)
    assert found.name == "frob-1.0"
    assert (found / "setup.py").read_bytes() == b"text"
    assert (found / "setup.py").stat().st_mode & 0o7777 in {0o644, 0o600}
    assert (found / "configure").stat().st_mode & 0o7000 == 0
    assert (found / "configure").stat().st_mode & 0o100


@pytest.mark.parametrize(
    "members",
    [
        [("frob-1.0/../../escaped", b"x")],
        [("../escaped", b"x")],
        [("/tmp/escaped-of-frob", b"x")],  # noqa: S108 - nothing may be written there
        [special("frob-1.0/link", tarfile.SYMTYPE, "../../escaped")],
        [special("frob-1.0/link", tarfile.SYMTYPE, ".."), ("frob-1.0/link/escaped", b"x")],
        [special("frob-1.0/link", tarfile.LNKTYPE, "/etc/passwd")],
        [special("frob-1.0/pipe", tarfile.FIFOTYPE)],
        [special("frob-1.0/device", tarfile.CHRTYPE)],
        [("frob-1.0/a", b"x"), ("other/a", b"x")],
        [("frob-1.0", b"x")],
        [("frob-1.0/big", bytes(LIMIT + 1))],
    ],
)
def test_what_leads_elsewhere_is_refused(
    members: list[tarfile.TarInfo | tuple[str, bytes]], tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match=r"frob-1\.0\.tar\.gz cannot be built"):
        unpacked(tmp_path, *members)
    assert not list(tmp_path.rglob("escaped"))
    assert not Path("/tmp/escaped-of-frob").exists()  # noqa: S108


@pytest.mark.parametrize("second", ["frob-1.0/a", "frob-1.0/a/b"])
def test_no_file_is_written_over(tmp_path: Path, second: str) -> None:
    with pytest.raises(BuildError):
        unpacked(tmp_path, ("frob-1.0/a", b"first"), (second, b"second"))
