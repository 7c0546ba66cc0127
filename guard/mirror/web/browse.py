"""The pages to look at: the mirror at a glance, projects, files, and the audit log."""

from __future__ import annotations

from typing import Final

from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import Version
from starlette.requests import Request
from starlette.responses import Response

from guard.errors import RefusedError
from guard.mirror.people.requests import State as Asked
from guard.mirror.records import FileRecord, Key, State
from guard.mirror.web import pictures
from guard.mirror.web.page import answer
from guard.mirror.web.publishers import difference, history, publisher, version_of
from guard.mirror.web.queue import number_in
from guard.mirror.web.sessions import Visit
from guard.mirror.web.site import Site

_SHOWN: Final = 100
_FILES: Final = 500


def overview(site: Site, request: Request, visit: Visit) -> Response:
    """Show the mirror at a glance."""
    found = site.facts.overview()
    values = {
        "overview": found,
        "states": [(state, found.states.get(state, 0)) for state in State],
        "open": site.requests.count(Asked.OPEN),
        "attested": pictures.attested(found),
        "trend": pictures.trend(found),
        "ages": pictures.ages(found),
        "advisories": pictures.advisories(found),
    }
    return answer(site, request, visit, "overview.html", values)


def projects(site: Site, request: Request, visit: Visit) -> Response:
    """Show the projects, those that are searched for or all."""
    search = request.query_params.get("search", "")[:100].strip().lower()
    found = site.facts.projects(search, limit=_SHOWN + 1)
    values = {"search": search, "projects": found[:_SHOWN], "more": len(found) > _SHOWN}
    return answer(site, request, visit, "projects.html", values)


def project(site: Site, request: Request, visit: Visit) -> Response:
    """Show a project: its files, who published them, and what is approved of it."""
    name = _name(request.path_params["project"])
    records = list(site.mirror.files.of_project(name).values())
    asked = site.requests.some(project=name, limit=_SHOWN)
    approvals = site.approved.all(name)
    owner = site.facts.owner(name)
    if not (records or asked or approvals or owner):
        raise RefusedError(f"the mirror has met no project {name}", status=404)
    records.sort(key=_order, reverse=True)
    values = {
        "name": name,
        "owner": owner,
        "records": records[:_FILES],
        "left": max(0, len(records) - _FILES),
        "history": history(site.mirror, records),
        "approvals": approvals,
        "requests": asked,
    }
    return answer(site, request, visit, "project.html", values)


def file(site: Site, request: Request, visit: Visit) -> Response:
    """Show a file: the verdict and why, who published it, what is new in it, who approved it."""
    record, others = _found(site, request)
    key = record.listed.key
    approving = [
        kept
        for kept in site.approved.all(record.listed.project)
        if kept.approval.file(key.sha256) is not None
    ]
    values = {
        "record": record,
        "publisher": publisher(site.mirror, record),
        "difference": difference(site.mirror, record, others),
        "decisions": site.facts.decisions(key),
        "approvals": approving,
    }
    return answer(site, request, visit, "file.html", values)


def log(site: Site, request: Request, visit: Visit) -> Response:
    """Show the audit log, the newest entries first."""
    size = site.log.size()
    before = min(number_in(request.query_params.get("before")) or size + 1, size + 1)
    after = max(0, before - 1 - _SHOWN)
    entries = list(site.log.entries(after, limit=before - 1 - after))[::-1]
    values = {"entries": entries, "size": size, "next": after + 1 if after else None}
    return answer(site, request, visit, "log.html", values)


def record_at(site: Site, project: str, key: Key) -> FileRecord:
    """Return the record of a file of that project. Raises `RefusedError` (404)."""
    record = site.mirror.files.find(key)
    if record is None or record.listed.project != project:
        raise RefusedError("the mirror has met no such file", status=404)
    return record


def _found(site: Site, request: Request) -> tuple[FileRecord, dict[Key, FileRecord]]:
    name = _name(request.path_params["project"])
    key = Key(request.path_params["sha256"], request.path_params["filename"])
    record = record_at(site, name, key)
    return record, dict(site.mirror.files.of_project(name))


def _name(text: str) -> NormalizedName:
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise RefusedError("that is no project", status=404) from None


def _order(record: FileRecord) -> tuple[Version, str]:
    return version_of(record) or Version("0"), record.listed.key.filename
