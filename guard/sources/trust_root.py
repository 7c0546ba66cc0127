"""Which Sigstore is believed: the pinned public root, the user's own, or one refreshed on request.

Never the cache of a library: any code that once ran as the user could have replaced that.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

from guard.errors import PolicyError, QuarantineError, SourceError
from guard.private import private_folder, write_private

_SHA256: Final = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"
"""Of the shipped file: a changed one is not used."""

_MADE: Final = datetime(2025, 9, 22, tzinfo=UTC)
"""When the shipped root was last changed by Sigstore."""

_OLD: Final = timedelta(days=730)
_LIMIT: Final = 1_000_000
_REFRESHED: Final = "trusted_root.json"
_TIMEOUT: Final = 120

# Runs with empty caches of its own, so that what Sigstore's TUF client believes is what it shipped.
_REFRESH: Final = """
import sys
from sigstore._internal.tuf import DEFAULT_TUF_URL, TrustUpdater
sys.stdout.write(open(TrustUpdater(DEFAULT_TUF_URL).get_trusted_root_path()).read())
"""


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """A Sigstore `trusted_root.json`."""

    content: bytes
    name: str
    made: datetime | None = None

    @property
    def sha256(self) -> str:
        """The digest of the document, by which results are kept apart."""
        return hashlib.sha256(self.content).hexdigest()

    def probably_too_old(self, now: datetime) -> bool:
        """Tell whether Sigstore has probably changed its keys since."""
        return self.made is not None and now - self.made > _OLD


def public(state: Path) -> TrustRoot:
    """Return the root of the public Sigstore: the one refreshed into `state`, else the shipped one.

    Raises `QuarantineError` when the shipped file is not the one that was released.
    """
    if (refreshed := _refreshed(state)) is not None:
        return refreshed
    content = (resources.files("guard") / "trust" / "trusted_root.json").read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise QuarantineError(
            "the trust root that came with the guard was changed",
            reason="its sha256 is not the released one",
            hint="install the guard again, and find out what changed it",
        )
    return TrustRoot(content, "shipped", _MADE)


def from_file(name: str) -> TrustRoot:
    """Return a `trusted_root.json`, or the one in a `ClientTrustConfig`. Raises `PolicyError`."""
    path = Path(name).expanduser()
    try:
        with path.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
        document = json.loads(content) if len(content) <= _LIMIT else None
    except OSError as error:
        raise PolicyError(
            f"the trust root `{name}` could not be read", source=str(path), reason=error.strerror
        ) from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(
            f"the trust root `{name}` is not JSON", source=str(path), reason=str(error)
        ) from None
    if isinstance(document, dict) and isinstance(document.get("trustedRoot"), dict):
        document = document["trustedRoot"]
    if not _is_root(document):
        raise PolicyError(
            f"`{name}` is no trust root",
            source=str(path),
            hint="name a Sigstore `trusted_root.json` or client trust configuration",
        )
    return TrustRoot(json.dumps(document).encode(), str(path))


def _is_root(document: object) -> bool:
    return isinstance(document, dict) and "certificateAuthorities" in document


def refresh(state: Path, now: datetime) -> TrustRoot:
    """Fetch the newest public root over TUF and keep it in `state`. Raises `SourceError`."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        environment = os.environ | {"XDG_CACHE_HOME": folder, "XDG_DATA_HOME": folder}
        try:
            result = subprocess.run(
                [sys.executable, "-I", "-c", _REFRESH],
                capture_output=True,
                check=True,
                timeout=_TIMEOUT,
                env=environment,
            )
            root = TrustRoot(result.stdout, "refreshed", now)
            json.loads(root.content)
            private_folder(state)
            kept = {"made": now.isoformat(), "trustedRoot": json.loads(root.content)}
            write_private(state / _REFRESHED, json.dumps(kept).encode())
        except subprocess.CalledProcessError as error:
            last = error.stderr.decode(errors="replace").strip().splitlines()
            raise _not_refreshed(last[-1] if last else "no reason given") from None
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise _not_refreshed(str(error)) from None
    return root


def _not_refreshed(reason: str) -> SourceError:
    return SourceError(
        "the trust root could not be refreshed",
        reason=reason,
        hint="the one in use stays; check the connection to Sigstore's TUF repository",
    )


def _refreshed(state: Path) -> TrustRoot | None:
    """Return a root newer than the shipped one, if it is there and whole."""
    try:
        kept = json.loads((state / _REFRESHED).read_bytes())
        made = datetime.fromisoformat(kept["made"])
        content = json.dumps(kept["trustedRoot"]).encode()
        usable = _is_root(kept["trustedRoot"]) and made > _MADE
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return TrustRoot(content, "refreshed", made) if usable else None
