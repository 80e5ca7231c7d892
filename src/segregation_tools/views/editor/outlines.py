"""Outlines of blocks in whole numbers, for maps that a browser draws: sent once, with who lies beside whom."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import GeographyError
from segregation_tools.population.grid import Grid
from segregation_tools.views.explore.shapes import DETAIL, simplified
from segregation_tools.views.maps import NOBODY, aspect, can_be_drawn
from segregation_tools.views.zones import BORDER, INK, fills, placed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan
    from segregation_tools.planning.problem import Problem

    Codes = NDArray[np.intp]
    Whole = NDArray[np.int32]

__all__ = ["Outlines"]

SPAN = 12_000  # steps of the longer side: two or three for a pixel
MARGIN = 240
LARGE = 900  # width at which names of schools are placed, in pixels
SIDES = {"right": (13, 7, "start"), "left": (-13, 7, "end"), "above": (0, -14, "middle"), "below": (0, 27, "middle")}
SMALLEST = 6  # half of the side of what is drawn for a block that is smaller


@dataclass(frozen=True, eq=False)
class Outlines:
    """Outlines of the blocks of a district.

    Borders are shared: points that fall on one step become one, on both sides of a border alike.

    Attributes
    ----------
    xy : ndarray of int, shape (points, 2)
        Corners of all rings, x to the right and y down; rings are not closed by a point of their own.
    ring : ndarray of int, shape (points,)
        Number of the ring of each point.
    block : ndarray of int, shape (points,)
        Block of each point.
    beside : ndarray of int, shape (points,)
        Block on the other side of the line from each point to the next one of its ring; −1 for none.
    size : tuple of int
        Width and height of the map.
    dots : dict of int to (int, int)
        Where schools stand.
    """

    xy: Whole
    ring: Whole
    block: Whole
    beside: Whole
    size: tuple[int, int]
    dots: dict[int, tuple[int, int]]

    @classmethod
    def of(cls, problem: Problem) -> Outlines:
        """Take the outlines of a district.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        Outlines

        Raises
        ------
        GeographyError
            If there is no geometry.
        """
        import shapely

        if not can_be_drawn(problem.pupils):
            msg = "blocks have no geometry to draw: read the pupils from a GeoDataFrame, Population.from_frame(blocks, ...)"
            raise GeographyError(msg)
        place = problem.pupils.geography
        shapes = place.cells() if isinstance(place, Grid) else place.geometry
        there = np.flatnonzero(~(shapes.isna() | shapes.is_empty).to_numpy())
        drawn = shapes.iloc[there]
        stretch = aspect(drawn)
        west, south, east, north = drawn.total_bounds
        longest = max(east - west, (north - south) * stretch) or 1.0  # a single point
        scale = (SPAN - 2 * MARGIN) / longest

        def stepped(at: NDArray[np.float64]) -> Whole:
            x, y = (at[:, 0] - west) * scale, (north - at[:, 1]) * scale * stretch
            steps: Whole = np.rint(np.column_stack([x, y]) + MARGIN).astype(np.int32)
            return steps

        simple = simplified(np.asarray(drawn.array), longest * DETAIL)
        parts, of_part = shapely.get_parts(simple, return_index=True)
        middle = stepped(shapely.get_coordinates(shapely.point_on_surface(simple)))
        size = stepped(np.array([[east, south]]))[0] + MARGIN
        is_area = shapely.get_dimensions(parts) == 2
        rings, of_ring = shapely.get_rings(parts[is_area], return_index=True)
        at, of_point = shapely.get_coordinates(rings, return_index=True)
        xy, ring = _without_repeats(stepped(at), of_point.astype(np.int32))
        block = of_part[is_area][of_ring][ring]
        spot = max(SMALLEST, int(0.35 * np.sqrt(size[0] * size[1] / len(there)))) if not is_area.any() else SMALLEST
        xy, ring, block = _with_spots(xy, ring, block, middle, spot)
        at_block = dict(zip(there.tolist(), middle.tolist(), strict=True))
        dots = {
            school: tuple(at_block[stand]) for school, stand in enumerate(problem.stands.tolist()) if stand in at_block
        }
        beside = _beside(xy, ring, block)
        width, height = (int(side) for side in size)
        whole = there.astype(np.int32)
        return cls(xy, ring, whole[block], np.where(beside < 0, -1, whole[beside]), (width, height), dots)

    def colours(self, plan: Plan) -> list[str]:
        """Choose a fill for every school; neighbours, and where that can be, theirs, have another.

        Parameters
        ----------
        plan : Plan
            Whose zones.

        Returns
        -------
        list of str
        """

        def neighbours() -> NDArray[np.bool_]:
            schools = len(plan.problem.schools)
            touching = np.zeros((schools, schools), dtype=bool)
            pairs = self.beside >= 0
            for zone in (plan.problem.current, plan.zone):
                a, b = zone[self.block[pairs]], zone[self.beside[pairs]]
                known = (a >= 0) & (b >= 0)
                touching[a[known], b[known]] = True
            touching |= touching.T
            np.fill_diagonal(touching, val=False)
            return touching

        return fills(len(plan.problem.schools), neighbours, spread=True)  # zones may touch later

    def marks(self, problem: Problem) -> list[list[Any]]:
        """Say where schools stand, and on which side of their dots there is room for their names.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        list of [school, x, y, side]
            Those whose names have room on the whole map come first; sides are "right", "left", "above" and "below".
        """
        scale = LARGE / self.size[0]
        dots = {school: (x * scale, y * scale) for school, (x, y) in self.dots.items()}
        boxes = placed(dots, [str(school) for school in problem.schools], (LARGE, self.size[1] * scale))

        def side(school: int) -> str:
            (x, y), (left, _, right, bottom) = dots[school], boxes[school]
            return "right" if left > x else "left" if right < x else "above" if bottom < y else "below"

        order = [*boxes, *(school for school in dots if school not in boxes)]
        return [[school, *self.dots[school], side(school) if school in boxes else "right"] for school in order]

    def packed(self) -> dict[str, Any]:
        """Pack the outlines for a browser: bytes of whole numbers, little end first.

        Returns
        -------
        dict
            `xy` (int16 pairs), `ends` (uint32, where each ring ends), `blocks` (int32, block of each ring), `beside`
            (int32), `size`.
        """
        ends = np.append(np.flatnonzero(np.diff(self.ring)) + 1, len(self.ring))
        return {
            "xy": self.xy.astype("<i2").tobytes(),
            "ends": ends.astype("<u4").tobytes(),
            "blocks": self.block[ends - 1].astype("<i4").tobytes(),
            "beside": self.beside.astype("<i4").tobytes(),
            "size": list(self.size),
        }

    def written(self) -> dict[str, Any]:
        """Pack the outlines as text, for a page.

        Returns
        -------
        dict
            As `packed`, bytes in base 64.
        """
        return {
            name: base64.b64encode(part).decode("ascii") if isinstance(part, bytes) else part
            for name, part in self.packed().items()
        }

    def svg(self, plan: Plan) -> str:
        """Draw the zones of a plan.

        Parameters
        ----------
        plan : Plan
            Which.

        Returns
        -------
        str
            An SVG that stands alone; blocks that change school are hatched.
        """
        schools, colours = plan.problem.schools, [*self.colours(plan), NOBODY]
        width, height = self.size
        areas = "".join(
            f'<path d="{self._around(plan.zone == school)}" fill="{colours[school]}" stroke="{BORDER}" '
            f'stroke-width="16"><title>{escape(str(schools[school]))}</title></path>'
            for school in np.unique(plan.zone).tolist()
        )
        moved = self._around(plan.zone != plan.problem.current)
        marks = "".join(self._mark(str(schools[school]), x, y, side) for school, x, y, side in self.marks(plan.problem))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="720" '
            f'height="{720 * height / width:.0f}" role="img"><title>{escape(plan._title)}</title>'
            '<defs><pattern id="moved" width="120" height="120" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="28" height="120" fill="{INK}" opacity=".55"/></pattern></defs>'
            f'<rect width="{width}" height="{height}" fill="#fff"/><g fill-rule="evenodd">{areas}'
            f'<path d="{moved}" fill="url(#moved)" stroke="{INK}" stroke-width="20"/></g>{marks}</svg>'
        )

    def _mark(self, name: str, x: int, y: int, side: str) -> str:
        """Draw a school and its name."""
        pixel = self.size[0] / LARGE
        dx, dy, anchor = SIDES[side]
        return (
            f'<circle cx="{x}" cy="{y}" r="{7 * pixel:.0f}" fill="{INK}" stroke="#fff" stroke-width="{2 * pixel:.0f}"/>'
            f'<text x="{x + dx * pixel:.0f}" y="{y + dy * pixel:.0f}" text-anchor="{anchor}" fill="{INK}" stroke="#fff" '
            f'stroke-width="{4 * pixel:.0f}" paint-order="stroke" font-family="sans-serif" '
            f'font-size="{20 * pixel:.0f}">{escape(name)}</text>'
        )

    def _around(self, inside: NDArray[np.bool_]) -> str:
        """Draw a line around some blocks."""
        edge = inside[self.block] & ~((self.beside >= 0) & inside[self.beside])
        last = np.append(np.flatnonzero(np.diff(self.ring)), len(self.ring) - 1)
        first = np.append(0, last[:-1] + 1)
        follow = np.arange(1, len(self.ring) + 1)
        follow[last] = first
        ways: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for a, b in zip(self.xy[edge].tolist(), self.xy[follow[edge]].tolist(), strict=True):
            ways.setdefault((a[0], a[1]), []).append((b[0], b[1]))
        drawn = []
        while ways:
            start = at = next(iter(ways))
            points = []
            while at in ways:  # each point is left as often as it is reached: the way ends where it began
                points.append(f"{at[0]} {at[1]}")
                onward = ways[at]
                ahead = onward.pop()
                if not onward:
                    del ways[at]
                at = ahead
                if at == start:
                    break
            drawn.append(f"M{'L'.join(points)}Z")
        return "".join(drawn)


def _without_repeats(xy: Whole, ring: Whole) -> tuple[Whole, Whole]:
    """Leave out points that repeat the one before them, the last of each ring, which is its first, and rings of a line."""
    again = (ring[1:] == ring[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
    again = np.insert(again, 0, values=False)[: len(ring)]
    xy, ring = xy[~again], ring[~again]
    last = np.append(ring[1:] != ring[:-1], True)[: len(ring)]
    xy, ring = xy[~last], ring[~last]  # closing points
    many = np.bincount(ring)
    enough = many[ring] > 2
    return xy[enough], ring[enough]


def _with_spots(xy: Whole, ring: Whole, block: Codes, middle: Whole, half: int) -> tuple[Whole, Whole, Codes]:
    """Add a diamond for each block of which nothing would be seen."""
    unseen = np.setdiff1d(np.arange(len(middle)), block)
    corners = np.array([[0, -half], [half, 0], [0, half], [-half, 0]], dtype=np.int32)
    first = int(ring.max(initial=-1)) + 1
    spots = (middle[unseen][:, np.newaxis] + corners).reshape(-1, 2)
    rings = np.repeat(np.arange(first, first + len(unseen)), 4)
    return (
        np.concatenate([xy, spots]).astype(np.int32),
        np.concatenate([ring, rings]).astype(np.int32),
        np.concatenate([block, np.repeat(unseen, 4)]).astype(np.intp),
    )


def _beside(xy: Whole, ring: Whole, block: Codes) -> Codes:
    """Find the block on the other side of each line: one whose ring has the same line, the other way round or not."""
    last = np.append(ring[1:] != ring[:-1], True)
    first = np.append(True, ring[1:] != ring[:-1])
    follow = np.arange(1, len(ring) + 1)
    follow[last] = np.flatnonzero(first)
    here = xy[:, 0].astype(np.int64) * (1 << 16) + xy[:, 1]
    there = here[follow]
    low, high = np.minimum(here, there), np.maximum(here, there)
    order = np.lexsort((block, high, low))
    same = (low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1])
    same &= block[order][1:] != block[order][:-1]
    beside = np.full(len(ring), -1, dtype=np.intp)
    beside[order[1:][same]] = block[order[:-1][same]]
    beside[order[:-1][same]] = block[order[1:][same]]
    return beside
