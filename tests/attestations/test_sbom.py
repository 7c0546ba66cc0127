"""Who published a file, in the SBOM: by what its attestations prove, and not without."""

from __future__ import annotations

import json

from tests.attestations.places import tagged
from tests.attestations.shop import PIN, Shop
from tests.e2e.guarded import Environment
from tests.local_sigstore import Fault
from tests.sbom.described import checked, properties


def test_a_proved_publisher_is_evidence(shop: Shop, target: Environment) -> None:
    wheel = shop.add("1.0", tagged("1.0"))
    ran = shop.run("sbom", "widget", into=target, policy=PIN)
    assert ran.code == 0, ran.said
    (part,) = checked(ran.out)["components"]
    (identity,) = part["evidence"]["identity"]
    assert identity["concludedValue"] == wheel.sha256
    assert identity["methods"][0]["value"] == "publish by acme/widget release.yml @ refs/tags/v1.0"
    assert part["publisher"] == "acme/widget"
    assert properties(part)["publisher:standing"] == "as pinned"
    claims = json.loads(properties(part)["publisher"])
    assert (claims["repository"], claims["ref"]) == ("acme/widget", "refs/tags/v1.0")
    assert {"type": "vcs", "url": "https://github.com/acme/widget"} in part["externalReferences"]


def test_a_forged_attestation_names_nobody(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"), fault=next(iter(Fault)))
    ran = shop.run("sbom", "widget==1.0", into=target)
    assert ran.code == 77, ran.said
    (part,) = checked(ran.out)["components"]
    assert properties(part)["decision"] == "denied"
    assert not {"publisher", "evidence"} & part.keys()
    assert [each["type"] for each in part["externalReferences"]] == ["distribution"]
