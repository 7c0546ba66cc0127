"""`guard poetry`: the files and the environment of the bare tool, of what the policy lets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, ago, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.online.others.stand_in import stand_in
from tests.online.others.tools import Sides, distributions, files, forget, tree
from tests.wheels import a_startup_payload, a_wheel, an_sdist

pytestmark = pytest.mark.online

INSIDE = {"POETRY_VIRTUALENVS_IN_PROJECT": "true"}


def project(index: LoopbackIndex | str, *dependencies: str, more: str = "") -> str:
    """A project whose one source is `index`, with nothing to be built."""
    listed = "".join(f'    "{each}",\n' for each in dependencies)
    url = index if isinstance(index, str) else index.url
    return (
        f'[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{listed}]\n\n[tool.poetry]\npackage-mode = false\n{more}\n"
        f'[[tool.poetry.source]]\nname = "inner"\nurl = "{url}"\n'
    )


def test_every_day(poetry: Sides, index: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(index))
    poetry.both("add", "frob==0.9", **INSIDE)
    assert distributions(poetry.work) == {"frob-0.9"}
    poetry.both("add", "frob@latest", **INSIDE)
    poetry.both("add", "--group", "dev", "say", **INSIDE)
    assert distributions(poetry.work) == {"frob-1.0", "dep-1.0", "say-1.0"}
    poetry.both("lock", **INSIDE)
    index.add(a_wheel("dep", "1.1"), uploaded=LONG_AGO)
    poetry.both("update", **INSIDE)
    assert distributions(poetry.work) == {"frob-1.0", "dep-1.1", "say-1.0"}
    for folder in (poetry.work, poetry.bare_folder):
        forget(folder)
    poetry.both("install", **INSIDE)
    poetry.both("remove", "frob", **INSIDE)
    poetry.both("sync", "--without", "dev", **INSIDE)
    assert distributions(poetry.work) == set()


def test_what_is_too_fresh_is_not_there(poetry: Sides, fresh: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(fresh))
    ran = poetry.guarded("add", "frob", **INSIDE)
    assert ran.code == 0, ran.said
    assert distributions(poetry.work) == {"frob-1.0", "dep-1.0"}
    assert "frob 2.0 (fresh-upload" in ran.err
    assert poetry.bare("add", "frob", **INSIDE).code == 0
    assert distributions(poetry.bare_folder) == {"frob-2.0", "dep-2.0"}


def test_a_program_has_no_gateway_around_it(poetry: Sides, index: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(index))
    assert poetry.guarded("add", "say", **INSIDE).code == 0
    ran = poetry.guarded("run", "say", "it", NO_PROXY="", **INSIDE)
    assert ran.code == 0, ran.said
    assert ran.out.splitlines()[0] == "said it"
    assert "SSL_CERT_FILE" not in ran.out
    assert "CERTIFICATES" not in ran.out


def test_a_denied_pin_leaves_everything_as_it_was(poetry: Sides, fresh: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(fresh))
    assert poetry.guarded("add", "frob<1", **INSIDE).code == 0
    before = tree(poetry.work)
    ran = poetry.guarded("add", "frob==2.0", **INSIDE)
    assert_paragraph(ran, 77, "frob 2.0 (fresh-upload", "nothing else would do")
    assert tree(poetry.work) == before


def test_a_lock_that_names_what_is_denied(poetry: Sides, fresh: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(fresh, "frob"))
    assert poetry.bare("lock").code == 0
    (poetry.work / "poetry.lock").write_bytes((poetry.bare_folder / "poetry.lock").read_bytes())
    before = tree(poetry.work)
    ran = poetry.guarded("install", **INSIDE)
    assert_paragraph(ran, 77, "dep 2.0 (fresh-upload", "nothing else would do")
    assert tree(poetry.work) == before


def test_what_was_installed_before_a_denial_is_taken_away(
    poetry: Sides, index: LoopbackIndex, tmp_path: Path
) -> None:
    """Poetry installs one thing while it fetches the next: dep is in place when frob is denied."""
    poetry.write("pyproject.toml", project(index))
    assert poetry.guarded("add", "dep==0.9", **INSIDE).code == 0
    marker = tmp_path / "marker"
    bad = a_wheel("bad", "1.0", files=a_startup_payload(marker), requires=["dep==1.0"])
    index.add(bad, uploaded=LONG_AGO)
    poetry.write("pyproject.toml", project(index, "bad"))
    before = tree(poetry.work)
    ran = poetry.guarded("update", **INSIDE)
    assert_paragraph(ran, 77, "denied[startup-hook]", "451")
    assert tree(poetry.work) == before
    assert not list(poetry.work.glob(".guard-*"))
    assert poetry.bare("update", **INSIDE).code == 0
    assert poetry.bare("run", "python", "-c", "", **INSIDE).code == 0
    assert marker.exists()


def test_it_is_done_without_what_is_denied_inside(
    poetry: Sides, index: LoopbackIndex, tmp_path: Path
) -> None:
    marked = a_wheel("frob", "1.1", files=a_startup_payload(tmp_path / "marker"))
    index.add(marked, uploaded=LONG_AGO)
    poetry.write("pyproject.toml", project(index))
    ran = poetry.guarded("add", "frob", **INSIDE)
    assert ran.code == 0, ran.said
    assert "running again without frob 1.1" in ran.err
    assert distributions(poetry.work) == {"frob-1.0", "dep-1.0"}


def test_a_source_with_a_password(poetry: Sides) -> None:
    with LoopbackIndex(credentials=("shop", "s3cret")) as private:
        private.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
        poetry.write("pyproject.toml", project(private))
        given = {"POETRY_HTTP_BASIC_INNER_USERNAME": "shop"}
        given["POETRY_HTTP_BASIC_INNER_PASSWORD"] = "s3cret"  # noqa: S105 - of a test
        poetry.both("add", "frob", **given, **INSIDE)
        assert "s3cret" not in str(files(poetry.work))


def test_metadata_that_leads_to_a_file_is_not_followed(
    poetry: Sides, index: LoopbackIndex, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    evil = an_sdist("evil", "1.0", payload=marker)
    evil.write_to(tmp_path)
    url = (tmp_path / evil.filename).as_uri()
    index.add(a_wheel("far", "1.0", requires=[f"evil @ {url}"]), uploaded=LONG_AGO)
    poetry.write("pyproject.toml", project(index))
    ran = poetry.guarded("add", "far", **INSIDE)
    assert_paragraph(ran, 77, "direct-url")
    assert not marker.exists()
    poetry.bare("add", "far", **INSIDE)
    assert marker.exists()


def test_a_folder_of_one_s_own(poetry: Sides, index: LoopbackIndex) -> None:
    own = '[tool.poetry.dependencies]\npart = { path = "libs/part", develop = true }\n'
    poetry.write("pyproject.toml", project(index, "frob", more=own))
    poetry.write(
        "libs/part/pyproject.toml",
        '[project]\nname = "part"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["dep"]\n',
    )
    poetry.both("lock", **INSIDE)
    poetry.write("pyproject.toml", project(index, "frob"))
    for _ in range(2):
        ran = poetry.guarded("add", "--lock", "./libs/part", **INSIDE)
        assert ran.code == 0, ran.said
        assert b"part @ file://" in files(poetry.work)["pyproject.toml"]


def test_an_environment_that_is_in_no_project(poetry: Sides, fresh: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(fresh, "dep", "frob==2.0"))
    ran = poetry.guarded("install", POETRY_VIRTUALENVS_PATH=str(poetry.guard.folder / "envs"))
    assert_paragraph(ran, 77, "frob 2.0 (fresh-upload")
    assert list(poetry.guard.folder.glob("envs/shop-*")) == []
    poetry.write("pyproject.toml", project(fresh, "frob"))
    ran = poetry.guarded("install", POETRY_VIRTUALENVS_PATH=str(poetry.guard.folder / "envs"))
    assert ran.code == 0, ran.said
    assert distributions(poetry.guard.folder / "envs") == {"frob-1.0", "dep-1.0"}


def test_an_environment_for_everybody_is_refused(poetry: Sides, index: LoopbackIndex) -> None:
    poetry.write("pyproject.toml", project(index, "frob"))
    ran = poetry.guarded("install", POETRY_VIRTUALENVS_CREATE="false")
    assert_paragraph(ran, 2, "`virtualenvs.create = false`")


def test_the_index_that_is_built_in(poetry: Sides, index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(an_sdist("frob", "1.0"), uploaded=LONG_AGO)
    text = project(index).partition("[[tool.poetry.source]]")[0]
    poetry.write("pyproject.toml", text)
    with stand_in(tmp_path, index) as settings:
        poetry.both("add", "frob", **INSIDE, **settings)
        assert distributions(poetry.work) == {"frob-1.0", "dep-1.0"}
        index.add(a_wheel("dep", "2.0"), uploaded=ago(days=1))
        poetry.write("pyproject.toml", text.replace("[\n]", '["frob", "dep==2.0"]'))
        before = tree(poetry.work)
        ran = poetry.guarded("update", **INSIDE, **settings)
        assert_paragraph(ran, 77, "dep 2.0 (fresh-upload")
        assert tree(poetry.work) == before
