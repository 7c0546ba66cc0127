"""Writes what was admitted as a static tree that pip and uv can use as an index.

First come the files, under names that say their digest, then the pages that lead to them, then the
manifest; what is no longer admitted is taken off the pages before it goes. So whoever reads in the
middle finds every page whole, and every file that it names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName

import guard
from guard.mirror.intake import project_of
from guard.mirror.pages import announced, entry_of, root_html, root_json
from guard.mirror.records import FileRecord
from guard.mirror.server.app import Parts
from guard.mirror.static.tree import Tree, digest
from guard.model import Absent, Index, ProjectStatus, Unknown
from guard.simple import PageError, PageFile, ProjectPage, serialize

MANIFEST: Final = "mirror.json"
_SCHEMA: Final = 1
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/vnd.pypi.simple.v1+json"
_OCTETS: Final = "application/octet-stream"
_TEXT: Final = "text/plain; charset=utf-8"
_INTEGRITY: Final = "application/vnd.pypi.integrity.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was done."""

    files: int
    projects: int
    written: int
    removed: int


@dataclass(slots=True)
class _Work:
    tree: Tree
    there: Mapping[str, int]
    before: Mapping[str, str]
    """The digests of the pages that the manifest names."""

    wanted: set[str] = field(default_factory=set)
    pages: dict[str, str] = field(default_factory=dict)
    written: int = 0

    def page(self, path: str, content: bytes, media_type: str) -> None:
        """Write a page, unless it is there as it is."""
        sha256 = digest(content)
        self.pages[path] = sha256
        self.wanted.add(path)
        if self.before.get(path) != sha256 or self.there.get(path) != len(content):
            self.tree.write(path, content, media_type)
            self.written += 1


def build(own: Parts, records: Sequence[FileRecord], tree: Tree) -> Built:
    """Make `tree` a mirror of exactly these files. Raises `MirrorError`."""
    work = _Work(tree=tree, there=tree.sizes(), before=_before(tree))
    projects: dict[NormalizedName, list[FileRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda item: item.listed.key.filename):
        projects[record.listed.project].append(record)
        _write_file(own, work, record)
    for project, group in sorted(projects.items()):
        offer = _offer(own, project, group)
        work.page(f"simple/{project}/index.html", serialize.to_html(offer), _HTML)
        work.page(f"simple/{project}/index.json", serialize.to_json(offer), _JSON)
    names = sorted(projects)
    work.page("simple/index.html", root_html(names), _HTML)
    work.page("simple/index.json", root_json(names), _JSON)
    manifest = msgspec.json.encode(_manifest(own, records, work.pages))
    tree.write(MANIFEST, manifest, "application/json")
    stale = sorted(_ours(work.there) - work.wanted - {MANIFEST}, key=_pages_first)
    for path in stale:
        tree.remove(path)
    return Built(files=len(records), projects=len(names), written=work.written, removed=len(stale))


def _write_file(own: Parts, work: _Work, record: FileRecord) -> None:
    """Write a file and what belongs to it, each only once: their names say what they are."""
    key, held = record.listed.key, record.held
    if held is None:
        return
    place = f"files/{key.sha256[:2]}/{key.sha256}/{key.filename}"
    release = f"{record.listed.project}/{record.listed.version}/{key.filename}"
    parts = [
        (place, key.sha256, _OCTETS),
        (f"{place}.metadata", held.metadata, _TEXT),
        (f"integrity/{release}/provenance", held.provenance, _INTEGRITY),
        (f"receipts/{key.sha256}/{key.filename}.json", held.receipt, "application/json"),
    ]
    for path, sha256, media_type in parts:
        if sha256 is None:
            continue
        size = own.mirror.store.size(sha256)
        work.wanted.add(path)
        named_by_digest = path == place
        if work.there.get(path) == size and (named_by_digest or work.before.get(path) == sha256):
            work.pages[path] = sha256
            continue
        work.tree.write(path, own.mirror.store.source(sha256), media_type)
        work.pages[path] = sha256
        work.written += 1


def _offer(own: Parts, project: NormalizedName, group: Sequence[FileRecord]) -> serialize.Offer:
    """Return the page of a project: what its upstream says of these files, at our own places."""
    page = _page(own, project)
    files = [announced(_entry(page, record), record) for record in group]
    versions = {named[1] for entry in files if (named := project_of(entry.filename))}
    return serialize.Offer(
        name=project,
        status=page.status if page is not None else ProjectStatus(),
        versions=sorted(versions),
        files=files,
    )


def _page(own: Parts, project: NormalizedName) -> ProjectPage | None:
    owner = own.owners.of(project)
    if not isinstance(owner, Index):
        return None
    page = own.judge.admission(owner).index.page(owner, project)
    return None if isinstance(page, Absent | Unknown) else page


def _entry(page: ProjectPage | None, record: FileRecord) -> PageFile:
    """Return what the upstream's page says of a file; what was written down, where it is gone."""
    try:
        entry = page.file(record.listed.key.filename) if page is not None else None
    except PageError:
        entry = None
    ours = record.listed.key.sha256
    return entry if entry and entry.hashes.get("sha256") == ours else entry_of(record)


def _manifest(
    own: Parts, records: Sequence[FileRecord], pages: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "guard": guard.__version__,
        "built_at": own.mirror.clock(),
        "policy": own.judge.policy.digest,
        "epoch": own.judge.epoch,
        "files": [
            {
                "project": record.listed.project,
                "version": record.listed.version,
                "filename": record.listed.key.filename,
                "sha256": record.listed.key.sha256,
            }
            for record in records
        ],
        "paths": dict(sorted(pages.items())),
    }


class _Manifest(msgspec.Struct):
    schema: int
    paths: dict[str, str]


def _before(tree: Tree) -> Mapping[str, str]:
    """Return the digests of what the last build wrote; nothing, where its manifest is no good."""
    content = tree.read(MANIFEST)
    try:
        found = msgspec.json.decode(content or b"", type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return found.paths if found.schema == _SCHEMA else {}


def _ours(there: Mapping[str, int]) -> set[str]:
    """Return what a build may have written: nothing else in the folder is touched."""
    return {path for path in there if path.startswith(_FOLDERS)}


_FOLDERS: Final = ("simple/", "files/", "integrity/", "receipts/")


def _pages_first(path: str) -> tuple[bool, str]:
    return (not path.startswith("simple/"), path)
