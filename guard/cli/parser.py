"""The words of the command line: pip's and uv's names for what pip and uv have too."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import guard

_FORMATS = ("text", "json", "sarif", "github")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what a command line says. Exits with 2, and the reason, when it says nothing sensible.

    Requirements may stand on both sides of options, as for pip and uv: argparse alone takes the
    first run of them and leaves the rest.
    """
    top = parser()
    arguments, rest = top.parse_known_args(argv)
    if rest and ("requirement" not in arguments or any(word.startswith("-") for word in rest)):
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.requirement += rest
    return arguments


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command. Imports nothing that a command needs."""
    top = argparse.ArgumentParser(
        prog="guard",
        description="Judges every artifact of an install before pip or uv may have it.",
        epilog="Exit codes: 0 admitted · 2 usage · 69 undecided · 70 guard failed · 77 denied · "
        "78 bad policy · any other: the installer's own.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"guard {guard.__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _install(commands.add_parser("install", help="judge, then install", allow_abbrev=False))
    _download(
        commands.add_parser("download", help="judge, then keep the files", allow_abbrev=False)
    )
    _check(commands.add_parser("check", help="judge, and install nothing", allow_abbrev=False))
    _lock(commands.add_parser("lock", help="judge, and write a pylock.toml", allow_abbrev=False))
    _verify(
        commands.add_parser(
            "verify", help="a local file against its attestations", allow_abbrev=False
        )
    )
    _inspect(
        commands.add_parser(
            "inspect", help="what is inside, and what the attestations say", allow_abbrev=False
        )
    )
    _approve(
        commands.add_parser("approve", help="judge, and allow from now on", allow_abbrev=False)
    )
    _revoke(commands.add_parser("revoke", help="allow no more", allow_abbrev=False))
    _approvals(
        commands.add_parser("approvals", help="list or compare approvals", allow_abbrev=False)
    )
    _rule(commands.add_parser("rule", help="explain a rule, or list them", allow_abbrev=False))
    _policy(commands.add_parser("policy", help="show or check a policy", allow_abbrev=False))
    _quarantine(
        commands.add_parser("quarantine", help="list, show or purge files", allow_abbrev=False)
    )
    _feed(commands.add_parser("feed", help="fetch, import or show advisories", allow_abbrev=False))
    _doctor(
        commands.add_parser(
            "doctor", help="what is configured, reachable, and how old", allow_abbrev=False
        )
    )
    return top


def _install(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Judge everything that would be installed, and install it if all is admitted."
    )
    command.set_defaults(module="install")
    _requirements(command)
    _selection(command)
    _indexes(command)
    _target(command)
    where = command.add_argument_group("installing")
    where.add_argument("-t", "--target", type=Path, metavar="DIR", help="install into DIR")
    where.add_argument("--prefix", type=Path, metavar="DIR", help="install under DIR")
    where.add_argument(
        "--break-system-packages", action="store_true", help="allow an externally managed Python"
    )
    where.add_argument("--reinstall", "--force-reinstall", action="store_true", dest="reinstall")
    where.add_argument("--dry-run", action="store_true", help="judge, but do not install")
    where.add_argument("--report", type=Path, metavar="FILE", help="write pip's JSON report")
    _judging(command)


def _download(command: argparse.ArgumentParser) -> None:
    command.description = "Judge everything that would be installed, and copy it into a folder."
    command.set_defaults(module="download")
    _requirements(command)
    command.add_argument(
        "-d", "--dest", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )
    _selection(command)
    _indexes(command)
    _target(command)
    _judging(command)


def _check(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Judge requirements, requirements files, lock files or local wheels; install nothing."
    )
    command.set_defaults(module="check")
    _requirements(command)
    _selection(command)
    _indexes(command)
    _target(command)
    _judging(command)


def _lock(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Judge everything that would be installed, and write it as a PEP 751 lock."
    )
    command.set_defaults(module="lock")
    _requirements(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("pylock.toml"),
        metavar="FILE",
        help="default: pylock.toml",
    )
    _selection(command)
    _indexes(command)
    _target(command)
    _judging(command)


def _approve(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Judge what would be installed, show what is found and who published it, and write each "
        "file's digest into approvals.toml."
    )
    command.set_defaults(module="approve")
    _requirements(command)
    _selection(command)
    _indexes(command)
    _target(command)
    group = command.add_argument_group("approving")
    group.add_argument("--lock", type=Path, metavar="FILE", help="what a pylock.toml chooses")
    group.add_argument(
        "--environment", action="store_true", help="what is installed, as the index has it now"
    )
    group.add_argument("--reason", type=_line, metavar="TEXT", help="why")
    group.add_argument(
        "--approved-by", type=_line, metavar="WHO", help="default: the name of your account"
    )
    group.add_argument(
        "--expires",
        metavar="WHEN",
        help='a day (2027-03-01) or a duration ("90 days"); default: never, and 90 days with'
        " --accept",
    )
    group.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="RULE",
        help="set aside what this rule finds, in these files only",
    )
    group.add_argument(
        "--only-opened", action="store_true", help="leave out the wheels for other platforms"
    )
    group.add_argument("--renew", action="store_true", help="what is approved already, again")
    group.add_argument("-y", "--yes", action="store_true", help="do not ask; needs --reason")
    _judging(command)


def _line(text: str) -> str:
    """Return `text` if a person could have typed it as one line."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("expected one line of text")
    return text.strip()


def _revoke(command: argparse.ArgumentParser) -> None:
    command.description = "Take approvals out of approvals.toml."
    command.set_defaults(module="revoke")
    command.add_argument("requirement", nargs="+", metavar="NAME[VERSIONS]", help="litellm<1.83")
    _policy_option(command)


def _approvals(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="approvals")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="what is approved, until when", allow_abbrev=False)
    listed.add_argument(
        "--expiring", action="store_true", help="only what has expired, or will in 30 days"
    )
    compared = actions.add_parser("diff", help="what a change approves", allow_abbrev=False)
    compared.add_argument("old", type=Path, metavar="OLD", help="approvals before; - for stdin")
    compared.add_argument("new", nargs="?", type=Path, metavar="NEW", help="default: yours")
    for action in (listed, compared):
        _policy_option(action)
        action.add_argument("--output-format", choices=("text", "json"), default="text")


def _verify(command: argparse.ArgumentParser) -> None:
    command.description = "Verify a local wheel or sdist, and who published it. Uses no network."
    command.set_defaults(module="verify")
    _evidence(command)
    group = command.add_argument_group("expected publisher (anchored globs)")
    group.add_argument("--kind", choices=("GitHub", "GitLab", "Google", "CircleCI"))
    for claim in ("repository", "workflow", "ref", "environment", "trigger", "issuer", "identity"):
        group.add_argument(f"--{claim}", metavar="GLOB")


def _inspect(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print what is inside a local wheel or sdist, and what its attestations say; or what those "
        "of a file say that an index lists, by its URL. `guard check` judges."
    )
    command.set_defaults(module="inspect")
    _evidence(command)
    _policy_option(command)
    _target(command)
    _indexes(command)


def _evidence(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="a wheel or an sdist")
    command.add_argument("--provenance", metavar="FILE", help="a PEP 740 object or attestation")
    command.add_argument("--bundle", metavar="FILE", help="a Sigstore bundle")
    command.add_argument(
        "--trust-root", metavar="FILE", help="another Sigstore than the public one"
    )
    command.add_argument("--output-format", choices=("text", "json"), default="text")


def _requirements(command: argparse.ArgumentParser) -> None:
    command.add_argument("requirement", nargs="*", metavar="REQUIREMENT", help="as for pip and uv")
    command.add_argument(
        "-r",
        "--requirement",
        "--requirements",
        dest="requirement_files",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a requirements file, a pyproject.toml or a pylock.toml",
    )
    command.add_argument(
        "-c",
        "--constraint",
        "--constraints",
        dest="constraint_files",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
    )
    command.add_argument("-e", "--editable", action="append", default=[], metavar="PATH")


def _selection(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("choosing releases")
    group.add_argument("-U", "--upgrade", action="store_true")
    group.add_argument("-P", "--upgrade-package", action="append", default=[], metavar="NAME")
    group.add_argument("--pre", action="store_true", help="pre-releases too")
    group.add_argument("--no-deps", action="store_true")
    group.add_argument("--require-hashes", action="store_true")
    group.add_argument(
        "--only-binary", action="append", default=[], metavar="NAMES", help="always the case"
    )
    group.add_argument("--no-binary", action="append", default=[], metavar="NAMES", help="refused")
    group.add_argument(
        "--uploaded-prior-to",
        "--exclude-newer",
        metavar="WHEN",
        help='a moment (RFC 3339) or an age ("7 days", P7D)',
    )


def _indexes(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("indexes")
    group.add_argument("-i", "--index-url", "--default-index", dest="index_url", metavar="URL")
    group.add_argument("--extra-index-url", "--index", action="append", default=[], metavar="URL")
    group.add_argument("-f", "--find-links", action="append", default=[], metavar="URL")
    group.add_argument("--no-index", action="store_true")
    group.add_argument("--offline", action="store_true", help="only what is cached")
    group.add_argument(
        "--refresh",
        "--no-cache",
        "--no-cache-dir",
        action="store_true",
        help="ask again for what is cached",
    )


def _target(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("target")
    group.add_argument("-p", "--python", metavar="PYTHON", help="interpreter, version or folder")
    group.add_argument("--system", action="store_true", help="the system's Python")
    group.add_argument("--installer", choices=("uv", "pip"), default="uv")


def _judging(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("judging")
    _policy_option(group)
    group.add_argument("--output-format", choices=_FORMATS, default="text")
    group.add_argument("-q", "--quiet", action="store_true", help="findings only")


def _policy_option(command: argparse._ActionsContainer) -> None:
    command.add_argument(
        "--policy",
        metavar="NAME|FILE",
        help="observe, default, strict, or a file, instead of your own and the project's"
        " (default: GUARD_POLICY)",
    )
    command.add_argument(
        "--approvals", type=Path, metavar="FILE", help="approvals besides those of your policies"
    )


def _rule(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="rule")
    command.add_argument("id", nargs="?", metavar="ID")


def _policy(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="policy")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the effective policy", allow_abbrev=False)
    _policy_option(show)
    check = actions.add_parser("check", help="is the file a policy?", allow_abbrev=False)
    check.add_argument("file", metavar="FILE")
    init = actions.add_parser("init", help="write a policy to begin with", allow_abbrev=False)
    init.add_argument("file", nargs="?", metavar="FILE", help="default: guard.toml")
    words = "let the project's policy loosen yours, as it is now"
    trusted = actions.add_parser("trust", help=words, allow_abbrev=False)
    trusted.add_argument("file", nargs="?", metavar="FILE", help="default: the project's")
    words = "let it do so no longer"
    distrusted = actions.add_parser("distrust", help=words, allow_abbrev=False)
    distrusted.add_argument("file", nargs="?", metavar="FILE", help="default: the project's")
    actions.add_parser("schema", help="the JSON Schema of a policy", allow_abbrev=False)


def _quarantine(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="quarantine")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="every file", allow_abbrev=False)
    show = actions.add_parser("show", help="one file", allow_abbrev=False)
    show.add_argument("sha256", metavar="SHA256", help="or its beginning")
    purge = actions.add_parser("purge", help="remove files", allow_abbrev=False)
    purge.add_argument("sha256", nargs="?", default="", metavar="SHA256", help="default: all")


def _feed(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="feed")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    update = actions.add_parser("update", help="fetch an export of advisories", allow_abbrev=False)
    update.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="a ZIP of OSV records (default: where the last one came from, else OSV.dev's)",
    )
    _digest(update)
    given = actions.add_parser("import", help="take an export from a file", allow_abbrev=False)
    given.add_argument("file", type=Path, metavar="FILE", help="a ZIP of OSV records")
    _digest(given)
    status = actions.add_parser("status", help="what is here, and how old", allow_abbrev=False)
    status.add_argument("--output-format", choices=("text", "json"), default="text")


def _digest(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sha256", metavar="SHA256", help="take no other file than this one")


def _doctor(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="doctor")
    _policy_option(command)
    _target(command)
    _indexes(command)
    command.add_argument(
        "--refresh-trust-root",
        action="store_true",
        help="fetch the newest public Sigstore root over TUF",
    )
    command.add_argument("--output-format", choices=("text", "json"), default="text")
