"""The deployments that the guide shows: they can be read, and what they run is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guard.cli.parser import parser
from guard.policy import parse
from tests.documents import ROOT
from tests.yaml_subset import read

EXAMPLES = ROOT / "docs" / "examples" / "mirror"


def _manifests() -> list[dict[str, Any]]:
    text = (EXAMPLES / "kubernetes.yaml").read_text("utf-8")
    return [read(part) for part in text.split("\n---\n")]


def _pods() -> Iterator[dict[str, Any]]:
    for manifest in _manifests():
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield spec["template"]["spec"]


def _services() -> dict[str, Any]:
    services: dict[str, Any] = read((EXAMPLES / "compose.yaml").read_text("utf-8"))["services"]
    return services


def test_what_they_run_is_what_the_program_takes() -> None:
    own = [service["command"] for service in _services().values() if service.get("build")]
    own += [container["args"] for pod in _pods() for container in pod["containers"]]
    assert len(own) == 7
    for words in own:
        assert parser().parse_args(words).module


def test_no_container_is_root_or_writes_to_its_image() -> None:
    pods = list(_pods())
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] == "true"
        assert pod["securityContext"]["runAsUser"] in (EXAMPLES / "Dockerfile").read_text("utf-8")


def test_every_volume_that_is_mounted_is_there() -> None:
    for pod in _pods():
        mounted = {
            at["name"] for container in pod["containers"] for at in container["volumeMounts"]
        }
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_services_wait_for_services_that_are_there() -> None:
    services = _services()
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)


def test_the_policy_is_one_that_the_program_reads() -> None:
    (policy,) = (m["data"]["guard.toml"] for m in _manifests() if m["kind"] == "ConfigMap")
    assert len(parse(policy, source="kubernetes.yaml").digest) == 64
