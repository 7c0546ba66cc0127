"""One run: the policy, the installer and the sources that a command needs, put together."""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

import guard
from guard.cli.folders import cache_folder as cache_folder  # noqa: PLC0414 - others ask here
from guard.cli.progress import watch
from guard.duration import cutoff
from guard.errors import SourceError, UnsupportedError, UsageError
from guard.install import pip_configuration, uv_configuration
from guard.install._base import Installer
from guard.install.target import Target, find_python
from guard.policy import Files, Layer, Policy, Trust, effective
from guard.policy.signature import Means
from guard.progress import Progress
from guard.publisher import Provenance
from guard.request import IndexOptions, Request, Wanted, groups, read

if TYPE_CHECKING:
    from guard.admission.gather import Admission
    from guard.model import Index
    from guard.sources.cache import PageCache
    from guard.sources.http import Http
    from guard.sources.identities import KnownIdentities
    from guard.sources.index import IndexSource
    from guard.sources.pages import Pages
    from guard.sources.provenance import ProvenanceSource

_WORKERS = 8
"""More connections are not faster, and some servers turn them away."""


@dataclass
class Session:
    """What one run works with; the costly half is made when it is first needed."""

    policy: Policy
    request: Request
    wanted: Wanted
    installer: Installer
    progress: Progress
    pool: concurrent.futures.ThreadPoolExecutor
    now: datetime
    layers: tuple[Layer, ...] = ()
    """The files that the policy comes from."""

    python: Path | None = None
    """The interpreter that is installed for."""

    place: Path | None = None
    """Where everything is to go; `None` where nothing is installed."""
    alike: Callable[[Wanted], Installer] | None = None
    """The same installer for other requirements of the same Python, whatever the target has."""

    indexes: Callable[[Pages, Http, Sequence[Index]], IndexSource] | None = None
    """How the indexes are asked, where that is not as it always is."""

    stale: float = 0
    """Seconds for which a page holds on whose index does not answer."""

    page_cache: PageCache | None = None
    """Where pages are kept, where that is not the user's own cache."""

    connections: int = _WORKERS
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _admission: Admission | None = None

    @property
    def admission(self) -> Admission:
        """The sources and the quarantine, opened once, by whoever comes first."""
        with self._opening:
            if self._admission is None:
                self._admission = self._open()
            return self._admission

    def _open(self) -> Admission:
        from guard.admission.gather import Admission  # noqa: PLC0415
        from guard.artifact.source_rules import Rules  # noqa: PLC0415
        from guard.quarantine import Quarantine  # noqa: PLC0415
        from guard.rules.suspicious_code import SuspiciousCode  # noqa: PLC0415
        from guard.sources.advisories import AdvisorySource  # noqa: PLC0415
        from guard.sources.baseline import Baselines  # noqa: PLC0415
        from guard.sources.cache import PageCache  # noqa: PLC0415
        from guard.sources.contents import Contents  # noqa: PLC0415
        from guard.sources.http import Connection, FetchError, Http  # noqa: PLC0415
        from guard.sources.index import IndexSource  # noqa: PLC0415
        from guard.sources.pages import Pages  # noqa: PLC0415
        from guard.sources.publication import Publications  # noqa: PLC0415
        from guard.sources.readers import Readers  # noqa: PLC0415

        configuration = self.installer.configuration()
        try:
            connection = Connection(
                ca_bundle=configuration.ca_bundle,
                proxy=configuration.proxy,
                user_agent=f"wheelguard/{guard.__version__}",
                pooled=self.connections,
            )
            http = Http(connection=connection, credentials=configuration.credentials)
        except FetchError as error:
            raise SourceError("no connection can be trusted", reason=str(error)) from None
        folder = cache_folder()
        pages = Pages(
            http,
            self.page_cache or PageCache(folder / "pages"),
            offline=self.request.offline,
            refresh=self.request.refresh,
            stale=self.stale,
        )
        if self.indexes is None:
            index = IndexSource(pages, configuration.indexes)
        else:
            index = self.indexes(pages, http, configuration.indexes)
        quarantine = Quarantine(folder / "quarantine")
        own = self.policy.facts_by().rule(SuspiciousCode).rules
        folders = [Path(folder).absolute() for folder in own]
        contents = Contents(
            state_folder() / "contents",
            Readers(folders),
            version=Rules(folders).digest,
            use_results=not self.request.refresh,
        )
        return Admission(
            policy=self.policy,
            index=index,
            publications=Publications(index, self._provenance(pages), known_identities()),
            http=http,
            quarantine=quarantine,
            contents=contents,
            baselines=Baselines(index, http, quarantine, contents),
            advisories=AdvisorySource(advisories_folder()),
            installed=lambda: self.installer.description().installed,
            pool=self.pool,
            progress=self.progress,
            now=self.now,
            target=lambda: self.installer.description().folders,
        )

    def _provenance(self, pages: Pages) -> ProvenanceSource:
        from guard.sources import trust_root  # noqa: PLC0415
        from guard.sources.provenance import ProvenanceSource  # noqa: PLC0415

        private = {
            entry.url: trust_root.from_file(entry.trust_root)
            for entry in self.policy.facts_by().indexes
            if entry.trust_root
        }
        state = state_folder()
        public = trust_root.public(state)
        return ProvenanceSource(
            pages,
            state / "verified",
            lambda index: private.get(index, public),
            use_results=not self.request.refresh,
        )

    def under(self, policy: Policy) -> None:
        """Judge by `policy` from now on; what was fetched is not fetched again."""
        self.policy = policy
        if self._admission is not None:
            self._admission = replace(self._admission, policy=policy)

    def close(self) -> None:
        """End what still runs, soon: the transfers at their next chunk."""
        if self._admission is not None:
            self._admission.http.close()
            self._admission.contents.close()
        self.progress.done()


@contextlib.contextmanager
def session(arguments: argparse.Namespace, *, alone: bool) -> Iterator[Session]:
    """Yield the session of one command; with `alone`, whatever is installed does not count."""
    now = datetime.now(UTC)
    policy, layers = effective(policy_files(arguments.policy, arguments.approvals))
    request = _request(arguments, now)
    wanted = read(request)
    target = _target(arguments, alone=alone)
    pool = concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="guard")
    run = Session(
        policy=policy,
        layers=layers,
        request=request,
        wanted=wanted,
        installer=_installer(arguments.installer, target, wanted, pool),
        progress=watch(sys.stderr, quiet=arguments.quiet),
        pool=pool,
        now=now,
        place=None if alone else target.place,
        alike=lambda others: _installer(
            arguments.installer,
            replace(target, alone=True, directory=None, prefix=None),
            others,
            pool,
        ),
        python=target.python,
    )
    try:
        yield run
    finally:
        run.close()
        pool.shutdown(wait=False, cancel_futures=True)


def asking_nothing(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return `arguments` for a session that only asks indexes: nothing is requested of it."""
    return argparse.Namespace(**_NOTHING | vars(arguments))


_NOTHING: dict[str, Any] = {
    "requirement": [],
    "requirement_files": [],
    "constraint_files": [],
    "editable": [],
    "upgrade": False,
    "upgrade_package": [],
    "pre": False,
    "no_deps": False,
    "require_hashes": False,
    "only_binary": [],
    "no_binary": [],
    "uploaded_prior_to": None,
    "quiet": True,
}
"""What a command that installs nothing asks for."""


def policy_files(named: str | None, approvals: Path | None = None) -> Files:
    """Return where the policy of a run comes from; both arguments are of the command line."""
    return Files(
        system=_system_policy(),
        user=platformdirs.user_config_path("wheelguard") / "guard.toml",
        folder=Path.cwd(),
        named=named or os.environ.get("GUARD_POLICY") or None,
        trusted=trust().entries(),
        approvals=approvals.absolute() if approvals else None,
        means=means(),
    )


def means() -> Means:
    """Return what signatures of policies are verified with, where they are demanded."""
    return Means(now=datetime.now(UTC), bundle=_bundle)


def _bundle(raw: bytes, sha256: str, root: str | None) -> Provenance:
    from guard.sources import trust_root  # noqa: PLC0415 - 350 ms, where a bundle is demanded
    from guard.sources.verifier import Verifier  # noqa: PLC0415

    trusted = trust_root.from_file(root) if root else trust_root.public(state_folder())
    return Verifier(trusted).bundle(raw, filename="", sha256=sha256)


def trust() -> Trust:
    """Return the record of the project files that may loosen the policy."""
    return Trust(state_folder() / "trust")


def _system_policy() -> Path:
    """Return the system's policy file; no variable of the environment moves it."""
    if sys.platform == "win32":
        return platformdirs.site_config_path("wheelguard", appauthor=False) / "guard.toml"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/wheelguard/guard.toml")
    return Path("/etc/wheelguard/guard.toml")


def state_folder() -> Path:
    """Return the folder of what the guard remembers: results, identities, trust."""
    named = os.environ.get("GUARD_STATE_DIR")
    return Path(named).absolute() if named else platformdirs.user_state_path("wheelguard")


def advisories_folder() -> Path:
    """Return the folder of the snapshot of advisories."""
    return state_folder() / "advisories"


def known_identities() -> KnownIdentities:
    """Return the records of who published what was installed before."""
    from guard.sources.identities import KnownIdentities  # noqa: PLC0415

    return KnownIdentities(state_folder() / "identities")


def _installer(
    name: str, target: Target, wanted: Wanted, pool: concurrent.futures.Executor
) -> Installer:
    if name == "pip":
        from guard.install.pip import Pip  # noqa: PLC0415 - one of the two is used

        return Pip(target, wanted, pool=pool)
    from guard.install.uv import Uv  # noqa: PLC0415

    return Uv(target, wanted, cache=cache_folder() / "uv", pool=pool)


def _target(arguments: argparse.Namespace, *, alone: bool) -> Target:
    target = Target(
        python=find_python(arguments.python, system=arguments.system, alone=alone),
        alone=alone,
    )
    if alone:
        return target
    if arguments.target and arguments.prefix:
        raise UsageError("`--target` and `--prefix` cannot both be given")
    return replace(
        target,
        directory=arguments.target and arguments.target.absolute(),
        prefix=arguments.prefix and arguments.prefix.absolute(),
        break_system_packages=arguments.break_system_packages,
    )


def _request(arguments: argparse.Namespace, now: datetime) -> Request:
    if arguments.no_binary:
        raise UnsupportedError(
            "`--no-binary` is not supported",
            reason="building a source distribution runs its code before it is judged",
            hint='what has no wheel can be built: rules.source-distribution.action = "build"',
        )
    files = arguments.requirement_files
    only = getattr(arguments, "only_group", [])
    return Request(
        specifiers=(*arguments.requirement, *arguments.editable),
        editable=tuple(arguments.editable),
        requirement_files=tuple(f for f in files if not (only and f.name == "pyproject.toml")),
        constraint_files=tuple(arguments.constraint_files),
        extras=tuple(getattr(arguments, "extra", [])),
        all_extras=getattr(arguments, "all_extras", False),
        groups=groups((*getattr(arguments, "group", []), *only), files),
        universal=getattr(arguments, "universal", False),
        indexes=IndexOptions(
            index_url=arguments.index_url,
            extra_index_urls=tuple(arguments.extra_index_url),
            find_links=tuple(arguments.find_links),
            no_index=arguments.no_index,
        ),
        upgrade=arguments.upgrade,
        upgrade_packages=tuple(arguments.upgrade_package),
        reinstall=getattr(arguments, "reinstall", False),
        pre=arguments.pre,
        no_deps=arguments.no_deps,
        require_hashes=arguments.require_hashes,
        uploaded_prior_to=_cutoff(arguments.uploaded_prior_to, now),
        offline=arguments.offline or os.environ.get("GUARD_OFFLINE", "") not in {"", "0"},
        refresh=arguments.refresh,
    )


def _cutoff(given: str | None, now: datetime) -> datetime | None:
    """Return the user's own cut-off: the option, else what pip or uv is configured with."""
    if given:
        return _moment("--uploaded-prior-to", given, now)
    uvs = os.environ.get("UV_EXCLUDE_NEWER") or uv_configuration.setting(
        "exclude-newer", os.environ, folder=Path.cwd()
    )
    pips = pip_configuration.read().options.get("uploaded-prior-to")
    configured = {"uv's exclude-newer": uvs, "pip's uploaded-prior-to": pips}
    return min(
        (_moment(name, text, now) for name, text in configured.items() if text), default=None
    )


def _moment(name: str, text: str, now: datetime) -> datetime:
    try:
        return cutoff(text, now=now)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{name}: {text!r} is neither a moment nor an age",
            hint='write 2026-03-24, 2026-03-24T10:39:00Z, "7 days" or P7D',
        ) from None
