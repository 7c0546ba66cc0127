"""SPDX 2 and 3: what a vendor's SBOM names, and how it names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.inventory import Format, Inventory
from tests.inventory.documents import FILES, SHA256, WHEEL, of, sbom, titles

PURL: Final = "pkg:pypi/frob@1.0"
CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"


def second(folder: Path, *packages: object, version: object = "SPDX-2.3") -> Inventory:
    """What is read in a document of SPDX 2."""
    return sbom(folder, {"spdxVersion": version, "name": "a test", "packages": list(packages)})


def third(folder: Path, *elements: object, context: object = CONTEXT) -> Inventory:
    """What is read in a document of SPDX 3."""
    return sbom(folder, {"@context": context, "@graph": list(elements)}, name="bom.spdx.json")


def a_package(*purls: str, **more: Any) -> dict[str, Any]:
    references = [
        {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": each}
        for each in purls
    ]
    return {"SPDXID": "SPDXRef-1", "name": "frob", "externalRefs": references, **more}


def an_element(purl: str | None = PURL, **more: Any) -> dict[str, Any]:
    said = {"type": "software_Package", "name": "frob", **more}
    return said if purl is None else {**said, "software_packageUrl": purl}


@pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
def test_a_package_is_read(version: str, tmp_path: Path) -> None:
    found = second(tmp_path, a_package(PURL), version=version)
    assert (found.format, titles(found)) == (Format.SPDX, ["frob 1.0"])
    assert of(found, "frob").line == 5


@pytest.mark.parametrize("version", ["SPDX-2.1", "SPDX-3.0", 2.3, None])
def test_another_version_is_refused(version: object, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="is SPDX"):
        second(tmp_path, a_package(PURL), version=version)


def test_a_package_url_is_known_by_its_type(tmp_path: Path) -> None:
    odd = a_package(PURL)
    odd["externalRefs"][0]["referenceType"] = "http://spdx.org/rdf/references/purl"
    odd["externalRefs"].append({"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"})
    assert titles(second(tmp_path, odd)) == ["frob 1.0"]


def test_the_version_may_stand_beside_the_package_url(tmp_path: Path) -> None:
    assert titles(second(tmp_path, a_package("pkg:pypi/frob", versionInfo="1.0"))) == ["frob 1.0"]
    assert titles(second(tmp_path, a_package("pkg:pypi/frob", versionInfo="NOASSERTION"))) == [
        "frob"
    ]
    with pytest.raises(UsageError, match=r"its version is 2\.0"):
        second(tmp_path, a_package(PURL, versionInfo="2.0"))


@pytest.mark.parametrize("place", ["downloadLocation", "packageFileName"])
def test_checksums_are_of_the_file_that_is_named(place: str, tmp_path: Path) -> None:
    checksums = [
        {"algorithm": "SHA1", "checksumValue": "00"},
        {"algorithm": "SHA256", "checksumValue": SHA256},
    ]
    said = {place: WHEEL if place == "packageFileName" else f"{FILES}/{WHEEL}"}
    frob = of(second(tmp_path, a_package(PURL, checksums=checksums, **said)), "frob")
    assert [(f.filename, dict(f.hashes)) for f in frob.files] == [(WHEEL, {"sha256": SHA256})]
    assert frob.hashes == frozenset()
    bare = of(second(tmp_path, a_package(PURL, checksums=checksums)), "frob")
    assert (bare.files, set(bare.hashes)) == ((), {("sha256", SHA256)})


def test_nothing_that_a_document_says_it_describes_is_the_user_s_own(tmp_path: Path) -> None:
    """Some tools say so of every package, and then nothing would be audited."""
    document = {
        "spdxVersion": "SPDX-2.3",
        "documentDescribes": ["SPDXRef-1"],
        "packages": [a_package(PURL)],
    }
    assert of(sbom(tmp_path, document), "frob").local is False


def test_what_is_no_python_package_is_counted(tmp_path: Path) -> None:
    bare = {"name": "libssl3", "versionInfo": "3.1"}
    found = second(tmp_path, bare, a_package("pkg:npm/x@1"), a_package(PURL))
    assert found.skipped == ("libssl3 3.1: no package URL", "pkg:npm/x@1")


def test_two_package_urls_are_one_too_many(tmp_path: Path) -> None:
    assert titles(second(tmp_path, a_package("pkg:npm/x@1", PURL, PURL))) == ["frob 1.0"]
    with pytest.raises(UsageError, match="more than one package URL for PyPI"):
        second(tmp_path, a_package(PURL, "pkg:pypi/evil@1.0"))


@pytest.mark.parametrize("context", [CONTEXT, [CONTEXT, {"x": "y"}]])
def test_an_element_is_read(context: object, tmp_path: Path) -> None:
    found = third(tmp_path, {"type": "Person", "name": "x"}, an_element(), context=context)
    assert (found.format, titles(found), found.skipped) == (Format.SPDX, ["frob 1.0"], ())


@pytest.mark.parametrize("key", ["externalIdentifier", "externalIdentifiers"])
@pytest.mark.parametrize("kind", ["packageUrl", "packageURL"])
def test_an_identifier_may_be_the_package_url(key: str, kind: str, tmp_path: Path) -> None:
    identifier = {"externalIdentifierType": kind, "identifier": PURL}
    found = third(tmp_path, an_element(None, **{key: [identifier]}))
    assert titles(found) == ["frob 1.0"]


def test_what_has_a_package_url_is_a_package_whatever_it_is_called(tmp_path: Path) -> None:
    model = an_element("pkg:pypi/weights@1", type="ai_AIPackage")
    hidden = an_element("pkg:pypi/hidden@1", type="Person")
    assert titles(third(tmp_path, model, hidden)) == ["weights 1", "hidden 1"]


def test_an_element_has_a_file_and_digests(tmp_path: Path) -> None:
    verified = [
        {"type": "Hash", "algorithm": "sha256", "hashValue": SHA256},
        {"type": "PackageVerificationCode", "algorithm": "sha1"},
    ]
    element = an_element(verifiedUsing=verified, software_packageVersion="1.0")
    assert of(third(tmp_path, element), "frob").hashes == {("sha256", SHA256)}
    element["software_downloadLocation"] = f"{FILES}/{WHEEL}"
    (file,) = of(third(tmp_path, element), "frob").files
    assert dict(file.hashes) == {"sha256": SHA256}


def test_an_element_without_package_url_is_counted(tmp_path: Path) -> None:
    found = third(tmp_path, an_element(None), {"type": ["software_Package"], "name": "y"})
    assert found.skipped == ("software_Package frob: no package URL", "y: no package URL")


def test_a_document_of_one_element_is_read(tmp_path: Path) -> None:
    assert titles(sbom(tmp_path, {"@context": CONTEXT, **an_element()})) == ["frob 1.0"]


def test_spdx_3_of_another_version_is_refused(tmp_path: Path) -> None:
    for context in ("https://spdx.org/rdf/3.1/spdx-context.jsonld", "https://spdx.org/rdf/terms/"):
        with pytest.raises(UnsupportedError, match="is SPDX"):
            third(tmp_path, an_element(), context=context)


@pytest.mark.parametrize(
    "package",
    [
        1,
        {"externalRefs": 1},
        {"externalRefs": [{"referenceType": "purl"}]},
        {"externalRefs": [{"referenceType": 1}]},
        a_package(PURL, checksums=[{"algorithm": "SHA256", "checksumValue": "abc"}]),
        a_package(PURL, checksums=[{"algorithm": "SHA256"}]),
        a_package(PURL, downloadLocation=1),
        a_package(PURL, downloadLocation=f"{FILES}/evil-1.0-py3-none-any.whl"),
    ],
)
def test_a_package_of_other_types_is_refused(package: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"packages"):
        second(tmp_path, package)
