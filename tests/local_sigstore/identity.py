"""Who signs: the claims that Fulcio copies from an OIDC token into a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeAlias

from cryptography.hazmat import asn1

Publisher: TypeAlias = Mapping[str, str | None]

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"
GOOGLE_ISSUER = "https://accounts.google.com"
CIRCLECI_ISSUER = "https://oidc.circleci.com"

CLAIMS_OID = "1.3.6.1.4.1.57264.1"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def claim_oid(arc: int) -> str:
    """Name the certificate extension that holds the claim `arc`."""
    return f"{CLAIMS_OID}.{arc}"


def _claim(arc: int) -> Any:
    """Declare a claim: an optional field that remembers its number."""
    return field(default=None, metadata={"arc": arc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The claims of a signer, by Fulcio's names; a claim that is None is absent.

    The constructors make what the real issuers' tokens lead to. Use `dataclasses.replace` for an
    identity that differs in one claim: the claimed `publisher` then stays as it was.
    """

    publisher: Publisher = field(default_factory=dict, hash=False)
    """What an honest index says of this signer in a provenance object."""

    san: str | None = None
    """The certificate's subject alternative name: a URI, or else an e-mail address.

    X.509 path validation fails without one.
    """

    issuer: str | None = _claim(8)
    build_signer_uri: str | None = _claim(9)
    build_signer_digest: str | None = _claim(10)
    runner_environment: str | None = _claim(11)
    source_repository_uri: str | None = _claim(12)
    source_repository_digest: str | None = _claim(13)
    source_repository_ref: str | None = _claim(14)
    source_repository_identifier: str | None = _claim(15)
    source_repository_owner_uri: str | None = _claim(16)
    source_repository_owner_identifier: str | None = _claim(17)
    build_config_uri: str | None = _claim(18)
    build_config_digest: str | None = _claim(19)
    build_trigger: str | None = _claim(20)
    run_invocation_uri: str | None = _claim(21)
    source_repository_visibility: str | None = _claim(22)
    deployment_environment: str | None = _claim(23)
    token_subject: str | None = _claim(24)

    @property
    def claims(self) -> dict[int, str]:
        """The claims that are present, by the last arc of their OID."""
        numbered = {f.metadata["arc"]: getattr(self, f.name) for f in fields(self) if f.metadata}
        return {arc: value for arc, value in numbered.items() if value is not None}

    def extensions(self) -> Iterator[tuple[str, bytes]]:
        """Yield the OID and value of each certificate extension that states a claim.

        Of the deprecated claims only .1 is written: it is the one that policies still read.
        """
        if self.issuer is not None:
            # Fulcio oid-info: .1 to .6 are raw strings, .8 and up are DER UTF8Strings.
            yield claim_oid(1), self.issuer.encode()
        for arc, value in self.claims.items():
            yield claim_oid(arc), asn1.encode_der(value)

    @classmethod
    def github(
        cls,
        repository: str = "acme/widget",
        workflow: str = "release.yml",
        *,
        ref: str = "refs/tags/v1.0",
        environment: str | None = None,
        trigger: str = "release",
        runner: str = "github-hosted",
        repository_id: str = "1001",
        owner_id: str = "2002",
    ) -> Self:
        """Make a GitHub Actions workflow that signs for itself (is not a reusable one)."""
        uri = f"https://github.com/{repository}"
        build = f"{uri}/.github/workflows/{workflow}@{ref}"
        context = f"environment:{environment}" if environment else f"ref:{ref}"
        return cls(
            publisher={
                "kind": "GitHub",
                "repository": repository,
                "workflow": workflow,
                "environment": environment,
            },
            san=build,
            issuer=GITHUB_ISSUER,
            build_signer_uri=build,
            build_signer_digest=_COMMIT,
            runner_environment=runner,
            source_repository_uri=uri,
            source_repository_digest=_COMMIT,
            source_repository_ref=ref,
            source_repository_identifier=repository_id,
            source_repository_owner_uri=uri.rpartition("/")[0],
            source_repository_owner_identifier=owner_id,
            build_config_uri=build,
            build_config_digest=_COMMIT,
            build_trigger=trigger,
            run_invocation_uri=f"{uri}/actions/runs/1/attempts/1",
            source_repository_visibility="public",
            deployment_environment=environment,
            token_subject=f"repo:{repository}:{context}",
        )

    @classmethod
    def gitlab(
        cls,
        repository: str = "acme/widget",
        workflow_filepath: str = ".gitlab-ci.yml",
        *,
        ref: str = "refs/tags/v1.0",
        environment: str | None = None,
        issuer: str = GITLAB_ISSUER,
        trigger: str = "push",
        runner: str = "gitlab-hosted",
        project_id: str = "3003",
        namespace_id: str = "4004",
    ) -> Self:
        """Make a GitLab pipeline; with another `issuer`, one of a self-managed GitLab."""
        uri = f"{issuer}/{repository}"
        build = f"{uri}//{workflow_filepath}@{ref}"
        return cls(
            publisher={
                "kind": "GitLab",
                "repository": repository,
                "workflow_filepath": workflow_filepath,
                "environment": environment,
            },
            san=build,
            issuer=issuer,
            build_signer_uri=build,
            build_signer_digest=_COMMIT,
            runner_environment=runner,
            source_repository_uri=uri,
            source_repository_digest=_COMMIT,
            source_repository_ref=ref,
            source_repository_identifier=project_id,
            source_repository_owner_uri=uri.rpartition("/")[0],
            source_repository_owner_identifier=namespace_id,
            build_config_uri=build,
            build_config_digest=_COMMIT,
            build_trigger=trigger,
            run_invocation_uri=f"{uri}/-/jobs/1",
            source_repository_visibility="public",
            deployment_environment=environment,
            token_subject=f"project_path:{repository}:ref:{ref}",
        )

    @classmethod
    def google(cls, email: str = "publisher@example.com") -> Self:
        """Make a Google Cloud service account, of which only address and issuer are known."""
        return cls(
            publisher={"kind": "Google", "email": email},
            san=email,
            issuer=GOOGLE_ISSUER,
        )

    @classmethod
    def circleci(
        cls,
        project_id: str = "00000000-0000-4000-8000-000000000001",
        pipeline_definition_id: str = "00000000-0000-4000-8000-000000000002",
        *,
        vcs_origin: str | None = "github.com/acme/widget",
        vcs_ref: str | None = "refs/tags/v1.0",
    ) -> Self:
        """Make a CircleCI pipeline; one that a webhook started has no `vcs_origin` nor `vcs_ref`.

        Its repository URI has no scheme, and it has neither a digest nor numeric identifiers.
        """
        api = "https://circleci.com/api/v2"
        signer = f"{api}/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}"
        return cls(
            publisher={
                "kind": "CircleCI",
                "project_id": project_id,
                "pipeline_definition_id": pipeline_definition_id,
                "vcs_origin": vcs_origin,
                "vcs_ref": vcs_ref,
            },
            san=signer,
            issuer=CIRCLECI_ISSUER,
            build_signer_uri=signer,
            # Real certificates have a pair of quotation marks here: an empty claim, quoted.
            runner_environment='""',
            source_repository_uri=vcs_origin,
            source_repository_ref=vcs_ref,
            build_config_uri=f"{api}/pipeline/00000000-0000-4000-8000-000000000003/config",
            run_invocation_uri="https://app.circleci.com//workflow/1",
        )
