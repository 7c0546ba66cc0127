"""`guard mirror build`."""

from __future__ import annotations

import argparse
import sys

from guard.cli.exit import ExitCode
from guard.cli.mirror_parts import opened, settings_of
from guard.mirror.server.app import Parts
from guard.mirror.static.build import build
from guard.mirror.static.selection import Selection, approved, everything, locked
from guard.mirror.static.tree import open_tree
from guard.report.text import plain


def run(arguments: argparse.Namespace) -> int:
    """Write a static mirror; nothing is written where a file that was named is not admitted."""
    with opened(settings_of(arguments)) as own:
        selection = selected(own, arguments)
        if selection.refused and (arguments.lock or arguments.approved):
            return refused(selection)
        built = build(own, selection.records, open_tree(arguments.tree))
    if not arguments.quiet:
        sys.stderr.write(
            f"{built.files} files of {built.projects} projects in `{plain(arguments.tree)}`: "
            f"{built.written} written, {built.removed} removed\n"
        )
    return ExitCode.OK


def selected(own: Parts, arguments: argparse.Namespace) -> Selection:
    """Return the files that the command line names."""
    if arguments.lock:
        return locked(own, arguments.lock)
    return approved(own) if arguments.approved else everything(own)


def refused(selection: Selection) -> int:
    """Say which files are not admitted, and return the exit code for that."""
    for item in selection.refused:
        what = "undecided" if item.undecided else "denied"
        sys.stderr.write(f"{what}: {plain(item.filename)}: {plain(item.reason)}\n")
    sys.stderr.write(f"{len(selection.refused)} files are not admitted; nothing was written\n")
    undecided = all(item.undecided for item in selection.refused)
    return ExitCode.UNDECIDED if undecided else ExitCode.DENIED
