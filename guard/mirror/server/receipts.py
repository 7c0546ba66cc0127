"""`/receipts/`: why a file is admitted, as of the last time that it was judged, signed."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import anyio.to_thread

from guard.dsse import PrivateKey
from guard.errors import MirrorError
from guard.evidence.digests import policy_digest
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.pulling import Pulling, Taken
from guard.mirror.records import Decided, FileRecord, Key
from guard.mirror.server.asgi import NOT_FOUND, Request, Send, respond
from guard.mirror.server.refusal import refusal

_PLACE: Final = re.compile(r"/receipts/([0-9a-f]{64})/([^/\x00-\x1f\x7f]{1,255})\.json")
_JSON: Final = (b"content-type", b"application/json")
_UNCACHED: Final = (b"cache-control", b"no-store")


class Receipts:
    """Says of a file that it is admitted, and by what.

    A file that was not judged by what holds now is judged first: a guard may have its bytes from
    elsewhere, and ask for nothing but the receipt.

    The receipt that was made when the file came in is made anew: with the time, the findings and
    the policy of the last judgement, which the file's record has. Without a key it is a statement
    that nobody has signed.
    """

    def __init__(
        self, mirror: Mirror, judge: Judge, pulling: Pulling, key: PrivateKey | None
    ) -> None:
        self._mirror = mirror
        self._judge = judge
        self._pulling = pulling
        self._key = key

    async def __call__(self, request: Request, send: Send) -> None:
        """Answer one request. Raises `MirrorError`."""
        match = _PLACE.fullmatch(request.path)
        if match is None:
            await NOT_FOUND.send(request, send)
            return
        taken = await self._taken(Key(match[1], match[2]))
        if not isinstance(taken, FileRecord) or not self._is_served(taken):
            await refusal(taken).send(request, send)
            return
        body = await anyio.to_thread.run_sync(self._issued, taken)
        if body is None:
            await NOT_FOUND.send(request, send)
            return
        await respond(send, 200, [_JSON, _UNCACHED], body, head=request.is_head)

    async def _taken(self, key: Key) -> Taken:
        record = await anyio.to_thread.run_sync(self._mirror.files.find, key)
        if record is not None and record.settled(
            epoch=self._judge.epoch, moment=self._mirror.clock()
        ):
            return record
        return await self._pulling.soon(key)

    def _is_served(self, record: FileRecord) -> bool:
        return record.served(epoch=self._judge.epoch, moment=self._mirror.clock())

    def _issued(self, record: FileRecord) -> bytes | None:
        held, decided = record.held, record.decided
        if held is None or decided is None or held.receipt is None:
            return None
        renewed = self._renewed(self._stored(held.receipt), decided)
        content = json.dumps(renewed, separators=(",", ":")).encode()
        return content if self._key is None else self._key.seal(content).encode()

    def _stored(self, sha256: str) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(self._mirror.store.get(sha256))
        except ValueError:
            raise MirrorError(f"the receipt {sha256} in the mirror's store is damaged") from None
        return document

    def _renewed(self, statement: dict[str, Any], decided: Decided) -> dict[str, Any]:
        predicate = statement["predicate"]
        judged_at = f"{decided.judged_at:%Y-%m-%dT%H:%M:%SZ}"
        extension = predicate["wheelguard"]
        if predicate["timeVerified"] != judged_at:
            del extension["facts"]  # they are those of another time
        extension["run"] = decided.epoch[:32]
        extension["findings"] = [
            {
                "rule": str(finding.rule),
                "level": str(finding.level),
                "message": finding.message,
                "unknown": finding.unknown,
                "waiver": finding.waiver,
            }
            for finding in decided.findings
        ]
        predicate["timeVerified"] = judged_at
        predicate["policy"]["digest"] = {"sha256": policy_digest(self._judge.policy)}
        return statement
