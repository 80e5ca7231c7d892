"""What the editor tells the page: the district once, and what follows from zones after each change, spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.planning.constraints import ROUNDING
from segregation_tools.views.editor.live import GOAL
from segregation_tools.views.measures import MeasureWords, amount
from segregation_tools.views.parts import percent, whole, words_in

if TYPE_CHECKING:
    from segregation_tools.planning.plan import Plan
    from segregation_tools.views.editor.live import Live, Standing
    from segregation_tools.views.editor.outlines import Outlines

__all__ = ["Telling"]

MOST = 30  # broken rules that are listed
NOTHING = "–"


class Telling:
    """Spells what is known of zones.

    Parameters
    ----------
    live : Live
        Which measures them.
    plan : Plan
        With which the editor was opened.
    """

    def __init__(self, live: Live, plan: Plan) -> None:
        self.live, self.plan = live, plan
        self.text = words_in("en")
        self._words = MeasureWords(live.problem, live.whats, self.text, 0)

    def district(self, outlines: Outlines) -> dict[str, Any]:
        """Tell what never changes.

        Parameters
        ----------
        outlines : Outlines
            Of the blocks.

        Returns
        -------
        dict
        """
        problem, live, plan = self.live.problem, self.live, self.plan
        low, high = live.rooms
        return {
            "blocks": [str(label) for label in problem.blocks],
            "schools": [str(label) for label in problem.schools],
            "groups": [*(str(group) for group in problem.pupils.groups), self.text["plan"]["burden_all"]],
            "today": problem.current.astype("<i4").tobytes(),
            "opened": plan.zone.astype("<i4").tobytes(),
            "outlines": outlines.packed(),
            "colours": outlines.colours(plan),
            "marks": outlines.marks(problem),
            "rooms": [
                [float(np.ceil(a - ROUNDING)), None if np.isinf(b) else float(np.floor(b + ROUNDING))]
                for a, b in zip(low, high, strict=True)
            ],
            "measures": self._measures(),
            "rolls": problem.rolls(problem.current).tolist(),
            "burden": [
                [whole(pupils), self._minutes(minutes)]
                for pupils, minutes in zip(live.pupils, live.ways(problem.current), strict=True)
            ],
        }

    def _measures(self) -> list[dict[str, str]]:
        rows = [{"name": GOAL, "called": "Goal", "read": f"What is to be small: {self.plan.goal!r}"}]
        for name in self.live.whats:
            called, read = self._words.about(name)
            rows.append({"name": name, "called": called, "read": read})
        dates = {"today": self.live.values(self.live.problem.current), "opened": self.live.values(self.plan.zone)}
        return [
            row | {date: self._value(row["name"], values[row["name"]]) for date, values in dates.items()}
            for row in rows
        ]

    def _value(self, name: str, value: float) -> str:
        return self.goal(value) if name == GOAL else self._words.value(name, value)

    def goal(self, value: float) -> str:
        """Spell the goal's value.

        Parameters
        ----------
        value : float
            NaN or infinite if there is none.

        Returns
        -------
        str
        """
        return f"{value:.4f}".replace("-", "−") if np.isfinite(value) else NOTHING

    def standing(self, now: Standing) -> dict[str, Any]:
        """Tell what follows from zones.

        Parameters
        ----------
        now : Standing
            Of these.

        Returns
        -------
        dict
        """
        schools = self.live.problem.schools
        apart = {("contiguous", schools[school]) for school in now.cut}  # told by their blocks
        broken = [found for found in now.broken if found[:2] not in apart]
        share = np.divide(now.moved, self.live.pupils, out=np.full(len(now.moved), np.nan), where=self.live.pupils > 0)
        return {
            "values": {name: self._value(name, value) for name, value in now.values.items()},
            "rolls": now.rolls.sum(axis=0).tolist(),
            "mix": (100 * now.rolls / np.maximum(now.rolls.sum(axis=0), 1e-9)).round(1).T.tolist(),
            "burden": [
                [whole(moved), percent(part, NOTHING), self._minutes(minutes)]
                for moved, part, minutes in zip(now.moved, share, now.minutes, strict=True)
            ],
            "cut": [[school, blocks.tolist()] for school, blocks in now.cut.items()],
            "broken": [self._broken(*found) for found in broken[:MOST]],
            "breaks": len(broken),
        }

    def block(self, block: int) -> dict[str, Any]:
        """Tell about a block.

        Parameters
        ----------
        block : int
            Which.

        Returns
        -------
        dict
            Pupils by group, minutes to every school.
        """
        problem = self.live.problem
        return {
            "block": block,
            "pupils": [whole(count) for count in (*problem.counts[:, block], problem.sizes[block])],
            "minutes": [self._minutes(value) for value in problem.minutes[block]],
        }

    def _broken(self, rule: str, where: Any, by: float) -> list[str]:
        text = self.text["plan"]
        unit = text["measured"].get(rule)
        place = text["check_all"] if isinstance(where, str) and where == "all" else str(where)
        return [text["called"].get(rule, rule), place, "" if unit is None else amount(by, unit)]

    def _minutes(self, value: float) -> str:
        return NOTHING if np.isnan(value) else f"{value:.1f}"
