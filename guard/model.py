"""The nouns of Guard, in the words of the specifications they come from.

Essential reading, in order: PEP 691 (`File`), PEP 700 (`upload_time`, `size`),
PEP 592 (`yanked`), PEP 792 (`ProjectStatus`), PEP 751 (the plan they are chosen for).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NewType, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.artifact.content import Content, StartupHook
from guard.publisher import Identity, IdentityPattern, Provenance

RuleId = NewType("RuleId", str)
T = TypeVar("T")

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such fact, and it is known that there is none."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be established. Never the same as its absence, and never fine."""

    reason: str


Fact: TypeAlias = T | Absent | Unknown


class FileKind(enum.StrEnum):
    """What a file is, and so what installing it would do."""

    WHEEL = "wheel"
    SDIST = "sdist"
    SOURCE_TREE = "source tree"
    """A VCS checkout or a local folder: like an sdist, it would have to be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One distribution file, as a plan or a project page names it (PEP 691)."""

    project: NormalizedName
    version: Version | None
    """`None` where only a build would tell: a source tree or a URL without a version."""

    filename: str
    kind: FileKind
    url: str
    """Where the bytes are; never carries credentials."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    """PEP-691: a dictionary mapping a hash name to a hex encoded digest of the file."""

    size: int | None = None
    """Bytes, where the plan or the index says so."""

    @property
    def title(self) -> str:
        """Name and version as a person would say them: `litellm 1.82.6`."""
        return f"{self.project} {self.version}" if self.version else str(self.project)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """How a file came to be considered: who asked for it, and how exactly."""

    named: bool = False
    """Asked for by name, not pulled in by another project."""

    pinned: bool = False
    """Asked for in exactly this version (`==`, a lock or a URL): denied, never replaced."""

    locked: bool = False
    """A lock file names this very file."""

    direct_url: str | None = None
    """PEP-610: the URL or path it was asked for by, rather than by name from an index."""

    hashes: frozenset[tuple[str, str]] = frozenset()
    """Digests of which the file must have one: `--hash` of a requirement."""

    identities: tuple[IdentityPattern, ...] = ()
    """PEP-751: the publishers that a lock names for the project, of which one must be its own."""

    to_build: bool = False
    """The guard itself will build it, kept apart from everything; no installer is given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the project page of an index says of one file."""

    upload_time: Fact[datetime]
    """PEP-700: when the file was uploaded, in UTC."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None

    yanked: str | None = None
    """PEP-592: the reason it was yanked, possibly empty; `None` when it was not."""

    provenance_url: str | None = None
    """PEP-740: where the file's attestations are; `None` when the index lists none."""

    core_metadata: Fact[str] = Absent("its index offers no metadata file")
    """PEP-714: the sha256 of the metadata file that the index offers to resolvers."""


class ProjectState(enum.StrEnum):
    """PEP-792: the status markers of a project."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """PEP-792: a project's status and the reason its owners or the index give."""

    state: ProjectState = ProjectState.ACTIVE
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The index a file comes from, and who else claims its name."""

    url: str
    """The index, without credentials."""

    rivals: Fact[tuple[str, ...]] = ()
    """Other configured indexes with files of that name which this one does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """The nearest earlier file of the same release line that its index lists as attested."""

    version: Version
    filename: str
    upload_time: datetime | None
    provenance: Fact[Provenance]
    """Absent where it was not asked for: what it says matters only to a file that is attested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the project page of an index says of a project's past."""

    first_upload: datetime | None
    """`None` where the index gives no upload times."""

    releases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A wheel of the nearest release of the same project that had been up for long enough."""

    file: File
    listing: Listing
    requires_dist: Fact[tuple[str, ...]] = Unknown("nobody has looked")
    """As its METADATA writes them."""

    content: Fact[Content] = Unknown("nobody has looked inside")
    """Unknown too where the candidate shows nothing that would have to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A file of somebody else's whose place would be taken: its path, or its name as a module."""

    path: str
    """Relative to the environment: `site-packages/six.py`, `bin/activate`, `share/doc/six`."""

    owner: str
    """Whose it is: `pip 26.3`, `the standard library`, `the environment`."""

    project: NormalizedName | None = None
    """The owner's name, where it is a distribution."""

    same: bool = False
    """Nothing is lost whoever comes last: the bytes are the same, or both declare a namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A file that is not as RECORD lists it."""

    path: str
    """As RECORD writes it."""

    what: str
    missing: bool = False
    """It is not there at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What an environment has of a release, and how that came there."""

    files: int
    """How many RECORD lists."""

    altered: Fact[tuple[Altered, ...]]
    wheel: Fact[str]
    """The file that was installed: the wheel at hand whose RECORD says the same."""

    admitted: Fact[str]
    """The file that the guard, or an approval, let in and that was installed.

    Absent where what is there came past the guard.
    """

    hooks: tuple[StartupHook, ...] = ()
    """What its own files run at every start of Python, as they are now."""

    site: tuple[str, ...] = ()
    """Its files by their path in a site folder; only where there are hooks."""

    installer: str | None = None
    """PEP-627: what says of itself that it has installed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned:
    """A file that no installed distribution lists, where Python or a shell would run it."""

    path: str
    """Relative to the environment, as in `Overlap`."""

    what: str
    """What it does there."""

    sha256: str


class Severity(enum.StrEnum):
    """The qualitative ratings of CVSS, the mildest first."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """How severe it is, as a number to compare by."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What one OSV record says of one version of a project."""

    id: str
    aliases: tuple[str, ...] = ()
    malware: bool = False
    """The release does harm by itself; otherwise it is vulnerable to somebody else."""

    severity: Severity | None = None
    """`None` where nobody says, which is not the same as harmless."""

    summary: str = ""
    fixed: tuple[Version, ...] = ()
    """The later releases that the record names as the fix, the earliest first."""

    last_affected: Version | None = None
    """What comes after this is not affected, where the record says it so."""

    name_wide: bool = False
    """The record is about every version of that name, and does not list this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisories:
    """What a snapshot of advisories holds against one version of a project."""

    records: tuple[Advisory, ...]
    as_of: datetime
    """When the newest record of the snapshot was last changed: nothing later is known here."""

    source: str
    """Where the snapshot came from, without credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How a wheel came to be that no index has: from what, with what, and how kept apart."""

    source: Candidate
    """The source distribution, as it was judged: what is known of its publisher and its index."""

    sha256: str | None
    """Of the bytes that were built; `None` of a folder of the user's own."""

    requirements: tuple[tuple[str, str], ...]
    """The wheels that it was built with, each judged before: file name and sha256."""

    isolation: str
    """`sandbox` or `none`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file someone wants to install, with everything that was learned about it."""

    file: File
    requested: Requested
    origin: Fact[Origin]
    listing: Fact[Listing]
    """Absent when its index does not list it, or when it has no index at all."""

    status: Fact[ProjectStatus]
    digests: Fact[Mapping[str, str]]
    """Of the bytes in quarantine, always with sha256; absent for what is not a single file."""

    provenance: Fact[Provenance]
    """What its attestations prove; absent when its index lists none."""

    prior: Fact[Prior]
    """Absent when no earlier release was attested."""

    remembered: Fact[tuple[Identity, ...]]
    """Who published the release of this project that was installed here last."""

    history: Fact[History]
    content: Fact[Content]
    """What is inside; absent for what nobody opens: a source tree."""

    baseline: Fact[Baseline]
    """Absent where nothing is compared: the file is old, or there is no older release."""

    overlaps: Fact[tuple[Overlap, ...]]
    """Files of others that it would write over; absent where no target and no plan are known."""

    advisories: Fact[Advisories]
    """What is publicly known against this version; unknown where no snapshot is at hand."""

    remedies: Fact[tuple[Advisory, ...]]
    """What is known against the installed version, and names this very version as its fix."""

    judged_at: datetime
    """The clock, passed in: rules never read the time themselves."""

    installation: Fact[Installation] = Absent("it is not installed")
    """What an environment has of it already; known to an audit alone."""

    unowned: Fact[tuple[Unowned, ...]] = Absent("it is not an environment")
    """What lies in an environment and is nobody's; known to an audit alone."""

    vouched: Fact[Vouched] = Absent("nobody was asked for a receipt")
    """What the mirror that it comes from says; asked for where the policy would take it."""

    built: Fact[Built] = Absent("it was not built here")
    """How it was made; then all that an index would say of it is what one says of its source."""

    @property
    def own(self) -> bool:
        """Whether it was built here from a folder of the user's own: that code is the user's."""
        match self.built:
            case Built(source=source):
                return source.file.kind is FileKind.SOURCE_TREE
            case _:
                return False

    def younger_than(self, age: timedelta) -> bool:
        """Tell whether it was uploaded less than `age` ago, or may have been."""
        return younger_than(self.listing, age, now=self.judged_at)


class Level(enum.StrEnum):
    """What a rule's finding does to the install."""

    OFF = "off"
    WARN = "warn"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's objection to one candidate."""

    rule: RuleId
    level: Level
    message: str
    unknown: bool = False
    """The rule could not tell: a fact that it needs is missing."""

    cause: str | None = None
    """Why it could not tell, as at the end of `message`: what several rules lack, has one cause."""

    detail: tuple[str, ...] = ()
    """The setting that made it so, and what would help."""

    waiver: str | None = None
    """Why the policy sets this finding aside, and who said so."""

    asks_for: str | None = None
    """The requirement that `guard approve` would have to be given: reports ask for all at once."""

    common: bool = False
    """It says something of the run rather than of one file: reports say it once for all."""

    @property
    def holds(self) -> bool:
        """Whether this finding alone keeps the file out."""
        return self.level is Level.DENY and self.waiver is None


class Decision(enum.StrEnum):
    """What a verdict comes to."""

    ADMITTED = "admitted"
    DENIED = "denied"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every finding about one candidate; the decision is their sum and nothing else."""

    candidate: Candidate
    findings: tuple[Finding, ...]

    @property
    def decision(self) -> Decision:
        """Denied if one denies; else undecided if one cannot tell; else admitted."""
        held = [finding for finding in self.findings if finding.holds]
        if any(not finding.unknown for finding in held):
            return Decision.DENIED
        return Decision.UNDECIDED if held else Decision.ADMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A release that the policy kept from being chosen."""

    project: NormalizedName
    version: Version
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The proof that these bytes were judged: all that an installer takes.

    Made by `guard.admission` alone. `path` lies in the quarantine and holds the bytes of `sha256`.
    """

    verdict: Verdict
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What a receipt says, whose signature holds and which is about these very bytes and name."""

    key: str
    """The public key that holds: its SubjectPublicKeyInfo in base64, as a policy names it."""

    judged_at: datetime
    policy: str
    """The sha256 of the policy by which the file was admitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTerms:
    """Whose word is taken for a judgement."""

    key: str
    """An Ed25519 key: its SubjectPublicKeyInfo in base64."""

    max_age: timedelta = timedelta(days=2)
    policies: tuple[str, ...] = ()
    """The sha256 of those policies that will do; without any, every one will."""

    def objection(self, vouched: Vouched, now: datetime) -> str | None:
        """Say why a receipt is not taken; `None` where it is."""
        age = now - vouched.judged_at
        if vouched.key != self.key:
            return "another key has signed it"
        if age > self.max_age:
            return f"it is of {vouched.judged_at:%Y-%m-%d %H:%M} UTC, and too old"
        if age < -_AHEAD:
            return f"it is of {vouched.judged_at:%Y-%m-%d %H:%M} UTC: check the clock"
        if self.policies and vouched.policy not in self.policies:
            return "it was made by another policy"
        return None


_AHEAD: Final = timedelta(minutes=5)
"""How far another machine's clock may be ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An index that the policy knows, and the names that only it may serve."""

    name: str
    url: str
    owns: tuple[str, ...] = ()
    trust_root: str | None = None
    """The Sigstore that attested its files, where that is not the public one: a file's name."""

    receipts: ReceiptTerms | None = None
    """Whose receipts count in place of judging its files again."""


@dataclass(frozen=True, slots=True)
class Versions:
    """A set of versions: a PEP 440 specifier set, or, when it is all `==`, any of those."""

    specifiers: SpecifierSet

    def contains(self, version: Version) -> bool:
        """Tell whether `version` is one of them; pre-releases count like any other."""
        if all(specifier.operator == "==" for specifier in self.specifiers):
            return any(s.contains(version, prereleases=True) for s in self.specifiers)
        return self.specifiers.contains(version, prereleases=True)

    def __str__(self) -> str:
        return ",".join(sorted(str(specifier) for specifier in self.specifiers))


@dataclass(frozen=True, slots=True, kw_only=True)
class DenyEntry:
    """Releases that the policy denies by name."""

    name: str
    reason: str
    versions: Versions | None = None
    """`None` denies every version."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password for one index. Never shown."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index that pip or uv is configured to use."""

    url: str
    """Without credentials, without a trailing slash."""

    credentials: Credentials | None = None
    flat: bool = False
    """A `--find-links` folder or page: files without project pages."""


def younger_than(listing: Fact[Listing], age: timedelta, *, now: datetime) -> bool:
    """Tell whether a file was uploaded less than `age` before `now`, or may have been.

    What no index lists has no past there, so it is not young; where one gives no times, all is.
    """
    match listing:
        case Absent():
            return False
        case Unknown():
            return True
        case Listing(upload_time=moment):
            return isinstance(moment, Absent | Unknown) or now - moment < age


def index_url(url: str) -> str:
    """Return `url` in the one form in which indexes are compared: no credentials, no last slash.

    Raises `ValueError` for what is no URL.
    """
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return urlunsplit((parts.scheme, host + port, parts.path.rstrip("/"), parts.query, ""))


def matches_name(pattern: str, name: NormalizedName) -> bool:
    """Tell whether the anchored glob `pattern` (`acme-*`) covers the whole of `name`."""
    return fnmatchcase(name, pattern)
