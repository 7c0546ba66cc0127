"""`guard rule`."""

from __future__ import annotations

import argparse
import difflib
import sys

from guard.cli.exit import ExitCode
from guard.errors import UsageError
from guard.model import RuleId
from guard.rules import CATALOGUE
from guard.rules._page import page, summary


def run(arguments: argparse.Namespace) -> int:
    """Print the page of one rule, or the list of all."""
    if arguments.id is None:
        width = max(map(len, CATALOGUE))
        for id_, rule in CATALOGUE.items():
            sys.stdout.write(f"{id_:{width}}  {summary(rule)}\n")
        return ExitCode.OK
    found = CATALOGUE.get(RuleId(arguments.id))
    if found is None:
        close = difflib.get_close_matches(arguments.id, CATALOGUE, n=1)
        raise UsageError(
            f"there is no rule `{arguments.id}`",
            hint=f"did you mean `{close[0]}`?" if close else "`guard rule` lists them",
        )
    sys.stdout.write(page(found))
    return ExitCode.OK
