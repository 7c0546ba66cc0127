"""CycloneDX: what a vendor's SBOM names, and how it names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.inventory import Inventory
from tests.inventory.documents import FILES, INDEX, OTHER, SHA256, WHEEL, entries, of, sbom, titles

PURL: Final = "pkg:pypi/frob@1.0"


def bom(folder: Path, *components: object, **more: Any) -> Inventory:
    """What is read in a bill of materials with these components."""
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    return sbom(folder, {**head, "components": list(components), **more})


def a_component(purl: str | None = PURL, **more: Any) -> dict[str, Any]:
    said = {"type": "library", "name": "frob", **more}
    return said if purl is None else {**said, "purl": purl}


def distributed(url: str, *digests: str) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": digest} for digest in digests]
    return {"externalReferences": [{"type": "distribution", "url": url, "hashes": hashes}]}


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_in_json_is_read(version: str, tmp_path: Path) -> None:
    assert titles(bom(tmp_path, a_component(), specVersion=version)) == ["frob 1.0"]


@pytest.mark.parametrize("version", ["1.1", "1.8", "2.0", 1.6, None, [], "1.6\n"])
def test_another_version_is_refused(version: object, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="is CycloneDX"):
        bom(tmp_path, a_component(), specVersion=version)


@pytest.mark.parametrize(
    ("purl", "title"),
    [
        ("pkg:pypi/frob@1.0", "frob 1.0"),
        ("PKG:PyPI/Frob@1.0", "frob 1.0"),
        ("pkg:pypi/Name.With_Case@1.0%2Blocal.1", "name-with-case 1.0+local.1"),
        ("pkg:pypi/name_with%2Dcase@1.0+local.1", "name-with-case 1.0+local.1"),
        ("pkg:pypi/frob@1.0?file_name=x&a=b#sub/path", "frob 1.0"),
        ("pkg://pypi/frob@1.0", "frob 1.0"),
        ("pkg:pypi/frob", "frob"),
        ("pkg:pypi/frob@", "frob"),
        ("pkg:pypi/frob@2.4.0-0ubuntu1", "frob"),
        ("pkg:pypi/frob@" + "9" * 4000, "frob " + "9" * 4000),
    ],
)
def test_a_package_url_is_read(purl: str, title: str, tmp_path: Path) -> None:
    assert titles(bom(tmp_path, a_component(purl))) == [title]


@pytest.mark.parametrize(
    "purl",
    [
        "pkg:pypi/acme/frob@1.0",
        "pkg:pypi/@1.0",
        "pkg:pypi/%00@1.0",
        "pkg:pypi/fr%0Aob@1.0",
        "pkg:pypi/frob%2F..@1.0",
        "pkg:pypi/frob@1.0%00",
        "pkg:pypi/frob@1.0?a=b&A=c",
        "pkg:pypi/frob@1.0?download_url=https://x%00y",
        "pkg:pypi/frob@1.0?repository_url=https://[bad",
        "pkg:pypi/frob@1.0?checksum=sha256:xyz",
        "pkg:pypi/" + "a" * 300,
        "pkg:pypi/" + "a" * 9000,
    ],
)
def test_a_package_url_of_pypi_that_names_nothing_is_refused(purl: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"components\[1\]"):
        bom(tmp_path, a_component(), a_component(purl))


@pytest.mark.parametrize(
    ("qualifiers", "index", "direct"),
    [
        (f"repository_url={INDEX}/", INDEX, None),
        ("repository_url=packages.example.com%2Fsimple", INDEX, None),
        (f"repository_url={INDEX.replace('//', '//user:s3cret@')}", INDEX, None),
        (f"download_url={FILES}/{WHEEL}", None, f"{FILES}/{WHEEL}"),
        ("vcs_url=git%2Bhttps://t@git.example.com/f%2301", None, "git+https://git.example.com/f"),
    ],
)
def test_qualifiers_say_where_it_comes_from(
    qualifiers: str, index: str | None, direct: str | None, tmp_path: Path
) -> None:
    frob = of(bom(tmp_path, a_component(f"{PURL}?{qualifiers}")), "frob")
    assert (frob.index, frob.direct_url) == (index, direct)


def test_digests_that_are_of_no_named_file_are_those_of_the_release(tmp_path: Path) -> None:
    hashes = [{"alg": "SHA-256", "content": SHA256.upper()}, {"alg": "MD5", "content": "00"}]
    frob = of(bom(tmp_path, a_component(f"{PURL}?checksum=sha256:{OTHER}", hashes=hashes)), "frob")
    assert frob.hashes == {("sha256", SHA256), ("sha256", OTHER)}
    assert frob.files == ()


def test_a_distribution_is_a_file(tmp_path: Path) -> None:
    frob = of(bom(tmp_path, a_component(**distributed(f"{FILES}/{WHEEL}", SHA256))), "frob")
    (file,) = frob.files
    assert (file.url, dict(file.hashes)) == (f"{FILES}/{WHEEL}", {"sha256": SHA256})
    assert frob.hashes == frozenset()


def test_the_digests_of_a_page_are_of_any_of_its_files(tmp_path: Path) -> None:
    frob = of(bom(tmp_path, a_component(**distributed(f"{INDEX}/frob/", SHA256, OTHER))), "frob")
    assert (frob.files, len(frob.hashes)) == ((), 2)


def test_an_archive_of_the_sources_is_no_file_of_the_release(tmp_path: Path) -> None:
    url = "https://git.example.com/acme/frob/archive/v1.0.tar.gz"
    frob = of(bom(tmp_path, a_component(**distributed(url, SHA256))), "frob")
    assert (frob.files, frob.hashes) == ((), frozenset())


def test_a_wheel_of_another_release_is_refused(tmp_path: Path) -> None:
    for name in ("evil-1.0-py3-none-any.whl", "frob-2.0-py3-none-any.whl"):
        with pytest.raises(UsageError, match=r"is listed under frob 1\.0"):
            bom(tmp_path, a_component(**distributed(f"{FILES}/{name}")))


def test_one_file_has_one_digest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are two digests of frob"):
        bom(tmp_path, a_component(**distributed(f"{FILES}/{WHEEL}", SHA256, OTHER)))


def test_nothing_is_nested_too_deep(tmp_path: Path) -> None:
    inner: dict[str, Any] = a_component("pkg:pypi/inner@1.0")
    for _ in range(50):
        inner = a_component("pkg:npm/x@1", components=[inner])
    found = bom(tmp_path, a_component(), inner)
    assert titles(found) == ["frob 1.0", "inner 1.0"]
    lines = (tmp_path / "bom.json").read_text().splitlines()
    line = of(found, "inner").line  # of the outermost
    assert line is not None
    assert lines[line - 1 :][:3] == ["    {", '      "type": "library",', '      "name": "frob",']
    assert line > (of(found, "frob").line or 0)
    assert len(found.skipped) == 50


def test_what_is_no_python_package_is_counted(tmp_path: Path) -> None:
    found = bom(
        tmp_path,
        a_component("pkg:npm/%40acme/left-pad@1.0"),
        a_component(None, name="a\nb\x1b[31m", version="1.0"),
        a_component(None, name="x" * 500),
        a_component("nonsense"),
        a_component(),
    )
    assert titles(found) == ["frob 1.0"]
    assert found.skipped[:2] == (
        "pkg:npm/%40acme/left-pad@1.0",
        "library a\\nb\\x1b[31m 1.0: no package URL",
    )
    assert [len(each) < 200 for each in found.skipped] == [True] * 4


def test_the_version_may_stand_beside_the_package_url(tmp_path: Path) -> None:
    assert titles(bom(tmp_path, a_component("pkg:pypi/frob", version="1.0"))) == ["frob 1.0"]
    assert titles(bom(tmp_path, a_component(version="1.0.0"))) == ["frob 1.0"]


def test_two_versions_are_one_too_many(tmp_path: Path) -> None:
    """One reader would look for advisories of the one, and another for those of the other."""
    with pytest.raises(UsageError, match=r"its version is 2\.0, and 1\.0 in its package URL"):
        bom(tmp_path, a_component(version="2.0"))


def test_what_it_is_about_is_the_user_s_own(tmp_path: Path) -> None:
    about = a_component("pkg:pypi/app@1.0", components=[a_component("pkg:pypi/part@1.0")])
    found = bom(tmp_path, a_component(), metadata={"component": about})
    own = {str(each.project): each.local for each in found.listed}
    assert own == {"app": True, "part": False, "frob": False}


def test_a_component_that_is_there_twice_is_listed_once(tmp_path: Path) -> None:
    found = bom(
        tmp_path,
        a_component(**distributed(f"{FILES}/{WHEEL}", SHA256)),
        a_component(),
        a_component(**distributed(f"{FILES}/{WHEEL}", SHA256)),
        a_component(**distributed(f"{FILES}/frob-1.0.tar.gz", SHA256)),
    )
    (frob,) = entries(found, "frob")
    assert [file.filename for file in frob.files] == [WHEEL, "frob-1.0.tar.gz"]


@pytest.mark.parametrize(
    "component",
    [
        1,
        [],
        {"purl": 1},
        {"purl": PURL, "version": 1},
        {"purl": PURL, "hashes": {}},
        {"purl": PURL, "hashes": [{"alg": "SHA-256"}]},
        {"purl": PURL, "hashes": [{"alg": "SHA-256", "content": "abc123"}]},
        {"purl": PURL, "externalReferences": [1]},
        {"purl": PURL, "externalReferences": [{"type": "distribution", "url": "https://[bad"}]},
        {"purl": "pkg:pypi/a\ud800"},
        {"components": {}},
        {"components": [{"components": 1}]},
    ],
)
def test_a_component_of_other_types_is_refused(component: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"components"):
        bom(tmp_path, component)
