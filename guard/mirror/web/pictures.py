"""Pictures as SVG, each with its words beside it: no script, no style of its own, no colour alone.

They are part of the page; what they look like is in the style sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from guard.mirror.web.facts import Overview, Share

_WIDTH: Final = 360
_ROW: Final = 26
_LABEL: Final = 118
_VALUE: Final = 64
_ROOM: Final = _WIDTH - _LABEL - _VALUE


def attested(overview: Overview) -> Markup:
    """Return the attested share of what is served: one bar."""
    share = overview.attested
    words = (
        f"{share.percent} % of the served files are attested: {share.part} of {share.whole}."
        if share.whole
        else "Nothing is served yet."
    )
    return _bars("attested", "Attested share", words, [("attested", _of(share), share)])


def trend(overview: Overview) -> Markup:
    """Return the attested share by the quarter of the upload: one bar for each."""
    rows = [(label, _of(share), share) for label, share in overview.trend]
    told = [f"{label}: {share.percent} %" for label, share in overview.trend if share.whole]
    words = "; ".join(told) or "Nothing is served that was uploaded in the last two years."
    return _bars("trend", "Attested share by quarter of upload", words, rows)


def ages(overview: Overview) -> Markup:
    """Return how old the served files are."""
    return _counts("ages", "Age of what is served", overview.ages, "Nothing is served yet.")


def advisories(overview: Overview) -> Markup:
    """Return the served projects of which an advisory speaks."""
    nothing = "No advisory speaks of anything that is served."
    return _counts("advisories", "Open advisories", overview.advisories, nothing)


def _counts(name: str, title: str, counted: Sequence[tuple[str, int]], nothing: str) -> Markup:
    most = max((number for _, number in counted), default=0)
    rows = [(label, str(number), Share(number, most)) for label, number in counted]
    told = [f"{label}: {number}" for label, number in counted]
    return _bars(name, title, "; ".join(told) if most else nothing, rows if most else [])


def _of(share: Share) -> str:
    return f"{share.percent} %" if share.whole else "none"


def _bars(name: str, title: str, words: str, rows: Sequence[tuple[str, str, Share]]) -> Markup:
    """Return bars with their labels; the title and the words are what a screen reader says."""
    height = max(1, len(rows)) * _ROW
    parts = [
        Markup(
            '<svg class="bars" role="img" viewBox="0 0 {} {}" aria-labelledby="{}-title {}-words">'
        ).format(_WIDTH, height, name, name),
        Markup('<title id="{}-title">{}</title>').format(name, title),
        Markup('<desc id="{}-words">{}</desc>').format(name, words),
    ]
    parts += [_row(number, *row) for number, row in enumerate(rows)]
    if not rows:
        parts.append(Markup('<text class="label" x="0" y="17">none</text>'))
    return Markup("").join([*parts, Markup("</svg>")])


def _row(number: int, label: str, value: str, share: Share) -> Markup:
    top = number * _ROW
    long = round(_ROOM * share.part / share.whole, 1) if share.whole else 0
    shown = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
    return Markup(
        '<text class="label" x="0" y="{y}">{label}</text>'
        '<rect class="rest" x="{x}" y="{top}" width="{room}" height="16" rx="3"/>'
        '<rect class="part" x="{x}" y="{top}" width="{long}" height="16" rx="3"/>'
        '<text class="value" x="{end}" y="{y}">{value}</text>'
    ).format(
        y=top + 17,
        label=escape(shown),
        x=_LABEL,
        top=top + 5,
        room=_ROOM,
        long=long,
        end=_LABEL + _ROOM + 8,
        value=value,
    )


_LETTERS: Final = 17
