"""Maps of school zones before and after: colours tell zones apart, and mean nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import east_asian_width

import numpy as np
from matplotlib.figure import Figure

from segregation_tools.population.grid import Grid
from segregation_tools.views.maps import NOBODY, aspect
from segregation_tools.views.parts import DPI, png

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geopandas import GeoSeries
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Box = tuple[float, float, float, float]  # left, top, right, bottom

__all__ = ["BORDER", "INK", "Mark", "ZoneMaps", "fills", "placed", "told_apart", "zone_key"]

# Paul Tol's light scheme: fills that can be told apart by everyone and leave what is written on them legible.
FILLS = ("#77aadd", "#eedd88", "#ffaabb", "#44bb99", "#ee8866", "#bbcc33", "#99ddff", "#aaaa00")
INK = "#1c1c1c"
BORDER = "#6b6b6b"
WIDTH = 900  # pixels
TALLEST, FLATTEST = 1.25, 0.5  # height over width
MARGIN = 0.03
APART = 1 / 300  # of the map's width: zones that lie nearer are neighbours to the eye
LETTER = 22.0  # pixels
DOT = 8.0


def told_apart(touching: NDArray[np.bool_], spread: int = 0) -> Codes:
    """Give neighbours different colours, and few colours in all.

    Parameters
    ----------
    touching : ndarray of bool, shape (zones, zones)
        Who is whose neighbour.
    spread : int
        Of so many colours, if there are any, those are preferred that the neighbours of neighbours do not have.

    Returns
    -------
    ndarray of int, shape (zones,)
        Colours, from 0.

    Notes
    -----
    The zone that sees the most colours takes one first, the lowest that it does not see.

    References
    ----------
    Brélaz, D. (1979), New methods to color the vertices of a graph, Communications of the ACM 22, 251–256.

    Examples
    --------
    >>> told_apart(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)).tolist()
    [1, 0, 1]
    """
    neighbours = [np.flatnonzero(row) for row in touching]
    beyond = touching.astype(np.int64) @ touching > 0
    seen: list[set[int]] = [set() for _ in neighbours]
    colours = np.full(len(neighbours), -1, dtype=np.intp)
    left = set(range(len(neighbours)))
    while left:
        at = max(left, key=lambda zone: (len(seen[zone]), len(neighbours[zone]), -zone))
        free = [colour for colour in range(spread) if colour not in seen[at]]
        free = free or [next(colour for colour in count() if colour not in seen[at])]
        colours[at] = min(free, key=lambda colour: np.count_nonzero(colours[beyond[at]] == colour))
        for other in neighbours[at]:
            seen[other].add(int(colours[at]))
        left.remove(at)
    return colours


class Mark(NamedTuple):
    """A school on a map.

    Attributes
    ----------
    name : str
        Its name.
    x, y : float
        Where it stands, in pixels from the upper left corner.
    box : tuple of float or None
        Left, top, right and bottom of its name; None where that has no room.
    """

    name: str
    x: float
    y: float
    box: Box | None

    @property
    def written_at(self) -> tuple[float, float]:
        """Where the name begins, in pixels: left end and baseline."""
        assert self.box is not None  # noqa: S101  # asked for only where there is room
        left, _, _, bottom = self.box
        return left, bottom - 0.25 * LETTER


def fills(schools: int, neighbours: Callable[[], NDArray[np.bool_]], *, spread: bool = False) -> list[str]:
    """Choose a fill for every school: its own where there are enough, else another than those of its neighbours.

    Parameters
    ----------
    schools : int
        How many.
    neighbours : callable
        Says whose zones touch, (schools, schools); asked only where that matters.
    spread : bool
        Whether all fills are used, so that zones that nearly touch differ as well.

    Returns
    -------
    list of str
        Colours.
    """
    chosen = np.arange(schools) if schools <= len(FILLS) else told_apart(neighbours(), len(FILLS) if spread else 0)
    return [FILLS[colour % len(FILLS)] for colour in chosen]


@dataclass(frozen=True, eq=False)
class ZoneMaps:
    """The two maps of a plan: one frame, one colour a school, and its name at one place.

    Attributes
    ----------
    plan : Plan
        What is drawn.
    shapes : GeoSeries
        Blocks, numbered from 0, mended for drawing; None where there is no geometry.
    zones : mapping of str to GeoSeries
        Areas of the zones by date, ``"today"`` and ``"plan"``, labelled by the position of the school.
    box : tuple of float
        West, south, east and north of the map.
    size : tuple of float
        Width and height, in pixels.
    """

    plan: Plan
    shapes: GeoSeries
    zones: Mapping[str, GeoSeries]
    box: Box
    size: tuple[float, float]

    @classmethod
    def of(cls, plan: Plan) -> ZoneMaps:
        """Prepare the maps of a plan whose blocks have a place.

        Parameters
        ----------
        plan : Plan
            See `can_be_drawn`.

        Returns
        -------
        ZoneMaps
        """
        place = plan.problem.pupils.geography
        shapes = place.cells() if isinstance(place, Grid) else place.geometry.reset_index(drop=True)
        there = ~(shapes.isna() | shapes.is_empty)
        stretch = aspect(shapes[there])
        flat = shapes[there].set_crs(None, allow_override=True).make_valid()  # on paper: degrees are drawn as they are
        zones = {date: _joined(flat, zone[there]) for date, zone in _dates(plan).items()}
        return cls(plan, flat.reindex(shapes.index), zones, *_frame(flat, stretch))

    def colours(self) -> list[str]:
        """Choose a fill for every school."""
        return fills(len(self.plan.problem.schools), self._neighbours)

    def _neighbours(self) -> NDArray[np.bool_]:
        schools = len(self.plan.problem.schools)
        touching = np.zeros((schools, schools), dtype=bool)
        west, _, east, _ = self.box
        for zones in self.zones.values():
            open_ones = zones[zones.index >= 0]
            areas = open_ones.where(open_ones.area > 0, open_ones.convex_hull)  # blocks may be points
            a, b = areas.sindex.query(areas, predicate="dwithin", distance=APART * (east - west))
            touching[areas.index[a], areas.index[b]] = True
        np.fill_diagonal(touching, val=False)
        return touching

    def svg(self, date: str, words: str) -> str:
        """Draw one of the maps.

        Parameters
        ----------
        date : {"today", "plan"}
            Which.
        words : str
            What is to be seen, for those who cannot see it.

        Returns
        -------
        str
            A picture of the zones under marks and names of schools, as SVG.
        """
        width, height = self.size
        picture = f'<image href="{png(self._picture(date))}" width="{width:g}" height="{height:g}"></image>'
        return (
            f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(words)}">'
            f"{picture}{self._marks(date)}</svg>"
        )

    def _picture(self, date: str) -> Figure:
        width, height = self.size
        figure = Figure(figsize=(width / DPI, height / DPI))
        self.paint(date, figure.add_axes((0, 0, 1, 1)))
        return figure

    @property
    def inches(self) -> float:
        """Width on the page."""
        return self.size[0] / DPI

    def paint(self, date: str, ax: Axes, scale: float = 1.0) -> None:
        """Draw the zones of a date, without schools and names.

        Parameters
        ----------
        date : {"today", "plan"}
            Which.
        ax : matplotlib.axes.Axes
            Where; its limits and its aspect become those of the map.
        scale : float
            Of lines and dots: how much wider the axes are than the map on the page.
        """
        width, height = self.size
        west, south, east, north = self.box
        ax.set_axis_off()
        look: dict[str, Any] = {"ax": ax, "aspect": None}
        zone, fills = _dates(self.plan)[date], np.array([*self.colours(), NOBODY])  # at −1, where a school closes
        there = self.shapes.notna().to_numpy()
        paint = {"color": fills[zone[there]], "edgecolor": "face", "linewidth": 0.3, "markersize": scale**2 * self._dot}
        self.shapes[there].plot(**paint, **look)
        _lines(self.zones[date], color=BORDER, linewidth=0.6 * scale, **look)
        if date == "plan":
            moving = there & (self.plan.zone != self.plan.problem.current)
            self._outlined(moving, scale, look)
        ax.set(xlim=(west, east), ylim=(south, north), aspect=height / width * (east - west) / (north - south))

    def _outlined(self, moving: NDArray[np.bool_], scale: float, look: Mapping[str, Any]) -> None:
        """Outline blocks that move; those that go the same way together."""
        if not moving.any():
            return
        way = self.plan.problem.current[moving] * len(self.plan.problem.schools) + self.plan.zone[moving]
        together = _joined(self.shapes[moving], way)
        _lines(together, color=INK, linewidth=1.4 * scale, **look)
        points = together[together.area == 0]
        if len(points):
            points.plot(facecolor="none", edgecolor=INK, linewidth=scale, markersize=scale**2 * self._dot, **look)

    @property
    def _dot(self) -> float:
        """Size of blocks that are points, in square points: a quarter of the map, if they were spread evenly."""
        width, height = self.size
        return float(width * height / len(self.shapes) / 4 * (72 / DPI) ** 2)

    def marks(self, date: str) -> list[Mark]:
        """Find where schools to which somebody goes stand, and where the name fits.

        Parameters
        ----------
        date : {"today", "plan"}
            Which.

        Returns
        -------
        list of Mark
        """
        schools, stands = self.plan.problem.schools, self.plan.problem.stands
        there = self.shapes.notna().to_numpy()
        known = [i for i in range(len(schools)) if stands[i] >= 0 and there[stands[i]]]
        dots = {i: self._pixel(stands[i]) for i in known}
        names = placed(dots, [str(school) for school in schools], self.size)
        zone = _dates(self.plan)[date]
        return [Mark(str(schools[i]), *dot, names.get(i)) for i, dot in dots.items() if i in zone]

    def _marks(self, date: str) -> str:
        """Mark schools, and name them where the name fits."""
        marks = []
        for mark in self.marks(date):
            name = escape(mark.name)
            marks.append(
                f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{DOT:g}" fill="{INK}" stroke="#fff" stroke-width="2">'
                f"<title>{name}</title></circle>"
            )
            if mark.box is not None:
                left, baseline = mark.written_at
                marks.append(
                    f'<text x="{left:.1f}" y="{baseline:.1f}" font-size="{LETTER:g}" fill="{INK}" '
                    f'stroke="#fff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">{name}</text>'
                )
        return "".join(marks)

    def _pixel(self, block: int) -> tuple[float, float]:
        west, south, east, north = self.box
        point = self.shapes.iloc[block].representative_point()
        width, height = self.size
        return (point.x - west) / (east - west) * width, (north - point.y) / (north - south) * height


def zone_key(plan: Plan, text: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what stands on a map of zones, beside their fills.

    Parameters
    ----------
    plan : Plan
        What is drawn.
    text : mapping
        Words.

    Returns
    -------
    list of (str, str)
        How each looks, in CSS, and what it means.
    """
    around = "box-shadow: 0 0 0 1px #fff"  # to be seen on dark pages
    looks = [(f"background: {INK}; border-radius: 50%; width: .9rem; {around}", text["maps_school"])]
    if (plan.zone != plan.problem.current).any():
        looks.append((f"border: 2px solid {INK}; background: #fff; {around}", text["maps_moving"]))
    if (plan.problem.current < 0).any():
        looks.append((f"background: {NOBODY}", text["maps_closing"]))
    return looks


def _dates(plan: Plan) -> dict[str, Codes]:
    return {"today": plan.problem.current, "plan": plan.zone}


def _joined(shapes: GeoSeries, codes: Codes) -> GeoSeries:
    """Join the shapes of each code."""
    return shapes.groupby(codes).apply(lambda part: part.union_all())


def _lines(areas: GeoSeries, **look: Any) -> None:
    lines = areas[areas.area > 0].boundary
    if len(lines):
        lines.plot(**look)


def _frame(shapes: GeoSeries, stretch: float) -> tuple[Box, tuple[float, float]]:
    """Frame the map with a margin, not too tall and not too flat."""
    west, south, east, north = shapes.total_bounds
    wide, high = east - west, (north - south) * stretch
    longest = max(wide, high) or 1.0  # a single point
    wide, high = wide + 2 * MARGIN * longest, high + 2 * MARGIN * longest
    wide, high = max(wide, high / TALLEST), max(high, FLATTEST * wide)
    x, y = (west + east) / 2, (south + north) / 2
    box = (x - wide / 2, y - high / stretch / 2, x + wide / 2, y + high / stretch / 2)
    return box, (WIDTH, round(WIDTH * high / wide))


def placed(dots: Mapping[int, tuple[float, float]], names: Sequence[str], size: tuple[float, float]) -> dict[int, Box]:
    """Find room for names beside their dots, clear of other names and dots; a name without room is left out.

    Parameters
    ----------
    dots : mapping of int to (float, float)
        Where the schools stand, in pixels.
    names : sequence of str
        Of all schools.
    size : tuple of float
        Width and height of the map, in pixels.

    Returns
    -------
    dict of int to (left, top, right, bottom)
    """
    taken = {i: (x - DOT, y - DOT, x + DOT, y + DOT) for i, (x, y) in dots.items()}
    boxes: dict[int, Box] = {}
    for i, (x, y) in dots.items():
        # widths of letters are not known here: these are generous
        wide = LETTER * sum(1.0 if east_asian_width(letter) in "WF" else 0.6 for letter in names[i])
        high, gap = 1.1 * LETTER, 1.5 * DOT
        corners = [
            (x + gap, y - high / 2),
            (x - gap - wide, y - high / 2),
            (x - wide / 2, y - gap - high),
            (x - wide / 2, y + gap),
        ]
        for left, top in corners:
            box = (left, top, left + wide, top + high)
            others = [other for j, other in taken.items() if j != i] + list(boxes.values())
            inside = left >= 0 and top >= 0 and box[2] <= size[0] and box[3] <= size[1]
            if inside and not any(_overlap(box, other) for other in others):
                boxes[i] = box
                break
    return boxes


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
