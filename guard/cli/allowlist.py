"""Which approvals file a command is about, and how it is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from guard.cli.session import state_folder, trust
from guard.errors import UsageError
from guard.policy.approvals_file import ApprovalsFile
from guard.policy.layers import Files, approvals_file, beside, is_trusted, project_files


def destination(files: Files) -> Path:
    """Return the file that approvals are written to, and taken out of."""
    path = approvals_file(files)
    if path is None:
        raise UsageError(
            f"the preset {files.named!r} has no approvals of its own",
            hint="name the file with `--approvals`, or a policy that extends the preset",
        )
    return path


def change(path: Path, edit: Callable[[str], str]) -> None:
    """Change the approvals at `path`; a project that is trusted stays so, for it was us.

    What somebody else changed since it was trusted is not trusted with that. Raises `PolicyError`.
    """
    file = ApprovalsFile(path, state_folder() / "locks")
    ours = [policy for policy in project_files(Path.cwd()) if beside(policy) == path]
    with file.held():
        known = trust().entries()
        trusted = [policy for policy in ours if is_trusted(policy, known)]
        file.change(edit)
        for policy in trusted:
            trust().add(policy)
