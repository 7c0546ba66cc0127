"""What a wheel puts where it has an effect of its own: commands, startup hooks, native code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guard.artifact import native, startup
from guard.artifact.content import (
    Binary,
    BinaryFormat,
    Command,
    CommandSource,
    HookKind,
    Landing,
    StartupHook,
)
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.gather import Gathered
from guard.artifact.layout import Layout
from guard.artifact.place import Place, Scheme
from guard.artifact.shape import Shape


def landing(layout: Layout) -> Landing:
    """Return the paths of every scheme, in order."""
    paths: dict[Scheme, list[str]] = {scheme: [] for scheme in Scheme}
    for place in layout.places.values():
        paths[place.scheme].append(place.path)
    return Landing(**{scheme.value: tuple(sorted(found)) for scheme, found in paths.items()})


def misplaced(shape: Shape, layout: Layout) -> Iterator[Defect]:
    """Yield what would land where a wheel has nothing to put, or in two places, or in none."""
    for name in layout.homeless:
        yield shape.defect(DefectKind.UNSAFE_PATH, "no scheme of a .data folder", name)
    for first, second in layout.collisions:
        yield shape.defect(DefectKind.UNSAFE_PATH, f"would land where {first!r} does", second)
    infos: dict[str, bool] = {}
    for name, place in layout.places.items():
        if place.is_environments_own:
            message = f"would land among the environment's own files, at {place.path!r}"
            yield shape.defect(DefectKind.UNSAFE_PATH, message, name)
        folder = (place.site_path or "").partition("/")[0]
        if folder not in infos:
            infos[folder] = folder.casefold().endswith((".dist-info", ".egg-info"))
        if infos[folder] and folder != name.split("/")[0]:
            message = f"would be the metadata of another distribution, at {folder!r}"
            yield shape.defect(DefectKind.METADATA_MISMATCH, message, name)


def commands(shape: Shape, layout: Layout) -> Iterator[Command]:
    """Yield the commands that are files of the wheel."""
    for name, place in layout.places.items():
        if (command := place.command) is not None:
            source = CommandSource.SCRIPT if place.scheme is Scheme.SCRIPTS else CommandSource.DATA
            yield Command(name=command, source=source, member=name, offset=shape.files[name].offset)


def hooks(shape: Shape, layout: Layout, gathered: Gathered) -> Iterator[StartupHook]:
    """Yield all that `site` would run, or put on the path, because the wheel is installed."""
    own: dict[bool, dict[str, bool]] = {}
    for name, place in layout.places.items():
        site_path = place.site_path
        if site_path is None:
            continue
        offset = shape.files[name].offset
        if startup.runs_at_start(site_path):
            read = gathered.read.get(name)
            yield StartupHook(
                kind=HookKind.MODULE,
                text=place.path,
                sha256=read.sha256 if read else "",
                member=name,
                offset=offset,
            )
        elif is_startup_file(place) and name in gathered.texts:
            in_data = not place.in_site
            if in_data not in own:
                own[in_data] = startup.owned(_paths(layout.places, in_data=in_data))
            for line in startup.lines(site_path, gathered.texts[name], own[in_data]):
                yield StartupHook(
                    kind=line.kind,
                    text=line.text,
                    sha256=line.sha256,
                    line=line.number,
                    member=name,
                    offset=offset,
                )


def is_startup_file(place: Place) -> bool:
    """Tell whether `site` would read the file: a `.pth` or `.start` right in a site folder."""
    path = place.site_path
    return path is not None and "/" not in path and path.casefold().endswith(startup.SUFFIXES)


def binaries(shape: Shape, gathered: Gathered) -> Iterator[Binary]:
    """Yield native code and compiled Python, with what makes it unexpected."""
    for name, found in gathered.formats.items():
        member, sha256 = shape.files[name], gathered.read[name].sha256
        if found is BinaryFormat.BYTECODE:
            reason = native.bytecode(name, gathered.heads[name], shape.files)
        else:
            reason = native.undeclared(name, any_platform=shape.any_platform)
        yield Binary(
            format=found, sha256=sha256, undeclared=reason, member=name, offset=member.offset
        )


def _paths(places: Mapping[str, Place], *, in_data: bool) -> Iterator[str]:
    for place in places.values():
        path = place.site_path
        if path is not None and in_data is not place.in_site:
            yield path
