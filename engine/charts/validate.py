"""The checks of a chart: what is wrong with a drawing that can be read.

Rules of this file:

1. The codes are stable: clients compare them.
2. Errors are what makes an object unusable: it cannot be named or has no price. Warnings are
   what makes a chart poorer: best available without a focal point, a floor without seats,
   a category that mixes seats and areas.
3. A finding names every object concerned, not the first.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from engine.charts.drawing import Drawing
from engine.charts.placement import Candidate, Placed, candidates, known_categories, place
from schemas.inventory import ObjectKind


class Flaw(StrEnum):
    """The checks, by their codes."""

    DUPLICATE_LABELS = "VALIDATE_DUPLICATE_LABELS"
    OBJECTS_WITHOUT_CATEGORIES = "VALIDATE_OBJECTS_WITHOUT_CATEGORIES"
    UNLABELED_OBJECTS = "VALIDATE_UNLABELED_OBJECTS"
    FOCAL_POINT = "VALIDATE_FOCAL_POINT"
    OBJECT_TYPES_PER_CATEGORY = "VALIDATE_OBJECT_TYPES_PER_CATEGORY"
    EMPTY_FLOOR = "VALIDATE_EMPTY_FLOOR"


class Concerned(msgspec.Struct, frozen=True):
    """One thing that a finding is about."""

    label: str
    """Of the object (`?` for what is missing), category or floor."""
    path: str
    """Where it stands in the drawing."""


class Finding(msgspec.Struct, frozen=True):
    """A check that the drawing fails, with everything that fails it."""

    code: Flaw
    objects: list[Concerned]


class Validation(msgspec.Struct, frozen=True):
    """The outcome of all checks."""

    errors: list[Finding]
    warnings: list[Finding]


def validate(drawing: Drawing) -> Validation:
    """Run all checks, each over the whole drawing."""
    known = known_categories(drawing)
    objects = [found for placed in place(drawing) for found in candidates(placed, known)]
    blocks = list({found.placed.path: found.placed for found in objects}.values())
    return Validation(
        errors=_findings(
            (Flaw.DUPLICATE_LABELS, _duplicates(objects)),
            (Flaw.OBJECTS_WITHOUT_CATEGORIES, _without_category(objects)),
            (Flaw.UNLABELED_OBJECTS, _unlabeled(objects)),
        ),
        warnings=_findings(
            (Flaw.FOCAL_POINT, _without_focal_point(drawing, blocks)),
            (Flaw.OBJECT_TYPES_PER_CATEGORY, _mixed_categories(drawing, objects)),
            (Flaw.EMPTY_FLOOR, _empty_floors(drawing, blocks)),
        ),
    )


def _findings(*checks: tuple[Flaw, Iterable[Concerned]]) -> list[Finding]:
    found = [Finding(code, list(objects)) for code, objects in checks]
    return [finding for finding in found if finding.objects]


def _concerned(candidate: Candidate) -> Concerned:
    return Concerned(candidate.shown, candidate.path)


def _duplicates(objects: list[Candidate]) -> Iterator[Concerned]:
    """Name every bearer of a label that has several, the first one too."""
    first: dict[str, Candidate] = {}
    told: set[str] = set()
    for candidate in objects:
        if candidate.label is None:
            continue
        bearer = first.setdefault(candidate.label, candidate)
        if bearer is candidate:
            continue
        if candidate.label not in told:
            told.add(candidate.label)
            yield _concerned(bearer)
        yield _concerned(candidate)


def _without_category(objects: list[Candidate]) -> Iterator[Concerned]:
    return (_concerned(candidate) for candidate in objects if candidate.category is None)


def _unlabeled(objects: list[Candidate]) -> Iterator[Concerned]:
    return (_concerned(candidate) for candidate in objects if candidate.label is None)


def _without_focal_point(drawing: Drawing, blocks: list[Placed]) -> Iterator[Concerned]:
    """Name the parts of the chart whose objects have no point to be near to.

    An empty chart needs none; a section in a zone with a focal point has that one.
    """
    zones = () if drawing.zones is None else drawing.zones.list
    lit = {zone.key for zone in zones if zone.focal_point is not None}
    missing: dict[str, Concerned] = {}
    for placed in blocks:
        floor = _floor_path(placed)
        if _has_focal_point(drawing, placed.floor) or _zone(placed) in lit:
            continue
        missing.setdefault(floor, Concerned("focal point", f"{floor}.focalPoint"))
    yield from missing.values()


def _floor_path(placed: Placed) -> str:
    return "subChart" if placed.floor is None else f"subChartFloors[{placed.floor}]"


def _has_focal_point(drawing: Drawing, floor: int | None) -> bool:
    if floor is not None and drawing.sub_chart_floors:
        return drawing.sub_chart_floors[floor].focal_point is not None
    return drawing.sub_chart is not None and drawing.sub_chart.focal_point is not None


def _zone(placed: Placed) -> str | None:
    return None if placed.section is None else placed.section.zone


def _mixed_categories(drawing: Drawing, objects: list[Candidate]) -> Iterator[Concerned]:
    kinds: dict[str, set[ObjectKind]] = {}
    for candidate in objects:
        if candidate.category is not None:
            kinds.setdefault(candidate.category, set()).add(candidate.kind)
    entries = () if drawing.categories is None else drawing.categories.list
    for index, category in enumerate(entries):
        found = kinds.get(str(category.key), set())
        # A table and its seats share their category by nature.
        if len(found - {"table"} if "seat" in found else found) > 1:
            yield Concerned(category.label, f"categories.list[{index}]")


def _empty_floors(drawing: Drawing, blocks: list[Placed]) -> Iterator[Concerned]:
    used = {placed.floor for placed in blocks}
    for index, floor in enumerate(drawing.sub_chart_floors or ()):
        if index not in used:
            label = floor.floor_display_name or floor.floor_name or str(index)
            yield Concerned(label, f"subChartFloors[{index}]")
