"""Files on their way to the child: quarantined, judged, and sent only as the proof of that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from guard.admission import Asked
from guard.admission.gather import Admission
from guard.admission.sift import requested
from guard.gateway.message import Answer, Document, Refusal
from guard.gateway.metadata import Metadata
from guard.gateway.record import Record
from guard.model import Absent, Admitted, Decision, File, FileKind, Requested, Unknown, Verdict
from guard.simple import PageError, PageFile
from guard.sources.http import FetchError
from guard.sources.overlaps import Coming, overlaps

BLOCKED: Final = 451
"""RFC-7725. pip and uv print its reason, and do not ask again as they do after a 5xx."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that some page lists, under the URL that was asked for."""

    entry: PageFile
    file: File


class Files:
    """Judges the files of one run. Used by many threads at once."""

    def __init__(
        self,
        admission: Admission,
        record: Record,
        metadata: Metadata,
        *,
        locked: Mapping[str, str],
        follows: bool = False,
    ) -> None:
        """`locked` has the sha256 of each file that a lock of the user's names, by its URL or name.

        With `follows`, the tool would follow a URL in the METADATA of what is on an index.
        """
        self._admission = admission
        self._record = record
        self._metadata = metadata
        self._locked = locked
        self._follows = follows
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._answers: dict[str, Answer] = {}

    def find(self, url: str) -> Found | Unknown | None:
        """Return the file at `url`, if the page of its own project lists it; `None` if none does.

        What is fetched in the end is what the page says, however the URL was written.
        """
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
        named = _project(filename)
        if named is None:
            return None
        project, version = named
        unknown = None
        for index in self._admission.index.indexes:
            page = self._admission.index.page(index, project)
            if isinstance(page, Unknown):
                unknown = page
                continue
            try:
                entry = None if isinstance(page, Absent) else page.file(filename)
            except PageError as error:
                unknown = Unknown(str(error))
                continue
            if entry is not None and unquote(entry.url) == unquote(url):
                return Found(entry, self._file(entry, project, version))
        return unknown

    def _file(self, entry: PageFile, project: NormalizedName, version: Version) -> File:
        locked = self._locked.get(entry.url) or self._locked.get(entry.filename)
        hashes = {**entry.hashes, "sha256": locked} if locked else entry.hashes
        wheel = entry.filename.endswith(".whl")
        return File(
            project=project,
            version=version,
            filename=entry.filename,
            kind=FileKind.WHEEL if wheel else FileKind.SDIST,
            url=entry.url,
            hashes=hashes,
            size=entry.size,
        )

    def metadata(self, found: Found) -> Answer:
        """Return the METADATA of a wheel, for a resolver to read instead of it."""
        self._record.met(found.file.project, found.file.version)
        if found.file.kind is not FileKind.WHEEL or "sha256" not in found.entry.hashes:
            return Refusal(status=404, reason="Not Found")
        try:
            content = self._metadata.of(found.entry)
        except FetchError as error:
            self._record.refused(f"{found.file.url}.metadata", str(error), undecided=True)
            return Refusal(status=BLOCKED, reason=f"guard undecided: {error}")
        if self._follows and _names_a_url(content):
            # Nothing that it leads to is judged, so the wheel itself is: the policy says what then.
            answer = self.answer(found)
            return answer if isinstance(answer, Refusal) else _led_away(found)
        etag = f'"{found.entry.hashes["sha256"]}"'
        return Document(content=content, media_type="text/plain; charset=utf-8", etag=etag)

    def answer(self, found: Found) -> Answer:
        """Return the proof that a file was admitted, or the reason why it was not."""
        url = found.file.url
        self._record.met(found.file.project, found.file.version)
        with self._lock:
            busy = self._busy.setdefault(url, threading.Lock())
        with busy:
            if url not in self._answers:
                self._answers[url] = self._judged(found)
            return self._answers[url]

    def _judged(self, found: Found) -> Answer:
        asked = Asked(found.file, self._requested(found))
        if found.file.kind is not FileKind.WHEEL:
            return self._source(asked)
        judgement = self._admission.admit([asked])
        if judgement.admitted:
            with self._turn:  # one after the other: each is compared with those before it
                if self._overlaps(judgement.admitted[0]):
                    before = self._record.admitted
                    judgement = self._admission.admit([asked], beside=before)
                (verdict,) = judgement.verdicts
                admitted = next(iter(judgement.admitted), None)
                self._record.judged(verdict, admitted)
                return admitted or _refusal(verdict)
        (verdict,) = judgement.verdicts
        self._record.judged(verdict, None)
        return _refusal(verdict)

    def _requested(self, found: Found) -> Requested:
        if found.file.url in self._locked or found.file.filename in self._locked:
            return Requested(pinned=True, locked=True)
        return requested(found.entry)

    def _source(self, asked: Asked) -> Answer:
        """Refuse a source, whatever the policy says of it: nobody builds behind the gateway."""
        described = self._admission.described(asked)
        located = self._admission.index.locate(asked.file)
        verdict = self._admission.preview(asked.file, asked.requested, located)
        if verdict.decision is not Decision.ADMITTED:
            self._record.judged(verdict, None)
            return _refusal(verdict)
        self._record.refused(described.file.url, "a source distribution is never built here")
        return Refusal(status=BLOCKED, reason="guard refused: a source is never built here")

    def _overlaps(self, admitted: Admitted) -> bool:
        """Tell whether a file shares a place with one that was sent before. No judgement yet."""
        plan = [_coming(item) for item in (admitted, *self._record.admitted)]
        found = overlaps(plan, None)[0]
        return isinstance(found, Unknown) or bool(found)


def _coming(item: Admitted) -> Coming:
    candidate = item.verdict.candidate
    return Coming(file=candidate.file, content=candidate.content, path=item.path)


def _project(filename: str) -> tuple[NormalizedName, Version] | None:
    """Return the project and version in a file's name, or `None` where it is no such name."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[:2]
        return parse_sdist_filename(filename)
    except ValueError:
        return None


def _names_a_url(metadata: bytes) -> bool:
    """Tell whether a requirement in METADATA is a URL (PEP 508: `name @ url`)."""
    head = metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0].replace(b"\n ", b" ")
    lines = head.lower().splitlines()
    return any(line.startswith(b"requires-dist:") and b"@" in line for line in lines)


def _led_away(found: Found) -> Refusal:
    return Refusal(
        status=BLOCKED, reason=f"guard refused: {found.file.filename} requires what is at a URL"
    )


def _refusal(verdict: Verdict) -> Refusal:
    held = [finding for finding in verdict.findings if finding.holds]
    first = next((f for f in held if not f.unknown), None) or next(iter(held), None)
    if first is None:
        return Refusal(status=BLOCKED, reason="guard undecided: it could not be downloaded")
    return Refusal(
        status=BLOCKED, reason=f"guard {verdict.decision}[{first.rule}]: {first.message}"
    )
