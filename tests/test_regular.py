"""Files that are read so that it ends."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from guard import regular


def test_a_file_is_read_and_no_further_than_one_byte_too_many(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert [regular.read(path, limit=n) for n in (9, 5, 4, 3)] == [
        *(b"12345", b"12345", b"12345"),
        b"1234",
    ]
    assert regular.read(Path(os.devnull), limit=3) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="there are none of these")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(regular.NotRegularError, match="a pipe or a device"):
            regular.read(path, limit=3)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="No such device"):
            regular.read(tmp_path / "socket", limit=3)
    with pytest.raises(IsADirectoryError):
        regular.read(tmp_path, limit=3)
