"""What the text of a member may show that a program can do: one file of YARA rules for each.

The comment at the top of such a file is the documentation of the capability. A rule file is also
what the page in `docs/capabilities` is made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

_COMMENT: Final = re.compile(r"/\*\n(.*?)\n\*/", re.DOTALL)
_SAID: Final = re.compile(r'^    (id|summary) = "([^"]*)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Capability:
    """What one file of rules is about."""

    id: str
    summary: str
    """What such a program does, without its subject: `Runs code that it decodes first`."""

    text: str
    """Markdown: what it is, why it matters, where it is honest."""

    file: str


@cache
def sources() -> dict[str, str]:
    """Return the text of every shipped rule file by its name, in order."""
    files = (f for f in resources.files(__name__).iterdir() if f.name.endswith(".yar"))
    return {f.name: f.read_text("utf-8") for f in sorted(files, key=lambda file: file.name)}


@cache
def capabilities() -> dict[str, Capability]:
    """Return the capabilities by their id, in order."""
    found = (_capability(name, text) for name, text in sources().items())
    return {capability.id: capability for capability in found}


def page(capability: Capability) -> str:
    """Return the Markdown page of a capability."""
    return (
        f"# `{capability.id}`\n\n{capability.summary}.\n\n{capability.text}\n\n"
        f"The rules: `guard/artifact/capabilities/{capability.file}`.\n"
    )


def index() -> str:
    """Return the Markdown page that lists the capabilities."""
    lines = [f"* [`{c.id}`]({c.id}.md): {c.summary}\n" for c in capabilities().values()]
    return f"# Capabilities\n\n{_INTRODUCTION}\n\n" + "".join(lines)


def _capability(file: str, text: str) -> Capability:
    comment, said = _COMMENT.match(text), dict(reversed(_SAID.findall(text)))
    return Capability(
        id=said["id"],
        summary=said["summary"],
        text=comment[1] if comment is not None else "",
        file=file,
    )


_INTRODUCTION: Final = """\
What the text of a file shows that a program can do. One alone says little: honest code does each
of these things somewhere. [`suspicious-code`](../rules/suspicious-code.md) warns of those that are
rare, [`suspicious-change`](../rules/suspicious-change.md) compares a release with an earlier one.

Every text is matched with YARA rules. Where these say that a Python source may matter, it is parsed
as well, and names are followed through imports, assignments, constant expressions and the functions
and classes of the same file. What is put together from data at run time is not seen, nor what one
file of a package does by way of another.

Rules of your own are `.yar` files in the folders that `rules.suspicious-code.rules` names. The `id`
in the `meta` of a rule, or else its name, is the capability that it shows. A rule may ask for
`kind`: `python` (also the lines of a `.pth` file that are run), `script`, `javascript`, `media`
(pictures, sounds, fonts, archives) or `text`. If it does not, it is matched with all of them."""
