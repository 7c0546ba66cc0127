"""The index that poetry has built in, as far as poetry asks it, in front of a loopback index."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.metadata import parse_email

from guard.gateway import authority
from guard.gateway.message import Answer, Document, Refusal, Request
from guard.gateway.server import Server
from guard.install import configuration
from tests.e2e.guarded import ago
from tests.fakes import LoopbackIndex

_SIMPLE = "application/vnd.pypi.simple.v1+json"


@contextlib.contextmanager
def stand_in(folder: Path, index: LoopbackIndex) -> Iterator[dict[str, str]]:
    """The variables with which that index is `index`, for whoever heeds them."""
    base = configuration.built_in(Path(sys.executable)).rstrip("/").removesuffix("/simple")
    identity = authority.issue([urlsplit(base).hostname or ""], now=ago())
    trusted = folder / "stand-in.pem"
    trusted.write_bytes(identity.authority)

    def answer(request: Request) -> Answer:
        kind, _, rest = request.url.removeprefix(f"{base}/").partition("/")
        if kind == "simple":
            return _document(json.dumps(_page(index, rest.strip("/"))).encode(), _SIMPLE)
        if kind == "pypi" and len(parts := rest.split("/")) == 3:
            return _document(json.dumps(_release(index, *parts[:2])).encode(), "application/json")
        return Refusal(status=404, reason="Not Found")

    with contextlib.closing(Server(identity, answer)) as server:
        server.start()
        yield {"HTTPS_PROXY": server.proxy, "REQUESTS_CA_BUNDLE": str(trusted), "ALL_PROXY": ""}


def _page(index: LoopbackIndex, project: str) -> Any:
    return json.loads(_get(f"{index.url}{project}/", _SIMPLE))


def _release(index: LoopbackIndex, project: str, version: str) -> dict[str, Any]:
    """What PyPI says of a release: of its first file, and of all."""
    listed = [each for each in _page(index, project)["files"] if f"-{version}" in each["filename"]]
    raw, _ = parse_email(_get(f"{listed[0]['url']}.metadata", "*/*"))
    said = ("name", "version", "summary", "requires_dist", "requires_python")
    return {
        "info": {**{name: raw.get(name) for name in said}, "yanked": False, "yanked_reason": None},
        "urls": [
            {
                "filename": each["filename"],
                "packagetype": "bdist_wheel" if each["filename"].endswith(".whl") else "sdist",
                "digests": each["hashes"],
                "url": each["url"],
                "size": each["size"],
                "upload_time_iso_8601": each["upload-time"],
                "yanked": False,
                "yanked_reason": None,
            }
            for each in listed
        ],
    }


def _get(url: str, accept: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as response:  # noqa: S310 - as above
        content: bytes = response.read()
        return content


def _document(content: bytes, media_type: str) -> Document:
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    return Document(content=content, media_type=media_type, etag=etag)
