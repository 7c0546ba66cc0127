"""What becomes of an upload: judged like everything else, and never written over."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.errors import RefusedError
from guard.mirror.database import audit
from guard.mirror.database.audit import Act
from guard.mirror.finding import Found, file_of
from guard.mirror.intake import Intake
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import PRIVATE, FileRecord, State
from guard.mirror.uploads.enclosed import provenance_of
from guard.mirror.uploads.form import Form, bad
from guard.model import Absent, Index, Unknown
from guard.simple import PageFile
from guard.simple.page import version_of

LIMIT: Final = 2 << 30
"""Bytes of one file."""

_CHUNK: Final = 1 << 20
_LEASE: Final = timedelta(minutes=10)
_KINDS: Final = {"bdist_wheel": ".whl", "sdist": ".tar.gz"}
_OWN: Final = Index(url=PRIVATE)


@dataclass(frozen=True, slots=True)
class Uploads:
    """Takes uploads. Used by many threads at once; raises `RefusedError` and `MirrorError`."""

    mirror: Mirror
    judge: Judge
    owners: Owners
    intake: Intake

    def take(self, form: Form, place: Path, uploader: str) -> FileRecord:
        """Judge the file at `place`, and take it in where it is admitted."""
        project, version = _named(form)
        if not _agrees(form, project, version):
            raise bad("the file is not what its form says")
        name = f"upload {project}"
        now = self.mirror.clock()
        if not self.mirror.leases.take(name, self.mirror.holder, moment=now, until=now + _LEASE):
            raise _later("somebody else is uploading to this project")
        try:
            record, is_new = self._taken(form, place, project, version)
            if is_new and record.state is State.ADMITTED:
                self._note(record, uploader)
            return record
        finally:
            self.mirror.leases.release(name, self.mirror.holder)

    def _taken(
        self, form: Form, place: Path, project: NormalizedName, version: Version
    ) -> tuple[FileRecord, bool]:
        """Return what became of it, and whether it was not there before."""
        self._check_owner(project)
        filename, sha256 = form.filename or "", form.sha256
        for key, record in self.mirror.files.of_project(project).items():
            if key.filename == filename and record.listed.origin == PRIVATE and record.held:
                if key.sha256 != sha256:
                    raise RefusedError(
                        f"{filename} is there already, and has other bytes",
                        status=409,
                        hint="a release never changes: upload another version",
                    )
                return record, False
        admission = self.judge.admission(_OWN)
        document = None
        if sent := form.fields.get("attestations"):
            document = provenance_of(admission, sent, filename=filename, sha256=sha256)
        admission.quarantine.receive(filename, _chunks(place), limit=form.size)
        entry = PageFile(
            filename=filename,
            url="",
            hashes={"sha256": sha256},
            size=form.size,
            upload_time=self.mirror.clock(),
            requires_python=form.fields.get("requires_python") or None,
        )
        found = Found(_OWN, entry, file_of(entry, project, version), document)
        record = self.intake.judged(found)
        if record.state is not State.ADMITTED:
            return record, True
        if not self.owners.claim(project):
            raise _taken_by_another(project)
        return self.intake.accept(record), True

    def _note(self, record: FileRecord, uploader: str) -> None:
        listed = record.listed
        with self.mirror.database.begin() as connection:
            audit.write(
                connection,
                Act(uploader, self.mirror.clock()),
                "upload",
                f"{listed.project} {listed.version}",
                filename=listed.key.filename,
                sha256=listed.key.sha256,
            )

    def _check_owner(self, project: NormalizedName) -> None:
        match self.owners.of(project):
            case Index(url=url) if url != PRIVATE:
                raise _taken_by_another(project)
            case Unknown(reason):
                raise _later(f"it is not known whose {project} is: {reason}")
            case Absent() if self.judge.named(project) is not None:
                raise _taken_by_another(project)


def _named(form: Form) -> tuple[NormalizedName, Version]:
    fields, filename = form.fields, form.filename or ""
    ending = _KINDS.get(fields.get("filetype", ""))
    if fields.get(":action") != "file_upload" or ending is None:
        raise bad("it is neither a wheel nor a source distribution")
    project = canonicalize_name(fields.get("name", ""))
    version = version_of(filename, project) if filename.endswith(ending) else None
    if version is None or not filename.isascii() or not filename.isprintable():
        raise bad("the name of its file is not that of its project")
    return project, version


def _agrees(form: Form, project: NormalizedName, version: Version) -> bool:
    """Tell whether the form and its file say the same."""
    try:
        SpecifierSet(form.fields.get("requires_python", ""))
        same = Version(form.fields.get("version", "")) == version
    except (InvalidSpecifier, ValueError):
        return False
    digest = form.fields.get("sha256_digest", form.sha256).lower()
    told = hmac.compare_digest(digest.encode(), form.sha256.encode())
    return same and told and form.size > 0 and bool(project)


def _chunks(place: Path) -> Iterator[bytes]:
    with place.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _taken_by_another(project: NormalizedName) -> RefusedError:
    return RefusedError(
        f"{project} cannot be uploaded here",
        status=403,
        reason="an upstream has a project of that name",
        hint="choose another name, or give the name to nobody else in the policy",
    )


def _later(reason: str) -> RefusedError:
    return RefusedError("this cannot be uploaded now", status=503, reason=reason, retry_after=5)
