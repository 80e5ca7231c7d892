"""A plan that is changed by hand, step by step: paint, undo, redo, lock, and search on from where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event, RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError, DataError
from segregation_tools.planning.constraints import Rule
from segregation_tools.planning.plan import positions_of
from segregation_tools.planning.schools import checked_length, root_of, searched
from segregation_tools.views.editor.live import Live, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan
    from segregation_tools.planning.problem import Problem

    Codes = NDArray[np.intp]
    Mask = NDArray[np.bool_]

__all__ = ["Held", "Session"]


@dataclass(frozen=True, eq=False)
class Held(Rule):
    """Blocks that stay with the school they have now.

    Attributes
    ----------
    blocks, schools : ndarray of int
        Which blocks, and the position of the school of each.
    """

    blocks: Codes
    schools: Codes

    def allowed(self, problem: Problem) -> Mask:
        """Say which school each block may go to: of those that are held, the one they have.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        allowed = super().allowed(problem)
        allowed[self.blocks] = False
        allowed[self.blocks, self.schools] = True
        return allowed

    def __repr__(self) -> str:
        return f"locked in the editor: {len(self.blocks)} blocks"


@dataclass(frozen=True, eq=False)
class _Step:
    """What one step changed: blocks, their schools before and after, or whether they were locked."""

    blocks: Codes
    before: Codes
    after: Codes
    locks: bool
    stroke: Any


class Session:
    """A plan that is changed by hand.

    Parameters
    ----------
    plan : Plan
        Where it begins; not changed.

    Attributes
    ----------
    opened : Plan
        Where it began.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block now.
    locked : ndarray of bool, shape (blocks,)
        Which blocks stay as they are.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> session = Session(sgt.score(pupils, district.blocks["school"], **today))
    >>> session.paint({"B00001": "S02"}).tolist()
    [0]
    >>> session.plan.assignment["B00001"]
    'S02'
    >>> session.undo().tolist(), session.plan.moved
    ([0], 0.0)
    """

    def __init__(self, plan: Plan) -> None:
        self.opened = plan
        self.zone = plan.zone.copy()
        self.locked = np.zeros(len(plan.zone), dtype=bool)
        self.live = Live(plan)
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._guard = RLock()
        self._searching = False
        self._stop = Event()

    # ---------------------------------------------------------------- what there is

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        with self._guard:
            same = bool((self.zone == self.opened.zone).all())
            return self.opened if same else replace(self.opened, zone=self.zone.copy(), seed=None)

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps can be undone, and done again."""
        return len(self._done), len(self._undone)

    @property
    def searching(self) -> bool:
        """Whether a search is running."""
        return self._searching

    def standing(self) -> Standing:
        """Measure the plan as it is now.

        Returns
        -------
        Standing
        """
        with self._guard:
            return self.live.at(self.zone)

    def positions(self, blocks: Iterable[Hashable]) -> Codes:
        """Find blocks by their labels.

        Parameters
        ----------
        blocks : iterable of labels
            Which.

        Returns
        -------
        ndarray of int

        Raises
        ------
        DataError
            If one is not there.
        """
        if isinstance(blocks, (str, bytes)):
            msg = f"blocks are a list of labels, not {blocks!r}"
            raise DataError(msg)
        return positions_of("blocks", self.opened.problem.blocks, blocks)

    # ---------------------------------------------------------------- changing it

    def paint(self, changes: Mapping[Hashable, Hashable], *, stroke: Any = None) -> Codes:
        """Give blocks to schools; those that are locked stay.

        Parameters
        ----------
        changes : mapping of block to school
            As `Plan.edited` takes.
        stroke : hashable, optional
            Paints with the same stroke that follow each other are one step.

        Returns
        -------
        ndarray of int
            Positions of the blocks that changed.

        Raises
        ------
        DataError
            If a block or a school is not there.
        CapabilityError
            While a search is running.
        """
        at = self.positions(changes)
        to = positions_of("open schools", self.opened.problem.schools, changes.values())
        return self.paint_at(at, to, stroke=stroke)

    def paint_at(self, blocks: Codes, schools: Codes, *, stroke: Any = None) -> Codes:
        """Give blocks to schools by position, see `paint`.

        Parameters
        ----------
        blocks, schools : ndarray of int
            Positions.
        stroke : hashable, optional
            As in `paint`.

        Returns
        -------
        ndarray of int
        """
        with self._guard:
            self._refuse_while_searching()
            free = (self.zone[blocks] != schools) & ~self.locked[blocks]
            return self._make(_Step(blocks[free], self.zone[blocks[free]], schools[free], locks=False, stroke=stroke))

    def lock(self, blocks: Iterable[Hashable], *, on: bool = True) -> Codes:
        """Lock blocks, so that neither painting nor a search moves them.

        Parameters
        ----------
        blocks : iterable of labels
            Which.
        on : bool
            False unlocks them.

        Returns
        -------
        ndarray of int
            Positions of the blocks that changed.

        Raises
        ------
        DataError
            If a block is not there.
        CapabilityError
            While a search is running.
        """
        return self.lock_at(self.positions(blocks), on=on)

    def lock_at(self, blocks: Codes, *, on: bool, stroke: Any = None) -> Codes:
        """Lock blocks by position, see `lock`.

        Parameters
        ----------
        blocks : ndarray of int
            Positions.
        on : bool
            False unlocks them.
        stroke : hashable, optional
            As in `paint`.

        Returns
        -------
        ndarray of int
        """
        with self._guard:
            self._refuse_while_searching()
            changing = np.unique(blocks[self.locked[blocks] != on])
            now = np.full(len(changing), int(on))
            return self._make(_Step(changing, 1 - now, now, locks=True, stroke=stroke))

    def undo(self) -> Codes:
        """Take back the last step.

        Returns
        -------
        ndarray of int
            Positions of the blocks that changed; none if there is nothing to undo.
        """
        with self._guard:
            return self._go(self._done, self._undone, back=True)

    def redo(self) -> Codes:
        """Make the step again that was taken back last.

        Returns
        -------
        ndarray of int
            Positions of the blocks that changed; none if there is nothing to do again.
        """
        with self._guard:
            return self._go(self._undone, self._done, back=False)

    def _make(self, step: _Step) -> Codes:
        if not len(step.blocks):
            return step.blocks
        last = self._done[-1] if self._done else None
        if last is not None and step.stroke is not None and (last.stroke, last.locks) == (step.stroke, step.locks):
            self._done[-1] = _joined(last, step)
        else:
            self._done.append(step)
        self._undone.clear()
        self._set(step.blocks, step.after, locks=step.locks)
        return step.blocks

    def _go(self, one: list[_Step], other: list[_Step], *, back: bool) -> Codes:
        self._refuse_while_searching()
        if not one:
            return np.zeros(0, dtype=np.intp)
        step = one.pop()
        other.append(step)
        self._set(step.blocks, step.before if back else step.after, locks=step.locks)
        return step.blocks

    def _set(self, blocks: Codes, values: Codes, *, locks: bool) -> None:
        (self.locked if locks else self.zone)[blocks] = values

    def _refuse_while_searching(self) -> None:
        if self._searching:
            msg = "a search is running from these zones: stop it first"
            raise CapabilityError(msg)

    # ---------------------------------------------------------------- searching on

    def improve(
        self,
        *,
        seconds: float = 3,
        steps: int | None = None,
        rng: np.random.Generator | int,
        progress: Callable[[float, float], Any] | None = None,
        claimed: bool = False,
    ) -> Codes:
        """Search for better zones from where the plan stands; blocks that are locked stay.

        Zones that break rules are mended first: the goal may be higher then. Otherwise what is found is no worse.

        Parameters
        ----------
        seconds : float
            How long; `stop` and Ctrl-C end it before, with the best until then.
        steps : int, optional
            Instead: how many moves are tried, as in `rezone`.
        rng : Generator or int
            Source of chance.
        progress : callable, optional
            ``progress(share done, lowest value so far)``, about five times a second.

        Returns
        -------
        ndarray of int
            Positions of the blocks that changed: one step, which can be undone.

        Raises
        ------
        DataError, CapabilityError
            As `rezone`: if what is locked cannot be kept beside the rules, or no plan was found.
        """
        if not claimed:
            self.claim()
        try:
            steps, root = checked_length(seconds, steps), root_of(rng)
            zone = self._searched(seconds, steps, root, progress)
        except BaseException:
            self._searching = False
            raise
        with self._guard:  # nobody paints between the end of the search and what it found
            self._searching = False
            changed = np.flatnonzero(zone != self.zone)
            return self._make(_Step(changed, self.zone[changed], zone[changed], locks=False, stroke=None))

    def claim(self) -> None:
        """Begin a search that `improve` then makes: from here on nobody paints, and `stop` is heard."""
        with self._guard:
            self._refuse_while_searching()
            self._searching = True
            self._stop.clear()

    def stop(self) -> None:
        """End a search that is running: its best until then is taken."""
        self._stop.set()

    def _searched(
        self, seconds: float, steps: int | None, root: int, progress: Callable[[float, float], Any] | None
    ) -> Codes:
        plan, held = self.opened, np.flatnonzero(self.locked)
        rules = (*plan.constraints, Held(held, self.zone[held])) if len(held) else plan.constraints

        def tell(done: float, lowest: float) -> None:
            if progress is not None:
                progress(done, lowest)
            if self._stop.is_set():
                raise KeyboardInterrupt  # as Ctrl-C does: the search ends with the best until now

        return searched(
            plan.problem, plan.goal, rules, root=root, seconds=seconds, steps=steps, begin=self.zone, progress=tell
        ).zone


def _joined(one: _Step, other: _Step) -> _Step:
    """Take two steps together: the first value before, the last value after."""
    blocks = np.concatenate([one.blocks, other.blocks])
    which, first = np.unique(blocks, return_index=True)
    _, last = np.unique(blocks[::-1], return_index=True)
    before = np.concatenate([one.before, other.before])[first]
    after = np.concatenate([one.after, other.after])[::-1][last]
    return replace(one, blocks=which, before=before, after=after)
