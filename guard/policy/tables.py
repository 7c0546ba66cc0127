"""The tables of a policy file, as written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.duration import EXPECTED, Duration
from guard.errors import PolicyError
from guard.model import DenyEntry, IndexEntry, ReceiptTerms, RuleId, Versions, index_url
from guard.policy.complaints import complaint
from guard.policy.policy import Exemption
from guard.publisher import CLAIMS, IdentityPattern, Pin, PublisherKind
from guard.rules import CATALOGUE

Text = Annotated[str, msgspec.Meta(min_length=1)]
Names = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Globs = Text | Names
"""One glob, or several of which one must match."""

Numbers = int | Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]
_TELLING: Final = ("repository", "repository_id", "identity", "build_signer", "subject")
"""The claims that tell one publisher from the others of an issuer."""

_ED25519: Final = re.compile(r"MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=")
"""RFC-8410: the SubjectPublicKeyInfo of such a key differs from any other in its last 32 bytes."""

T = TypeVar("T")


class ReceiptsTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`receipts` of an `[[index]]`: a mirror whose word is taken."""

    key: Text
    max_age: Duration | None = None
    policies: Names | None = None

    def terms(self) -> ReceiptTerms:
        """Return the terms. Raises `ValueError` for what cannot be a key."""
        if not _ED25519.fullmatch(self.key):
            raise ValueError(
                "the key of receipts is the one line between BEGIN and END of its public PEM"
            )
        given = ReceiptTerms(
            key=self.key, policies=tuple(sha256_digest(digest) for digest in self.policies or ())
        )
        return given if self.max_age is None else replace(given, max_age=self.max_age)


class IndexTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[index]]`: an index and the names that belong to it."""

    name: Text
    url: Text
    owns: Names | None = None
    trust_root: Text | None = None
    receipts: ReceiptsTable | None = None

    def entry(self) -> IndexEntry:
        """Return the entry with its URL and names in normal form."""
        owns = tuple(_name_glob(pattern) for pattern in self.owns or ())
        return IndexEntry(
            name=self.name,
            url=absolute(self.url),
            owns=owns,
            trust_root=self.trust_root,
            receipts=self.receipts.terms() if self.receipts else None,
        )


class DenyTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[deny]]`: releases that must not be installed."""

    name: Text
    reason: Text
    versions: Text | None = None

    def entry(self) -> DenyEntry:
        """Return the entry with its name and versions read."""
        return DenyEntry(
            name=_name_glob(self.name), reason=self.reason, versions=_versions(self.versions)
        )


class ExemptTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[exempt]]`: a waiver."""

    name: Text
    rule: Text
    reason: Text
    versions: Text | None = None
    sha256: Names | None = None
    approved_by: Text | None = None
    expires: date | None = None

    def entry(self) -> Exemption:
        """Return the exemption with its name, rule and versions read."""
        if self.rule not in CATALOGUE:
            raise ValueError(f"there is no rule {self.rule!r}; `guard rule` lists them")
        if not any(map(str.isalnum, self.name)):
            raise ValueError("an exemption must name its project; to relax a rule, set its level")
        return Exemption(
            name=_name_glob(self.name),
            rule=RuleId(self.rule),
            reason=self.reason,
            versions=_versions(self.versions),
            sha256=tuple(sha256_digest(digest) for digest in self.sha256 or ()),
            approved_by=self.approved_by,
            expires=self.expires,
        )


class IdentityTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """One of a `[[publisher]]`'s identities, in the words of PEP 740 and PEP 751."""

    kind: PublisherKind | None = None
    issuer: Globs | None = None
    identity: Globs | None = None
    repository: Globs | None = None
    repository_id: Numbers | None = None
    owner: Globs | None = None
    owner_id: Numbers | None = None
    workflow: Globs | None = None
    ref: Globs | None = None
    digest: Globs | None = None
    environment: Globs | None = None
    trigger: Globs | None = None
    runner: Globs | None = None
    build_signer: Globs | None = None
    subject: Globs | None = None

    def entry(self) -> IdentityPattern:
        """Return the pattern. Raises `ValueError` for one that would match a stranger."""
        given = {claim: _several(getattr(self, claim)) for claim in CLAIMS}
        if self.kind is PublisherKind.GITHUB and not (
            given["repository"] or given["repository_id"]
        ):
            raise ValueError("a GitHub identity must name its repository or repository-id")
        if self.kind is None and not given["issuer"]:
            raise ValueError(
                f"an identity must name its kind ({', '.join(PublisherKind)}) or issuer"
            )
        if not any(given[claim] for claim in _TELLING):
            raise ValueError(
                "such an identity would match everybody there: "
                f"name one of {', '.join(claim.replace('_', '-') for claim in _TELLING)}"
            )
        values: dict[str, Any] = given
        return IdentityPattern(kind=self.kind, **values)


class PublisherTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[publisher]]`: who may publish the projects of a name."""

    name: Text
    identities: Annotated[tuple[IdentityTable, ...], msgspec.Meta(min_length=1)]
    attestation: Literal["required", "if-present"] = "required"

    def entry(self) -> Pin:
        """Return the pin with its name and identities read."""
        return Pin(
            name=_name_glob(self.name),
            identities=tuple(identity.entry() for identity in self.identities),
            required=self.attestation == "required",
        )


class GroupTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[group]]`: options of rules that differ for the projects of some names."""

    name: Text
    members: Names
    rules: dict[str, Any]

    def globs(self) -> tuple[str, ...]:
        """Return the members in normal form."""
        return tuple(_name_glob(pattern) for pattern in self.members)


class SignatureTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[signature]`: who must have signed the files above the system's own."""

    required: bool = False
    key: Text | Names | None = None
    identities: tuple[IdentityTable, ...] = ()
    trust_root: Text | None = None
    max_age: Duration | None = None
    layers: Annotated[
        tuple[Literal["user", "project", "named"], ...], msgspec.Meta(min_length=1)
    ] = ("user", "project", "named")


class PolicyFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """A whole policy file."""

    extends: Text | None = None
    lockdown: bool = False
    """Nothing below may loosen this file: only the system's own may say so."""

    approval: Literal["optional", "required"] | None = None
    """Whether only what is approved may be admitted."""

    rules: dict[str, Any] = msgspec.field(default_factory=dict)
    index: tuple[IndexTable, ...] = ()
    deny: tuple[DenyTable, ...] = ()
    exempt: tuple[ExemptTable, ...] = ()
    publisher: tuple[PublisherTable, ...] = ()
    group: tuple[GroupTable, ...] = ()
    signature: SignatureTable | None = None
    """Who must have signed the others: only the system's own may say so."""


def _several(given: str | int | tuple[str, ...] | tuple[int, ...] | None) -> tuple[Any, ...]:
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


def convert(
    value: object,
    kind: type[T],
    *,
    source: str,
    at: str,
    hook: Callable[[type, object], object] | None = None,
) -> T:
    """Return `value` as `kind`. Raises `PolicyError` with the dotted key of what is wrong.

    `hook` reads the types that are ours and no durations.
    """
    try:
        return msgspec.convert(
            value, kind, strict=True, builtin_types=(date, datetime), dec_hook=hook or _duration
        )
    except msgspec.ValidationError as error:
        raise complaint(error, kind, source=source, at=at) from None


def read(make: Callable[[], T], *, source: str, at: str) -> T:
    """Return what `make` reads. A `ValueError` becomes a `PolicyError` that names the key."""
    try:
        return make()
    except ValueError as error:
        raise PolicyError(str(error), source=source, at=at) from None


def _duration(kind: type, value: object) -> object:
    if kind is not Duration:
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        raise ValueError(f"expected {EXPECTED}, not {value!r}")  # noqa: TRY004 - msgspec wants it
    return Duration.parse(value)


def absolute(url: str) -> str:
    """Return the URL in normal form. Raises `ValueError`.

    One that is refused may hold a password: it is not shown.
    """
    try:
        normal = index_url(url)
    except ValueError:
        normal = ""
    if "://" not in normal:
        raise ValueError("expected an absolute URL such as https://packages.example.com/simple/")
    return normal


def _name_glob(pattern: str) -> str:
    """Return `pattern` with the name normalized as an index would, its wildcards kept."""
    if not set(pattern) <= _NAME_GLOB:
        raise ValueError(f"{pattern!r} is no project name; `*` is the only wildcard")
    if not pattern.strip("-_.") == pattern:
        raise ValueError(f"no project name begins or ends as {pattern!r} does")
    return canonicalize_name(pattern)


def sha256_digest(text: str) -> str:
    """Return a digest in lower case. Raises `ValueError` for what is none."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ValueError(f"{text!r} is no sha256 digest: 64 hexadecimal digits")
    return text.lower()


def _versions(text: str | None) -> Versions | None:
    if text is None:
        return None
    try:
        specifiers = SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError(f'{text!r} is no version specifier such as ">=1.2,<2"') from None
    versions = Versions(specifiers)
    versions.contains(Version("0"))  # packaging reads some numbers only when it compares them
    unordered = all(specifier.operator == "==" for specifier in specifiers)
    if not specifiers or (not unordered and specifiers.is_unsatisfiable()):
        raise ValueError(f"no version can match {text!r}")
    return versions


_NAME_GLOB: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*")
