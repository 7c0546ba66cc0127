"""A build that nothing keeps apart: it still has limits, another home and no variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.build import beside
from guard.build.limits import Limits
from guard.build.sandbox import Job, Ran
from guard.errors import BuildError


def run(tmp_path: Path, script: str, **limits: float) -> Ran:
    source = tmp_path / "frob-1.0"
    source.mkdir()
    (source / "setup.py").write_text("the source")
    folder = tmp_path / "job"
    folder.mkdir()
    command = ("/bin/sh", "-c", script)
    job = Job(title="frob-1.0.tar.gz", command=command, source=source, folder=folder)
    return beside.run(job, Limits(**limits))  # type: ignore[arg-type]


def test_what_a_hook_makes_comes_out(tmp_path: Path) -> None:
    script = 'cp setup.py ../out/frob.whl; echo \'{"return": "frob.whl"}\' > ../result.json'
    ran = run(tmp_path, script)
    assert (ran.result, ran.made.read_text()) == ("frob.whl", "the source")


def test_its_home_is_empty_and_its_variables_are_not_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_TOKEN", "very-secret")
    with pytest.raises(BuildError) as caught:
        run(tmp_path, "env; ls -A $HOME; pwd")
    assert "very-secret" not in caught.value.output
    assert f"HOME={tmp_path}/job/build/home" in caught.value.output


def test_a_build_without_an_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        run(tmp_path, "echo begun; sleep 98765", seconds=0.5)
    assert caught.value.reason == "it took longer than 0.5 seconds"


def test_a_flood_of_words_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        run(tmp_path, "exec yes", output=1 << 20)
    assert caught.value.reason == "it said more than 1048576 bytes"


@pytest.mark.parametrize("planted", ["ln -s /etc/passwd {}", "mkfifo {}", "mkdir {}"])
def test_what_is_no_ordinary_file_is_not_taken(tmp_path: Path, planted: str) -> None:
    answer = 'echo \'{"return": "a.whl"}\' > ../result.json'
    with pytest.raises(BuildError, match="could not be built"):
        run(tmp_path, f"{planted.format('../out/a.whl')}; {answer}")
