"""The document: valid CycloneDX 1.6 that says what was judged, whatever an index put into it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.admission import Standing
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.licensing import Licensing
from guard.errors import UsageError
from guard.model import Absent, Advisories, Advisory, Origin, Requested, Severity, Unknown
from guard.publisher import GITHUB, GITLAB, GOOGLE, Identity
from guard.sbom import Part, Phase, Root
from guard.sbom.document import render
from tests.builders import INDEX, a_candidate, a_digest, a_file, a_listing, ago
from tests.report.results import FRESH, HOSTILE, PUBLISHED, WAIVED
from tests.sbom.described import (
    a_content,
    a_part,
    checked,
    component,
    described,
    document,
    named,
    properties,
    unjudged,
)

DENIED = a_part(a_candidate(listing=FRESH, digests=Unknown("not downloaded: denied before")))


def texts(found: dict[str, Any]) -> dict[str, str]:
    """What is said in words, by what it is said of."""
    return {each["subjects"][0]: each["text"] for each in found["annotations"]}


def test_a_component_is_what_was_judged() -> None:
    digests = {"sha256": a_digest(), "sha512": a_digest(algorithm="sha512"), "md5": "0" * 32}
    content = a_content("Frob.Nicator", licensing=Licensing(expression="MIT"))
    file = a_file("frob-nicator", "1.0", url="https://somebody:secret@example.com/f.whl?sig=secret")
    found = component(a_part(a_candidate(file=file, content=content, digests=digests)))
    assert found == {
        "type": "library",
        "bom-ref": "pkg:pypi/frob-nicator@1.0",
        "purl": "pkg:pypi/frob-nicator@1.0",
        "name": "Frob.Nicator",
        "version": "1.0",
        "hashes": [
            {"alg": "SHA-256", "content": digests["sha256"]},
            {"alg": "SHA-512", "content": digests["sha512"]},
        ],
        "licenses": [{"license": {"id": "MIT", "acknowledgement": "declared"}}],
        "externalReferences": [{"type": "distribution", "url": "https://example.com/f.whl"}],
        "properties": found["properties"],
    }
    assert properties(found) == {
        "decision": "admitted",
        "filename": "frob_nicator-1.0-py3-none-any.whl",
        "index": INDEX,
        "upload-time": "2026-03-02T12:00:00+00:00",
    }


def test_a_name_that_is_not_the_projects_own_is_not_taken_from_metadata() -> None:
    for name in ("other", "frob" + "-" * 1000 + "x"):
        content = replace(a_content("frob"), name=name)
        part = a_part(a_candidate(file=a_file("frob", "1.0"), content=content))
        assert component(part)["name"] == "frob"


def test_what_was_not_seen_has_no_hashes_and_is_not_said_to_need_nothing() -> None:
    found = document(DENIED, named("dep"))
    (denied, _) = sorted(found["components"], key=lambda each: "hashes" in each)
    assert "hashes" not in denied
    assert properties(denied)["promised:sha256"] == a_digest()
    assert [each["ref"] for each in found["dependencies"]] == ["pkg:pypi/dep@1.0", "root-component"]
    aggregates = {each["aggregate"]: each["dependencies"] for each in found["compositions"]}
    assert aggregates == {
        "complete": ["pkg:pypi/dep@1.0"],
        "incomplete": ["root-component"],
        "unknown": ["pkg:pypi/litellm@1.82.6"],
    }
    assert "Its bytes were not seen" in texts(found)["pkg:pypi/litellm@1.82.6"]


def test_metadata_that_can_be_read_in_two_ways_says_nothing_of_dependencies() -> None:
    defect = Defect(kind=DefectKind.METADATA_MISMATCH, message="a blank line cuts them short")
    found = document(named("frob", defects=(defect,)))
    assert "unknown" in [each["aggregate"] for each in found["compositions"]]


def test_a_denial_is_described_by_what_denies_it() -> None:
    found = document(DENIED, named("dep"))
    assert properties(found["metadata"]) == {"decision": "denied"}
    said = texts(found)
    assert said["root-component"].startswith("denied: 1 admitted, 1 denied\n")
    assert said["pkg:pypi/dep@1.0"] == "admitted"
    assert said["pkg:pypi/litellm@1.82.6"].startswith(
        "denied\ndenied[fresh-upload]: uploaded 2 hours ago, younger than 7 days\n"
    )
    assert "undecided" not in said["pkg:pypi/litellm@1.82.6"]


def test_a_waiver_is_in_it_with_its_reason() -> None:
    found = document(a_part(a_candidate(listing=FRESH), toml=WAIVED))
    assert properties(found["components"][0])["finding:fresh-upload"].startswith("waived: ")
    assert "fixes an outage" in texts(found)["pkg:pypi/litellm@1.82.6"]


def test_a_publisher_is_evidence_where_attestations_prove_it() -> None:
    listing = a_listing(provenance_url="https://example.com/provenance?x=1")
    candidate = a_candidate(provenance=PUBLISHED, listing=listing)
    found = document(a_part(candidate, standing=Standing.FIRST_SEEN))
    (part,) = found["components"]
    assert part["publisher"] == "acme/frob"
    assert part["evidence"]["identity"] == [
        {
            "field": "hash",
            "concludedValue": a_digest(),
            "confidence": 1,
            "methods": [
                {
                    "technique": "attestation",
                    "confidence": 1,
                    "value": "publish by acme/frob release.yml @ refs/tags/v1.0",
                }
            ],
            "tools": ["wheelguard"],
        }
    ]
    assert {each["type"]: each["url"] for each in part["externalReferences"]} == {
        "attestation": "https://example.com/provenance",
        "distribution": candidate.file.url,
        "vcs": "https://github.com/acme/frob",
    }
    assert properties(part)["publisher:standing"] == "first seen"
    assert json.loads(properties(part)["publisher"])["repository"] == "acme/frob"
    assert "Published by acme/frob release.yml" in texts(found)[part["bom-ref"]]


@pytest.mark.parametrize(
    ("issuer", "repository", "url"),
    [
        (GITHUB, "acme/frob", "https://github.com/acme/frob"),
        (GITLAB, "acme/sub/frob", "https://gitlab.com/acme/sub/frob"),
        ("https://git.example.com", "acme/frob", "https://git.example.com/acme/frob"),
        ("https://id.example.com", "https://u:p@git.example.com/a", "https://git.example.com/a"),
        (GOOGLE, None, None),
    ],
)
def test_a_repository_is_where_the_certificate_says(
    issuer: str, repository: str | None, url: str | None
) -> None:
    identity = Identity(issuer=issuer, identity="sec@example.com", repository=repository)
    (given,) = PUBLISHED.attestations
    proved = replace(PUBLISHED, attestations=(replace(given, identity=identity),))
    found = component(a_part(a_candidate(provenance=proved)))
    urls = [each["url"] for each in found["externalReferences"] if each["type"] == "vcs"]
    assert urls == ([url] if url else [])
    assert found["publisher"] == (repository or "sec@example.com")


@pytest.mark.parametrize("provenance", [Absent("none"), Unknown("no answer"), None])
def test_without_an_attestation_that_verifies_there_is_no_publisher(provenance: Any) -> None:
    proved = provenance or replace(PUBLISHED, attestations=(), invalid=("forged",))
    found = component(a_part(a_candidate(provenance=proved)))
    assert not {"publisher", "supplier", "authors", "evidence"} & found.keys()


def test_the_graph_is_that_of_the_target() -> None:
    found = document(
        named("app", "dep[x]; python_version >= '3'", "never; python_version < '3'"),
        named("dep", "more; extra == 'x'", "gone; extra == 'y'"),
        named("more"),
        wanted={"app": frozenset()},
    )
    edges = {each["ref"]: each.get("dependsOn", []) for each in found["dependencies"]}
    assert edges == {
        "root-component": ["pkg:pypi/app@1.0"],
        "pkg:pypi/app@1.0": ["pkg:pypi/dep@1.0"],
        "pkg:pypi/dep@1.0": ["pkg:pypi/more@1.0"],
        "pkg:pypi/more@1.0": [],
    }
    assert [each["aggregate"] for each in found["compositions"]] == ["complete"]


def test_two_files_of_a_release_are_told_apart_by_their_names() -> None:
    names = ("frob-1.0+cpu-py3-none-any.whl", "frob-1.0+cpu-cp311-cp311-linux_x86_64.whl")
    parts = [a_part(a_candidate(file=a_file("frob", "1.0+cpu", filename=name))) for name in names]
    assert [each["bom-ref"] for each in document(*parts)["components"]] == [
        "pkg:pypi/frob@1.0%2Bcpu?file_name=frob-1.0%2Bcpu-cp311-cp311-linux_x86_64.whl",
        "pkg:pypi/frob@1.0%2Bcpu?file_name=frob-1.0%2Bcpu-py3-none-any.whl",
    ]


def test_a_file_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="was asked for 2 times"):
        render(described(named("frob"), named("frob")))


def test_a_part_without_a_version_has_none() -> None:
    candidate = a_candidate(file=a_file("frob", None), requested=Requested(direct_url="x"))
    found = component(a_part(candidate))
    assert "version" not in found
    assert found["purl"] == "pkg:pypi/frob"


def advised(name: str, *records: Advisory) -> Part:
    known = Advisories(
        records=records, as_of=ago(hours=3), source="https://feeds.example.com/all.zip"
    )
    return a_part(a_candidate(file=a_file(name, "1.0"), advisories=known))


def test_an_advisory_is_there_once_with_all_that_it_affects() -> None:
    record = Advisory(
        id="PYSEC-2026-1",
        aliases=("CVE-2026-0001",),
        severity=Severity.HIGH,
        summary="reads any file",
        fixed=(Version("1.10"), Version("1.9")),
    )
    found = document(advised("frob", record), advised("other", record))
    affected = [{"version": "1.0", "status": "affected"}]
    assert found["vulnerabilities"] == [
        {
            "bom-ref": "advisory:PYSEC-2026-1",
            "id": "PYSEC-2026-1",
            "source": {"name": "OSV", "url": "https://feeds.example.com/all.zip"},
            "references": [{"id": "CVE-2026-0001", "source": {"name": "OSV"}}],
            "ratings": [{"severity": "high"}],
            "description": "reads any file",
            "recommendation": "fixed in 1.9, 1.10",
            "affects": [
                {"ref": "pkg:pypi/frob@1.0", "versions": affected},
                {"ref": "pkg:pypi/other@1.0", "versions": affected},
            ],
        }
    ]
    assert "known on 2026-04-01T09:00:00+00:00" in texts(found)["root-component"]


def test_malware_and_what_nobody_rated_are_said_to_be_that() -> None:
    record = Advisory(id="MAL-2026-1", malware=True, name_wide=True)
    (found,) = document(advised("frob", record))["vulnerabilities"]
    assert found["ratings"] == [{"severity": "unknown"}]
    assert properties(found) == {"malware": "true", "name-wide": "true"}


def test_that_no_advisories_were_asked_is_said_once() -> None:
    none = Unknown("there are none here yet")
    parts = [a_part(a_candidate(file=a_file(n, "1.0"), advisories=none)) for n in ("a", "b")]
    found = document(*parts)
    assert "vulnerabilities" not in found
    said = texts(found)
    assert "no advisories were asked: 2 (there are none here yet)" in said["root-component"]
    assert said["root-component"].count("warning[known-malware]") == 1
    assert said["pkg:pypi/a@1.0"] == "admitted"
    assert "finding:known-malware" in properties(found["metadata"])


def test_what_nobody_judged_is_there_and_not_said_to_be_admitted() -> None:
    found = document(named("dep"), unjudged("own"), phase=Phase.POST_BUILD)
    part = next(each for each in found["components"] if each["name"] == "own")
    assert properties(part) == {"decision": "not judged", "reason": "no index has it"}
    assert texts(found)["pkg:pypi/own@1.0"] == "not judged: no index has it"
    assert found["metadata"]["lifecycles"] == [{"phase": "post-build"}]
    assert "the installed files were not compared" in texts(found)["root-component"]


def test_the_root_is_what_it_is_called() -> None:
    found = document(named("dep"), root=Root(name="Acme\x1b App", version="2.0"))
    root = found["metadata"]["component"]
    assert (root["name"], root["version"]) == (r"Acme\x1b App", "2.0")
    assert found["metadata"]["timestamp"] == "2026-04-01T12:00:00+00:00"


def test_nothing_can_be_described_too() -> None:
    found = document()
    assert found["compositions"] == [{"aggregate": "complete", "dependencies": ["root-component"]}]


def test_the_same_content_at_the_same_time_is_the_same_document() -> None:
    texts = {
        render(described(*parts))
        for parts in ((named("a"), named("b", "a")), (named("a"), named("b", "a")))
    }
    assert len(texts) == 1
    other = render(described(named("a"), named("b", "a"), at=ago(minutes=1)))
    assert json.loads(other)["serialNumber"] != json.loads(texts.pop())["serialNumber"]


def hostile(text: str) -> Part:
    """A part in which everything that somebody else may choose is `text`."""
    identity = Identity(issuer=text, identity=text, repository=text, workflow=text, ref=text)
    (given,) = PUBLISHED.attestations
    record = Advisory(id=text, aliases=(text,), summary=text)
    return a_part(
        a_candidate(
            file=a_file(filename=f"{text}.whl", url=f"https://example.com/{text}"),
            listing=a_listing(yanked=text, provenance_url=text),
            origin=Origin(url=text),
            content=a_content(
                "litellm",
                licensing=Licensing(expression=text, classifiers=(text,), text=text),
                requires_dist=(text,),
            ),
            provenance=replace(PUBLISHED, attestations=(replace(given, identity=identity),)),
            advisories=Advisories(records=(record,), as_of=ago(hours=3), source=text),
        )
    )


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "", "x" * 100_000, "\ud800\udfff", "🦄" * 100, "%zz#%#", "urn:cdx:0/1#x", "\n" * 9],
)
def test_whatever_others_write_the_document_is_valid(text: str) -> None:
    installed = replace(unjudged("own", text), project=canonicalize_name(text), version=text)
    checked(render(described(hostile(text), installed, root=Root(name=text, version=text))))


@hypothesis(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_will_do(text: str) -> None:
    checked(render(described(hostile(text))))
