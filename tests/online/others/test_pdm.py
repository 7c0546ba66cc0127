"""`guard pdm`: the files and the environment of the bare tool, of what the policy lets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Ran, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.online.others.tools import Sides, distributions, files, forget, tree
from tests.wheels import a_startup_payload, a_wheel, an_sdist

pytestmark = pytest.mark.online

QUIET = {"PDM_CHECK_UPDATE": "0", "PDM_NON_INTERACTIVE": "1"}


def project(index: LoopbackIndex | str, *dependencies: str, more: str = "") -> str:
    """A project whose one source is `index`, with nothing to be built."""
    listed = "".join(f'    "{each}",\n' for each in dependencies)
    url = index if isinstance(index, str) else index.url
    return (
        f'[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{listed}]\n\n[tool.pdm]\ndistribution = false\n{more}\n"
        f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\n'
    )


def same(pdm: Sides, *words: str, **settings: str) -> None:
    """Run both, which must go well and leave the same, but for the path of the environment."""
    pdm.side_by_side(words, QUIET | settings, QUIET | settings)
    one, other = files(pdm.work), files(pdm.bare_folder)
    saved = [each.pop(".pdm-python", b"") for each in (one, other)]
    assert saved[0].replace(bytes(pdm.work), bytes(pdm.bare_folder)) == saved[1]
    assert one == other
    assert distributions(pdm.work) == distributions(pdm.bare_folder)


def assert_denied(ran: Ran, word: str) -> None:
    """The run was denied for what `word` says. pdm prints where in itself it has failed."""
    assert ran.code == 77, ran.said
    assert word in ran.err.rpartition("Traceback")[2], ran.said


def test_every_day(pdm: Sides, index: LoopbackIndex) -> None:
    index.add(an_sdist("frob", "1.0"), uploaded=LONG_AGO)
    pdm.write("pyproject.toml", project(index))
    same(pdm, "add", "frob==0.9")
    assert distributions(pdm.work) == {"frob-0.9"}
    same(pdm, "add", "frob>=1")
    same(pdm, "add", "-dG", "dev", "say")
    assert distributions(pdm.work) == {"frob-1.0", "dep-1.0", "say-1.0"}
    same(pdm, "lock")
    index.add(a_wheel("dep", "1.1"), uploaded=LONG_AGO)
    same(pdm, "update", "--update-all")
    assert distributions(pdm.work) == {"frob-1.0", "dep-1.1", "say-1.0"}
    same(pdm, "lock", "--static-urls")
    for folder in (pdm.work, pdm.bare_folder):
        forget(folder)
    same(pdm, "install")
    same(pdm, "remove", "frob")
    same(pdm, "sync", "--prod", "--only-keep")
    assert distributions(pdm.work) == set()


def test_what_is_too_fresh_is_not_there(pdm: Sides, fresh: LoopbackIndex) -> None:
    pdm.write("pyproject.toml", project(fresh))
    ran = pdm.guarded("add", "frob", **QUIET)
    assert ran.code == 0, ran.said
    assert distributions(pdm.work) == {"frob-1.0", "dep-1.0"}
    assert "frob 2.0 (fresh-upload" in ran.err
    assert pdm.bare("add", "frob", **QUIET).code == 0
    assert distributions(pdm.bare_folder) == {"frob-2.0", "dep-2.0"}


def test_a_program_has_no_gateway_around_it(pdm: Sides, index: LoopbackIndex) -> None:
    pdm.write("pyproject.toml", project(index))
    assert pdm.guarded("add", "say", **QUIET).code == 0
    ran = pdm.guarded("run", "say", "it", **QUIET)
    assert ran.code == 0, ran.said
    assert ran.out.splitlines()[0] == "said it"
    assert "SSL_CERT_FILE" not in ran.out
    assert "PDM_CONFIG_FILE" not in ran.out


def test_a_denied_pin_leaves_everything_as_it_was(pdm: Sides, fresh: LoopbackIndex) -> None:
    pdm.write("pyproject.toml", project(fresh))
    assert pdm.guarded("add", "frob<1", **QUIET).code == 0
    before = tree(pdm.work)
    ran = pdm.guarded("add", "frob==2.0", **QUIET)
    assert_paragraph(ran, 77, "frob 2.0 (fresh-upload", "nothing else would do")
    assert tree(pdm.work) == before


@pytest.mark.parametrize("urls", ["--static-urls", "--no-static-urls"])
def test_a_lock_that_names_what_is_denied(urls: str, pdm: Sides, fresh: LoopbackIndex) -> None:
    pdm.write("pyproject.toml", project(fresh, "frob"))
    assert pdm.bare("lock", urls, **QUIET).code == 0
    (pdm.work / "pdm.lock").write_bytes((pdm.bare_folder / "pdm.lock").read_bytes())
    before = tree(pdm.work)
    ran = pdm.guarded("sync", **QUIET)
    assert_denied(ran, "fresh-upload")
    assert tree(pdm.work) == before


def test_what_was_installed_before_a_denial_is_taken_away(
    pdm: Sides, index: LoopbackIndex, tmp_path: Path
) -> None:
    pdm.write("pyproject.toml", project(index))
    assert pdm.guarded("add", "dep==0.9", **QUIET).code == 0
    marker = tmp_path / "marker"
    bad = a_wheel("bad", "1.0", files=a_startup_payload(marker), requires=["dep==1.0"])
    index.add(bad, uploaded=LONG_AGO)
    pdm.write("pyproject.toml", project(index, "bad"))
    before = tree(pdm.work)
    ran = pdm.guarded("install", **QUIET)
    assert_denied(ran, "denied[startup-hook]")
    assert tree(pdm.work) == before
    assert pdm.bare("install", **QUIET).code == 0
    assert pdm.bare("run", "python", "-c", "", **QUIET).code == 0
    assert marker.exists()


def test_a_source_with_a_password(pdm: Sides) -> None:
    with LoopbackIndex(credentials=("shop", "s3cret")) as private:
        private.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
        url = private.url.replace("//", "//${SHOP_USER}:${SHOP_WORD}@")
        pdm.write("pyproject.toml", project(url))
        same(pdm, "add", "frob", SHOP_USER="shop", SHOP_WORD="s3cret")
        assert "s3cret" not in str(files(pdm.work))


def test_an_index_of_the_user_s_configuration(pdm: Sides, index: LoopbackIndex) -> None:
    text = project(index).partition("[[tool.pdm.source]]")[0]
    pdm.write("pyproject.toml", text)
    same(pdm, "add", "frob", PDM_PYPI_URL=index.url)
    assert distributions(pdm.work) == {"frob-1.0", "dep-1.0"}


def test_metadata_that_leads_to_a_file_is_not_followed(
    pdm: Sides, index: LoopbackIndex, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    evil = an_sdist("evil", "1.0", payload=marker)
    evil.write_to(tmp_path)
    url = (tmp_path / evil.filename).as_uri()
    index.add(a_wheel("far", "1.0", requires=[f"evil @ {url}"]), uploaded=LONG_AGO)
    pdm.write("pyproject.toml", project(index))
    ran = pdm.guarded("add", "far", **QUIET)
    assert_paragraph(ran, 77, "direct-url")
    assert not marker.exists()
    pdm.bare("add", "far", **QUIET)
    assert marker.exists()
