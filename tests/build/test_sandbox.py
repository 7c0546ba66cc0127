"""The sandbox: what a command in it can see, write, reach and leave behind."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from guard.build import sandbox
from guard.build.limits import Limits
from guard.build.sandbox import Job
from guard.errors import BuildError, UnsupportedError

pytestmark = pytest.mark.skipif(
    sandbox.possible() is not None, reason=f"no sandbox here: {sandbox.possible()}"
)

_DONE = "echo '{\"return\": null}' > /build/result.json"
_PYTHON = Path(sys.executable).resolve()


def said(tmp_path: Path, script: str, *readable: Path, limits: Limits | None = None) -> str:
    """What a shell script says inside, however it ends."""
    with pytest.raises(BuildError) as caught:
        run(tmp_path, f"{script}\nexit 7", *readable, limits=limits)
    assert caught.value.reason == "its build backend ended with 7"
    return caught.value.output


def run(tmp_path: Path, script: str, *readable: Path, limits: Limits | None = None) -> sandbox.Ran:
    source = tmp_path / "frob-1.0"
    source.mkdir()
    (source / "setup.py").write_text("the source")
    folder = tmp_path / "job"
    folder.mkdir()
    job = Job(
        title="frob-1.0.tar.gz",
        command=("/bin/sh", "-c", script),
        source=source,
        folder=folder,
        readable=readable,
    )
    return sandbox.run(job, limits or Limits())


def test_what_a_hook_returns_and_makes_comes_out(tmp_path: Path) -> None:
    script = (
        'cat setup.py > "/build/out/frob.whl"; echo \'{"return": "frob.whl"}\' > /build/result.json'
    )
    ran = run(tmp_path, script)
    assert ran.result == "frob.whl"
    assert ran.made.read_text() == "the source"


def test_a_process_has_so_much_memory_and_no_more(tmp_path: Path) -> None:
    python = Path(sys.base_prefix)
    script = f"""
{_PYTHON} -I -S -c 'print(len(bytes(20 << 20)))'
{_PYTHON} -I -S -c 'bytes(200 << 20)' 2>&1 | tail -1
{_PYTHON} -I -S -c 'import mmap; print(len(mmap.mmap(-1, 200 << 20, prot=mmap.PROT_READ)))'
{_PYTHON} -I -S -c 'import resource as r; r.setrlimit(r.RLIMIT_DATA, (-1, -1))' 2>&1 | tail -1
"""
    told = said(tmp_path, script, python, limits=Limits(memory=64 << 20)).splitlines()
    assert told[0] == str(20 << 20)
    assert told[1] == "MemoryError"
    assert told[2] == str(200 << 20)
    assert "not allowed to raise maximum limit" in told[3]


def test_without_a_word_a_process_has_4_gb(tmp_path: Path) -> None:
    assert int(said(tmp_path, "ulimit -d")) << 10 == Limits().memory == 4 << 30


def test_it_works_on_a_copy(tmp_path: Path) -> None:
    run(tmp_path, f"echo changed > setup.py; rm -rf ../frob-1.0; {_DONE}")
    assert (tmp_path / "frob-1.0" / "setup.py").read_text() == "the source"


def test_neither_homes_nor_services_are_there(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the user")
    places = f"{Path.home()} {tmp_path}/secret /root /home /run /var /etc/shadow /etc/ssh /sys"
    listed = said(tmp_path, f"ls -d {places} 2>/dev/null; ls -A $HOME; echo that is all")
    assert listed == "that is all"


def test_nothing_can_be_written_but_its_own_folder(tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    places = f"/x /usr/x /bin/x /etc/x /dev/x {shown}/x /proc/sys/kernel/hostname"
    script = (
        f"for place in {places}; do (echo x > $place) 2>/dev/null && echo $place; done; ls {shown}"
    )
    assert said(tmp_path, script, shown) == ""
    run_again = tmp_path / "again"
    run_again.mkdir()
    assert (
        said(run_again, "echo x > $TMPDIR/x; echo x > /dev/shm/x; cat /tmp/x /dev/shm/x") == "x\nx"
    )


def test_nothing_shown_can_be_made_writable_again(tmp_path: Path) -> None:
    script = "mount -o remount,rw /usr; umount /usr; unshare -Ur true || echo refused; touch /usr/x"
    told = said(tmp_path, f"({script}) 2>&1; grep Cap /proc/self/status")
    assert "refused" in told
    assert "Read-only file system" in told
    capabilities = [line.split()[1] for line in told.splitlines() if line.startswith("Cap")]
    assert capabilities == ["0" * 16] * 5


def test_the_network_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = listener.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        told = said(tmp_path, f'{_PYTHON} -S -c "{code}" 2>&1', _PYTHON.parents[1])
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert "OSError" in told or "ConnectionRefusedError" in told


def test_no_variable_of_the_user_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_TOKEN", "very-secret")
    told = said(tmp_path, "env; cat /proc/*/environ | tr '\\0' '\\n'")
    assert "very-secret" not in told
    assert "HOME=/build/home" in told


def test_no_other_process_is_there(tmp_path: Path) -> None:
    told = said(tmp_path, "cat /proc/*/cmdline | tr '\\0' '\\n'; cd /proc; echo [0-9]*")
    assert "pytest" not in told
    assert 1 <= len(told.splitlines()[-1].split()) <= 3


def test_what_is_left_running_is_ended(tmp_path: Path) -> None:
    seconds = "98765.4321"
    run(tmp_path, f"(setsid sleep {seconds} >/dev/null 2>&1 &) ; {_DONE}")
    assert seconds not in "".join(_command_lines())


def test_a_build_without_an_end_is_stopped(tmp_path: Path) -> None:
    seconds = "98765.1234"
    with pytest.raises(BuildError, match="could not be built") as caught:
        run(tmp_path, f"echo begun; sleep {seconds}", limits=Limits(seconds=0.5))
    assert caught.value.reason == "it took longer than 0.5 seconds"
    assert caught.value.output == "begun"
    assert seconds not in "".join(_command_lines())


def test_a_flood_of_words_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        run(tmp_path, "exec yes", limits=Limits(output=1 << 20))
    assert caught.value.reason == "it said more than 1048576 bytes"
    assert len(caught.value.output) <= 16_384


def test_a_flood_of_bytes_meets_its_limit(tmp_path: Path) -> None:
    script = "cat /dev/zero > /build/one; cat /dev/zero > /tmp/two; du -sk /build | cut -f1"
    told = said(tmp_path, f"({script}) 2>/dev/null", limits=Limits(written=4 << 20))
    assert int(told.splitlines()[-1]) <= 4 << 10


def test_a_flood_of_files_meets_its_limit(tmp_path: Path) -> None:
    script = "i=0; while mkdir /build/$i 2>/dev/null; do i=$((i+1)); done; echo $i"
    assert int(said(tmp_path, script, limits=Limits(entries=200))) < 200


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "No such file"),
        ("ln -s /etc/passwd /build/result.json", "Too many levels"),
        ("mkfifo /build/result.json", "no ordinary file"),
        ("echo '{' > /build/result.json", "Expecting"),
        ("echo '[1]' > /build/result.json", "indices"),
        (
            'ln -s /etc/passwd /build/out/a.whl; echo \'{"return": "a.whl"}\' > /build/result.json',
            "Too many levels",
        ),
        (
            'mkdir /build/out/a.whl; echo \'{"return": "a.whl"}\' > /build/result.json',
            "no ordinary file",
        ),
    ],
)
def test_what_is_no_answer_is_none(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(BuildError) as caught:
        run(tmp_path, script)
    assert caught.value.reason is not None
    assert caught.value.reason.startswith("its build backend left nothing: ")
    assert reason in caught.value.reason


@pytest.mark.parametrize("place", [Path("/"), Path.home(), Path.home().parent])
def test_no_home_is_shown_because_an_interpreter_is_there(tmp_path: Path, place: Path) -> None:
    with pytest.raises(UnsupportedError, match="this interpreter"):
        run(tmp_path, "true", place)


def _command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return found
