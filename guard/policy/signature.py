"""Signed policies: what a system's policy demands of the files above it, and whether it is so.

A signature never widens trust: an untrusted project's policy still only tightens, signed or not.
It says who wrote the files, so that nobody else's count. One signature is about a policy and the
approvals beside it: neither can be exchanged for another one, or an older one, by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from guard import dsse, regular
from guard.dsse import PrivateKey, SealError
from guard.errors import PolicyError
from guard.policy.tables import SignatureTable, convert, read
from guard.publisher import IdentityPattern, Provenance

PREDICATE: Final = "pkg:pypi/wheelguard#signed-policy/v1"

_SUFFIX: Final = ".sig"
_BUNDLE: Final = ".sigstore.json"
_LIMIT: Final = 4 << 20
_FILE_LIMIT: Final = 64 << 20
_AHEAD: Final = timedelta(days=1)
"""How far the clocks of two machines may be apart."""

BundleReader = Callable[[bytes, str, str | None], Provenance]
"""Verifies a Sigstore bundle: its bytes, the sha256 of the file, and a trust root's file name."""


@dataclass(frozen=True, slots=True)
class Means:
    """What verifying takes that a policy has not: the time, and Sigstore."""

    now: datetime
    bundle: BundleReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Who must have signed the files of which places; by default nobody, and none."""

    places: frozenset[str] = frozenset()
    keys: tuple[Path, ...] = ()
    """Files with public keys, one of which must have signed."""

    identities: tuple[IdentityPattern, ...] = ()
    """Or, in a Sigstore bundle, who must have."""

    trust_root: str | None = None
    max_age: timedelta | None = None
    """A signature that is older counts no longer: the files before the last change are signed too.
    """

    source: str | None = None
    """The policy that demands it."""

    def check(self, place: str, *files: Path, means: Means | None) -> None:
        """Refuse files of `place` that are not signed as they must be; the policy comes first.

        What is not there need not be signed. Raises `PolicyError`.
        """
        there = [path for path in files if path.exists()]  # a pipe counts too
        if place in self.places and there:
            self.signer(there, means)

    def refuse_preset(self, place: str, name: str) -> None:
        """Refuse a policy that is no file: nobody has signed it. Raises `PolicyError`."""
        if place in self.places:
            raise PolicyError(
                f"the preset {name!r} is not signed",
                source=self.source,
                at="signature",
                reason="every policy that is named must be",
                hint=f'name a signed file that says `extends = "{name}"`',
            )

    def signer(self, files: Sequence[Path], means: Means | None) -> str:
        """Return who signed all of `files`, of those who may. Raises `PolicyError`."""
        reasons = []
        for way in (self._by_key, self._by_identity):
            try:
                return way(files, means)
            except SealError as error:
                reasons.append(str(error))
        raise PolicyError(
            f"`{files[0]}` is not signed as it must be",
            source=self.source,
            at="signature" if self.source else None,
            reason="; ".join(filter(None, reasons)) or "nobody may sign it",
            hint="whoever answers for it signs it with `guard policy sign`",
        )

    def _by_key(self, files: Sequence[Path], means: Means | None) -> str:
        if not self.keys:
            raise SealError
        envelope = _body(_beside(files[0], _SUFFIX), _LIMIT)
        keys = [dsse.public_key(path) for path in self.keys]
        payload, key = dsse.opened(envelope, keys)
        statement = dsse.json_object(payload)
        if (statement.get("_type"), statement.get("predicateType")) != (dsse.STATEMENT, PREDICATE):
            raise SealError("the signature is about something else than a policy")
        _compare(statement.get("subject"), files)
        self._refuse_age(_signed_at(statement.get("predicate")), means)
        return f"the key {key.id}"

    def _by_identity(self, files: Sequence[Path], means: Means | None) -> str:
        if not self.identities:
            raise SealError
        return " and ".join(dict.fromkeys(self._identity(path, means) for path in files))

    def _identity(self, path: Path, means: Means | None) -> str:
        """Return who signed one file, as its own bundle says."""
        raw = _body(_beside(path, _BUNDLE), _LIMIT)
        if means is None:
            raise SealError("there is nothing here to verify a bundle with")
        proved = means.bundle(raw, _sha256(path), self.trust_root)
        for given in proved.attestations:
            if any(not pattern.mismatches(given.identity) for pattern in self.identities):
                self._refuse_age(given.integrated_at, means)
                return given.identity.title
        others = [f"signed by {given.identity.title}" for given in proved.attestations]
        wrong = (*proved.invalid, *proved.unsupported, *others)
        raise SealError(f"`{path.name}{_BUNDLE}`: {'; '.join(wrong)}")

    def _refuse_age(self, signed_at: datetime, means: Means | None) -> None:
        if self.max_age is None:
            return
        if means is None:
            raise SealError("there is no clock to tell the age of the signature by")
        if not -_AHEAD <= means.now - signed_at <= self.max_age:
            day = f"{signed_at:%Y-%m-%d}"
            raise SealError(f"it was signed on {day}, not within the last {self.max_age}")


def demand(table: Mapping[str, Any], *, source: Path) -> Demand:
    """Return what the system's policy demands. Raises `PolicyError`.

    A table that does not require it says who may sign, for whoever asks.
    """
    if "signature" not in table:
        return Demand()
    given = convert(table["signature"], SignatureTable, source=str(source), at="signature")
    if not given.key and not given.identities:
        raise PolicyError(
            "nobody may sign",
            source=str(source),
            at="signature",
            hint="name a `key`, or `identities`",
        )
    names = (given.key,) if isinstance(given.key, str) else given.key or ()
    return Demand(
        places=frozenset(given.layers) if given.required else frozenset(),
        keys=tuple(source.parent / name for name in names),
        identities=tuple(
            read(identity.entry, source=str(source), at=f"signature.identities[{n}]")
            for n, identity in enumerate(given.identities)
        ),
        trust_root=given.trust_root,
        max_age=given.max_age,
        source=str(source),
    )


def signature(files: Sequence[Path], key: PrivateKey, *, now: datetime) -> bytes:
    """Return the signature of a policy and what lies beside it. Raises `PolicyError`."""
    try:
        subject = [{"name": path.name, "digest": {"sha256": _sha256(path)}} for path in files]
    except SealError as error:
        raise PolicyError(f"`{files[0]}` could not be signed", reason=str(error)) from None
    statement = {
        "_type": dsse.STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": {"signedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}"},
    }
    return f"{key.seal(json.dumps(statement).encode())}\n".encode()


def signature_path(policy: Path) -> Path:
    """Return where the signature of a policy lies."""
    return _beside(policy, _SUFFIX)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _compare(subject: object, files: Sequence[Path]) -> None:
    """Refuse a signature that does not name each of `files`, as it is now."""
    signed = dict(_subjects(subject))
    for path in files:
        if path.name not in signed:
            raise SealError(f"the signature is not about `{path.name}`")
        if signed[path.name] != _sha256(path):
            raise SealError(f"`{path.name}` was changed after it was signed")


def _subjects(subject: object) -> Iterator[tuple[str, str]]:
    names = set()
    for each in subject if isinstance(subject, list) else ():
        digest = each.get("digest") if isinstance(each, dict) else None
        if not isinstance(digest, dict) or str(each.get("name")) in names:
            raise SealError("the signature does not say what it is about")
        names.add(str(each["name"]))
        yield str(each["name"]), str(digest.get("sha256"))


def _signed_at(predicate: object) -> datetime:
    said = predicate.get("signedAt") if isinstance(predicate, dict) else None
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SealError("the signature does not say when it was made")
    return moment


def _sha256(path: Path) -> str:
    return hashlib.sha256(_body(path, _FILE_LIMIT)).hexdigest()


def _body(path: Path, limit: int) -> bytes:
    try:
        body = regular.read(path, limit=limit)
    except FileNotFoundError:
        raise SealError(f"there is no `{path.name}` beside it") from None
    except OSError as error:
        raise SealError(f"`{path.name}` could not be read: {error.strerror}") from None
    if len(body) > limit:
        raise SealError(f"`{path.name}` is larger than {limit} bytes")
    return body
