"""Receipts of a mirror: that it has admitted a file, signed, as SLSA's verification summary."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from guard.dsse import STATEMENT, PublicKey, SealError, json_object, opened, public_key_of
from guard.model import Absent, Fact, Unknown, Vouched
from guard.sources.http import FetchError, Http, NotFoundError

_LIMIT: Final = 4 << 20
_SIMPLE: Final = "/simple"
_PREDICATE: Final = "https://slsa.dev/verification_summary/v1"
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


def receipt_of(
    http: Http, index: str, sha256: str, filename: str, keys: Sequence[str]
) -> Fact[Vouched]:
    """Return what the mirror at `index` says of a file, if one of `keys` has signed it.

    Absent where there is no receipt, or one that proves nothing; Unknown where the mirror could not
    be asked. Raises nothing.
    """
    if not index.endswith(_SIMPLE):
        return Absent(f"{index} does not end in {_SIMPLE}, as a mirror does")
    place = f"{index.removesuffix(_SIMPLE)}/receipts/{sha256}/{quote(filename)}.json"
    try:
        response = http.get(place, limit=_LIMIT, headers={"Accept": "application/json"})
    except NotFoundError:
        return Absent("there is none")
    except FetchError as error:
        return Unknown(f"its receipt could not be had: {error}")
    try:
        known = {public_key_of(b64decode(key)).id: key for key in keys}
        payload, signer = opened(response.body, _public(keys))
        said = json_object(payload)
        return _vouched(said, known[signer.id], sha256=sha256, filename=filename)
    except SealError as error:
        return Absent(f"its receipt proves nothing: {error}")


def _public(keys: Sequence[str]) -> list[PublicKey]:
    return [public_key_of(b64decode(key)) for key in keys]


def _vouched(said: dict[str, Any], key: str, *, sha256: str, filename: str) -> Vouched:
    """Return what a statement says, if it is about that file. Raises `SealError`."""
    subject = [{"name": filename, "digest": {"sha256": sha256}}]
    if said.get("_type") != STATEMENT or said.get("predicateType") != _PREDICATE:
        raise SealError("it is no verification summary")
    if said.get("subject") != subject:
        raise SealError("it is about another file")
    try:
        predicate = said["predicate"]
        passed = predicate["verificationResult"] == "PASSED"
        moment = datetime.strptime(predicate["timeVerified"], _MOMENT).replace(tzinfo=UTC)
        policy = str(predicate["policy"]["digest"]["sha256"])
    except (KeyError, TypeError, ValueError):
        raise SealError("it does not say when it was made, and by what") from None
    if not passed:
        raise SealError("it does not say that the file was admitted")
    return Vouched(key=key, judged_at=moment, policy=policy)
