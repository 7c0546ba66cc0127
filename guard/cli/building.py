"""What a command builds with: the run's own policy, sources and installer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.admission import Judgement
from guard.cli.session import Session, cache_folder, state_folder
from guard.install.flow import Flow
from guard.request import Request, read

if TYPE_CHECKING:
    from guard.admission.gather import Admission
    from guard.install.building import Builds


def builds_of(session: Session) -> Callable[[], Builds] | None:
    """Return what opens the builds of a run; `None` where the run has no interpreter."""
    if session.alike is None or session.python is None:
        return None
    return lambda: _opened(session)


def _opened(session: Session) -> Builds:
    from guard.install.build_records import Records  # noqa: PLC0415 - most runs build nothing
    from guard.install.building import Builds  # noqa: PLC0415

    assert session.python is not None  # noqa: S101 - asked before
    return Builds(
        policy=lambda: session.policy,
        admission=lambda: _apart(session),
        resolve=lambda requires: _resolved(session, requires),
        python=session.python,
        description=session.installer.description,
        scratch=cache_folder() / "builds",
        records=Records(state_folder() / "builds", use=not session.request.refresh),
        progress=session.progress,
    )


def _apart(session: Session) -> Admission:
    """Return the run's admission for what does not go into its target."""
    return replace(session.admission, installed=dict, target=lambda: None)


def _resolved(session: Session, requires: tuple[str, ...]) -> Judgement:
    """Resolve and judge what a build needs: wheels alone, so that nothing is built to build."""
    own = session.request
    request = Request(
        specifiers=requires,
        indexes=own.indexes,
        uploaded_prior_to=own.uploaded_prior_to,
        offline=own.offline,
        refresh=own.refresh,
    )
    wanted = read(request)
    wanted.indexes = session.wanted.indexes  # of the command line, and of requirements files
    assert session.alike is not None  # noqa: S101 - asked before
    flow = Flow(
        request,
        wanted,
        session.alike(wanted),
        policy=session.policy,
        now=session.now,
        progress=session.progress,
        pool=session.pool,
        admission=lambda: _apart(session),
    )
    return flow.judged().judgement
