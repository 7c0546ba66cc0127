"""A package index on the loopback interface: real HTTP, every byte from memory."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

from packaging.utils import canonicalize_name

from tests.faults import Answer, Delivery, Fault, Faults, Seen
from tests.index import (
    HTML,
    JSON,
    PLAIN_HTML,
    Listing,
    Marker,
    Page,
    Status,
    chosen,
    hashes_of,
    project_page,
    root_page,
)
from tests.loopback import LoopbackServer
from tests.wheels import Artifact

_SIDECAR = ".metadata"
_INTEGRITY = "application/vnd.pypi.integrity.v1+json"
_NOT_FOUND = Answer(status=404, headers={"Content-Type": "text/plain"}, body=b"not found\n")


class LoopbackIndex:
    """A Simple API index that serves what it was given, and faults where they were planned.

    Its pages and files are reachable from the `with` statement that starts it to the end of
    that statement, when every connection is closed and every thread has ended.
    """

    def __init__(
        self,
        *,
        json: bool = True,
        html: bool = True,
        upload_times: bool = True,
        etags: bool = True,
        sidecars: bool = True,
        cache_control: str | None = None,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        # The first is what a client gets that takes anything.
        self._forms = [*([PLAIN_HTML, HTML] if html else []), *([JSON] if json else [])]
        self._upload_times = upload_times
        self._etags = etags
        self._sidecars = sidecars
        self._page_headers = {"Cache-Control": cache_control} if cache_control else {}
        self._credentials = credentials
        self._lock = threading.Lock()
        self._listings: dict[str, Listing] = {}
        self._statuses: dict[str, Status] = {}
        self._seen: list[Seen] = []
        self._faults = Faults()
        self._server = LoopbackServer(self._respond)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()

    @property
    def origin(self) -> str:
        """Where the index is, without a path and without a slash at the end."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def url(self) -> str:
        """The base of the Simple API, as an installer takes it for its index."""
        return f"{self.origin}/simple/"

    @property
    def url_with_credentials(self) -> str:
        """The same base with the user and password that the index asks for inside it."""
        user, password = self._credentials or ("", "")
        inside = f"//{quote(user, safe='')}:{quote(password, safe='')}@"
        return self.url.replace("//", inside, 1) if self._credentials else self.url

    @property
    def requests(self) -> list[Seen]:
        """Every request so far, in order of arrival, as a copy of its own."""
        with self._lock:
            return list(self._seen)

    def forget_requests(self) -> None:
        """Begin the list of requests anew."""
        with self._lock:
            self._seen.clear()

    def file_url(self, filename: str) -> str:
        """Where a file of this name is served, whatever its page says."""
        return f"{self.origin}/files/{quote(filename)}"

    def provenance_url(self, filename: str) -> str:
        """Where the provenance of a file of this name is served, if it has any."""
        return f"{self.origin}/provenance/{quote(filename)}"

    def add(
        self,
        artifact: Artifact,
        *,
        uploaded: datetime | None = None,
        yanked: bool | str = False,
        metadata: bool | bytes = True,
        size: bool = True,
        hashes: bool | Mapping[str, str] = True,
        url: str | None = None,
        provenance: bytes | None = None,
    ) -> None:
        """List and serve `artifact`, in the place of any other file of its name.

        `metadata` may be the bytes of a sidecar that differs from the wheel's own METADATA, and
        `url` what the page says instead of where the file is; it may be relative.
        """
        listing = Listing(
            artifact=artifact,
            url=self.file_url(artifact.filename) if url is None else url,
            hashes=hashes_of(artifact.content, hashes),
            uploaded=uploaded if self._upload_times else None,
            yanked=yanked,
            size=size,
            sidecar=self._sidecar(artifact, metadata),
            provenance=provenance,
            provenance_url=self.provenance_url(artifact.filename),
        )
        with self._lock:
            self._listings[artifact.filename] = listing

    def remove(self, filename: str) -> None:
        """Neither list nor serve this file any longer."""
        with self._lock:
            del self._listings[filename]

    def status(
        self,
        project: str,
        marker: Marker,
        reason: str | None = None,
        *,
        offers_files: bool | None = None,
    ) -> None:
        """Mark a project, which then has a page even without a file.

        A quarantined project offers no file, as the standard has it, unless `offers_files` says
        otherwise; its files stay where they were for those who know the URL.
        """
        offers = marker != "quarantined" if offers_files is None else offers_files
        with self._lock:
            self._statuses[canonicalize_name(project)] = Status(
                marker=marker, reason=reason, offers_files=offers
            )

    def fault(
        self, where: str | Callable[[Seen], bool], fault: Fault, *, times: int | None = None
    ) -> None:
        """Let the next `times` requests to `where` meet `fault`, or all of them.

        `where` is a glob over the decoded path, such as `/simple/frob/` or `/files/*.whl`, or a
        predicate. Of several faults for one request, the earliest that is not used up is met.
        """
        self._faults.add(where, fault, times=times)

    def heal(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def _sidecar(self, artifact: Artifact, metadata: bool | bytes) -> bytes | None:
        if isinstance(metadata, bytes):
            return metadata
        # No index in the wild has sidecars for source distributions.
        is_due = metadata and self._sidecars and artifact.filename.endswith(".whl")
        return artifact.metadata if is_due else None

    def _respond(self, seen: Seen) -> Answer:
        with self._lock:
            self._seen.append(seen)
            answer = self._answer(seen) if self._admits(seen) else None
        if answer is None:
            return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="loopback"'})
        fault = self._faults.met_by(seen)
        return _as_asked(answer if fault is None else fault(answer), seen, etags=self._etags)

    def _admits(self, seen: Seen) -> bool:
        if self._credentials is None:
            return True
        token = base64.b64encode(":".join(self._credentials).encode()).decode()
        return seen.headers.get("authorization") == f"Basic {token}"

    def _answer(self, seen: Seen) -> Answer:
        match seen.location.split("/")[1:]:
            case ["simple"]:
                return _moved("/simple/")
            case ["simple", ""]:
                return self._root(seen)
            case ["simple", project, *rest] if rest in ([], [""]):
                return self._project(seen, project)
            case ["files", name]:
                return self._file(name)
            case ["provenance", name] if name in self._listings:
                return _found(_INTEGRITY, self._listings[name].provenance)
            case _:
                return _NOT_FOUND

    def _root(self, seen: Seen) -> Answer:
        projects = {each.project for each in self._listings.values()} | self._statuses.keys()
        return self._page(seen, lambda form: root_page(form, sorted(projects)))

    def _project(self, seen: Seen, project: str) -> Answer:
        name = canonicalize_name(project)
        if seen.location != f"/simple/{name}/":
            return _moved(f"/simple/{name}/")
        listings = [each for each in self._listings.values() if each.project == name]
        status = self._statuses.get(name)
        if not listings and status is None:
            return _NOT_FOUND
        return self._page(seen, lambda form: project_page(form, name, listings, status))

    def _page(self, seen: Seen, render: Callable[[str], Page]) -> Answer:
        form = chosen(seen.headers.get("accept"), self._forms)
        if form is None:
            return Answer(status=406, headers={"Vary": "Accept"})
        media_type, body = render(form)
        headers = {"Content-Type": media_type, "Vary": "Accept", **self._page_headers}
        return Answer(headers=headers, body=body)

    def _file(self, name: str) -> Answer:
        if name in self._listings:
            return _found("application/octet-stream", self._listings[name].artifact.content)
        listing = self._listings.get(name.removesuffix(_SIDECAR))
        return _found("text/plain; charset=utf-8", listing.sidecar if listing else None)


def _moved(location: str) -> Answer:
    return Answer(status=301, headers={"Location": location})


def _found(content_type: str, body: bytes | None) -> Answer:
    if body is None:
        return _NOT_FOUND
    return Answer(headers={"Content-Type": content_type, "Accept-Ranges": "bytes"}, body=body)


def _as_asked(answer: Answer, seen: Seen, *, etags: bool) -> Answer:
    """The answer as the conditions and the range of the request shape it."""
    if answer.status != 200 or answer.delivery is not Delivery.WHOLE:
        return answer
    if etags:
        answer = answer.with_headers(ETag=_etag(answer))
        if answer.headers["ETag"] in re.split(r"\s*,\s*", seen.headers.get("if-none-match", "")):
            return replace(answer, status=304, body=b"")
    known = seen.headers.get("if-range")
    if "Accept-Ranges" in answer.headers and known in (None, answer.headers.get("ETag")):
        return _ranged(answer, seen.headers.get("range", ""))
    return answer


def _etag(answer: Answer) -> str:
    # The content type counts, or a client that knows the page would never see it mislabelled.
    said = answer.headers.get("Content-Type", "").encode() + b"\0" + answer.body
    return f'"{hashlib.sha256(said).hexdigest()[:32]}"'


def _ranged(answer: Answer, header: str) -> Answer:
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if asked is None or asked.group() == "bytes=-":
        return answer
    first, last = asked.groups()
    total = len(answer.body)
    start = int(first) if first else max(0, total - int(last))
    stop = min(total, int(last) + 1) if first and last else total
    if start >= total or stop <= start:
        refused = answer.with_headers(Content_Range=f"bytes */{total}")
        return replace(refused, status=416, body=b"")
    part = answer.with_headers(Content_Range=f"bytes {start}-{stop - 1}/{total}")
    return replace(part, status=206, body=answer.body[start:stop])
