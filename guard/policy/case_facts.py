"""The candidate that a case describes. What it does not state is as harmless as can be.

A file that has been listed for years, of an active project as old, attested by nobody, with
nothing inside that any rule is about, and with no advisory against it. It comes from no index, and
has no digest: rules that ask for these find none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, ParamSpec, TypeVar

from packaging.utils import (
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from guard.model import (
    Absent,
    Advisories,
    Advisory,
    Baseline,
    Candidate,
    Fact,
    File,
    FileKind,
    History,
    Listing,
    Origin,
    Overlap,
    Prior,
    ProjectStatus,
    Requested,
    Unknown,
)
from guard.policy.case_content import content
from guard.policy.case_publisher import provenance
from guard.policy.case_tables import (
    AdvisoryTable,
    CaseTable,
    ContentTable,
    Moment,
)
from guard.policy.tables import absolute, sha256_digest

P = ParamSpec("P")
T = TypeVar("T")

_SETTLED: Final = timedelta(days=1000)
"""How long whatever has no time has been there."""

_RELEASES: Final = 100
_EARLIER: Final = timedelta(days=60)
_BEFORE: Final = Version("0")
_LOST: Final = Unknown("the case says that it could not be had")
_UNSTATED: Final = Absent("the case does not state it")
_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "index": ("origin",),
    "listing": ("listing",),
    "status": ("status",),
    "history": ("history",),
    "bytes": ("digests", "content"),
    "content": ("content",),
    "publisher": ("provenance",),
    "before": ("prior", "baseline"),
    "overwrites": ("overlaps",),
    "advisories": ("advisories", "remedies"),
}
"""What of a candidate is unknown where a case says so, but for `uploaded`."""

_STATING: Final[Mapping[str, tuple[str, ...]]] = {
    "index": ("index", "also_on"),
    "listing": ("uploaded", "yanked", "listed_sha256"),
    "history": ("first_uploaded", "releases"),
    "bytes": ("sha256",),
    "publisher": ("publisher", "invalid_attestation"),
}
"""The keys that state what cannot be unknown at once, where they have other names."""


class FactError(ValueError):
    """What the case states under `key` cannot be so."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def candidate(case: CaseTable, now: datetime) -> Candidate:
    """Return the candidate. Raises `FactError` for what no file can be."""
    file = _file(case)
    digests = _digests(case)
    listing = _listing(case, now)
    uploaded = listing.upload_time if isinstance(listing, Listing) else None
    moment = uploaded if isinstance(uploaded, datetime) else now - _SETTLED
    facts: dict[str, Any] = {
        "origin": _origin(case),
        "listing": listing,
        "status": ProjectStatus(state=case.status),
        "history": _history(case, now),
        "digests": digests,
        "provenance": _read(
            "publisher", provenance, case.publisher, case.invalid_attestation, moment
        ),
        "prior": _prior(case, file, moment),
        "content": _read("content.requires", content, case.content, file),
        "baseline": _baseline(case, file, moment),
        "overlaps": tuple(Overlap(path=o.path, owner=o.owner) for o in case.overwrites),
        "advisories": Advisories(
            records=_read("advisories", _advisories, case.advisories), as_of=now, source="the case"
        ),
        "remedies": tuple(Advisory(id=id_) for id_ in case.fixes),
    }
    for name in case.unknown:
        _refuse_both(case, name)
        facts |= dict.fromkeys(_FACTS.get(name, ()), _LOST)
    return Candidate(
        file=file,
        requested=_requested(case),
        remembered=_UNSTATED,
        judged_at=now,
        **facts,
    )


def _refuse_both(case: CaseTable, name: str) -> None:
    default = CaseTable(title="-", expect=case.expect, name="-", version="-")
    for key in _STATING.get(name, (name,)):
        if getattr(case, key) != getattr(default, key):
            said = f"{key.replace('_', '-')} is stated, so {name} cannot be unknown"
            raise FactError("unknown", said)


def _read(key: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `function` makes of what stands under `key`."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        raise FactError(key, str(error)) from None


def _requested(case: CaseTable) -> Requested:
    pinned = case.pinned or case.direct_url is not None
    return Requested(named=not case.dependency, pinned=pinned, direct_url=case.direct_url)


def _file(case: CaseTable) -> File:
    name = _read("name", canonicalize_name, case.name, validate=True)
    version = _read("version", Version, case.version)
    filename = case.filename or f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    kind, said = _read("filename", _named, filename)
    if said != (name, version):
        raise FactError("filename", f"{filename!r} is no file of {name} {version}")
    return File(
        project=name,
        version=version,
        filename=filename,
        kind=kind,
        url=case.direct_url or f"https://files.example.com/{filename}",
    )


def _named(filename: str) -> tuple[FileKind, tuple[NormalizedName, Version]]:
    if filename.endswith(".whl"):
        name, version, _, _ = parse_wheel_filename(filename)
        return FileKind.WHEEL, (name, version)
    return FileKind.SDIST, parse_sdist_filename(filename)


def _origin(case: CaseTable) -> Fact[Origin]:
    if case.index is None:
        needed = "also-on" if case.also_on else None if case.listed else "listed"
        if needed:
            raise FactError(needed, "this is about an index that it comes from: state `index` too")
        return _UNSTATED
    rivals = tuple(_read("also-on", absolute, url) for url in case.also_on)
    return Origin(url=_read("index", absolute, case.index), rivals=rivals)


def _digests(case: CaseTable) -> Fact[Mapping[str, str]]:
    if case.sha256 is None:
        return _UNSTATED
    return {"sha256": _read("sha256", sha256_digest, case.sha256)}


def _listing(case: CaseTable, now: datetime) -> Fact[Listing]:
    if not case.listed or case.direct_url is not None:
        stated = [key for key in _STATING["listing"] if getattr(case, key) is not None]
        if stated:
            raise FactError(stated[0].replace("_", "-"), "no index lists it, so none says this")
        why = "gone from its index" if not case.listed else "asked for by URL, not from an index"
        return Absent(why)
    promised = case.listed_sha256 or case.sha256
    digest = _read("listed-sha256", sha256_digest, promised) if promised else None
    known: Fact[datetime] = _seen("uploaded", case.uploaded, now)
    if "uploaded" in case.unknown:
        known = _LOST
    return Listing(
        upload_time=known,
        hashes={"sha256": digest} if digest else {},
        yanked=case.yanked,
    )


def _history(case: CaseTable, now: datetime) -> History:
    releases = _RELEASES if case.releases is None else case.releases
    first = _seen("first-uploaded", case.first_uploaded, now)
    return History(first_upload=first, releases=releases)


def _seen(key: str, given: Moment | None, now: datetime) -> datetime:
    return _read(key, given.seen_from, now) if given else now - _SETTLED


def _prior(case: CaseTable, file: File, moment: datetime) -> Fact[Prior]:
    if case.before is None or case.before.publisher is None:
        return Absent("no earlier release was attested")
    earlier = moment - _EARLIER
    return Prior(
        version=_BEFORE,
        filename=file.filename,
        upload_time=earlier,
        provenance=_read("before.publisher", provenance, case.before.publisher, None, earlier),
    )


def _baseline(case: CaseTable, file: File, moment: datetime) -> Fact[Baseline]:
    if case.before is None:
        return Absent("there is no earlier release")
    shown = ContentTable(shows=case.before.shows, requires=case.before.requires)
    return Baseline(
        file=File(
            project=file.project,
            version=_BEFORE,
            filename=file.filename,
            kind=file.kind,
            url=file.url,
        ),
        listing=Listing(upload_time=moment - _EARLIER),
        requires_dist=case.before.requires,
        content=_read("before.requires", content, shown, file),
    )


def _advisories(given: Iterable[AdvisoryTable]) -> tuple[Advisory, ...]:
    return tuple(map(_advisory, given))


def _advisory(given: AdvisoryTable) -> Advisory:
    return Advisory(
        id=given.id,
        aliases=given.aliases,
        malware=given.malware,
        severity=given.severity,
        summary=given.summary,
        fixed=tuple(map(Version, given.fixed)),
        name_wide=given.name_wide,
    )
