"""A project page in HTML (PEP 503)."""

from __future__ import annotations

from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from packaging.utils import NormalizedName

from guard.simple import fields
from guard.simple.page import PageError, PageFile, ProjectPage, version_of

_Attributes = dict[str, str | None]


class HtmlPage(ProjectPage):
    """A PEP 503 page: it has no upload times and no sizes."""

    def __init__(self, body: bytes, *, url: str, project: NormalizedName) -> None:
        reader = _Reader()
        try:
            reader.feed(body.decode("utf-8"))
            reader.close()
        except (ValueError, AssertionError) as error:  # html.parser asserts on bad markup
            raise PageError(f"not an HTML page: {error}") from None
        fields.api_version(reader.meta.get("pypi:repository-version"))
        self.name = project
        self.status = fields.status(
            reader.meta.get("pypi:project-status"), reader.meta.get("pypi:project-status-reason")
        )
        self._url = url
        self._base = _base(url, reader.base)
        named = [(_filename(anchor, self._base), anchor) for anchor in reader.anchors]
        # Folder listings have anchors that are no files of the project ("../").
        kept = [(name, anchor) for name, anchor in named if version_of(name, project)]
        self.filenames = tuple(name for name, _ in kept)
        self._anchors = tuple(anchor for _, anchor in kept)

    @property
    def first_upload(self) -> datetime | None:
        """Never known: HTML has no upload times (PEP 700)."""
        return None

    @property
    def attested(self) -> tuple[str, ...]:
        """The names of the files with a provenance URL."""
        pairs = zip(self.filenames, self._anchors, strict=True)
        return tuple(name for name, anchor in pairs if anchor.get("data-provenance"))

    def _entry(self, position: int) -> PageFile:
        return _file(self._anchors[position], base=self._base, page=self._url)


class _Reader(HTMLParser):
    """Collects anchors, the base and the meta tags; text does not matter."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[_Attributes] = []
        self.base: str | None = None
        self.meta: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta":
            name, content = attributes.get("name"), attributes.get("content")
            if name and content is not None:
                self.meta.setdefault(name.lower(), content)


def _base(url: str, given: str | None) -> str:
    try:
        return urljoin(url, given) if given else url
    except ValueError:
        raise PageError("its base is not a URL") from None


def _filename(attributes: _Attributes, base: str) -> str:
    """PEP-503: the text of the anchor must match the final path component of the href."""
    try:
        path = urlsplit(urljoin(base, attributes["href"] or "")).path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2])


def _file(attributes: _Attributes, *, base: str, page: str) -> PageFile:
    url, filename, hashes = fields.link(attributes["href"] or "", base=base, page=page)
    provenance = attributes.get("data-provenance")
    # PEP-592: the attribute's mere presence means yanked; its value is the reason.
    yanked = (attributes["data-yanked"] or "") if "data-yanked" in attributes else None
    return PageFile(
        filename=filename,
        url=url,
        hashes=hashes,
        yanked=yanked,
        requires_python=attributes.get("data-requires-python"),
        provenance=fields.address(provenance, base=base, page=page) if provenance else None,
        core_metadata=_core_metadata(attributes),
    )


def _core_metadata(attributes: _Attributes) -> str | None:
    """PEP-714: the new name comes first; the value is `<hashname>=<hashvalue>` or `true`."""
    for name in ("data-core-metadata", "data-dist-info-metadata"):
        if name in attributes:
            given = attributes[name] or ""
            if given.lower() == "false":
                return None
            algorithm, equals, digest = given.partition("=")
            return fields.hashes({algorithm: digest} if equals else {}).get("sha256", "")
    return None
