"""The zone editor as a widget: it hands messages between the page, which draws, and the session, which measures."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from segregation_tools.errors import SegregationError
from segregation_tools.population.options import one_of
from segregation_tools.views.editor.assets import text_of
from segregation_tools.views.editor.outlines import Outlines
from segregation_tools.views.editor.session import Session
from segregation_tools.views.editor.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan

    Codes = NDArray[np.intp]

__all__ = ["Editor"]

KINDS = {
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "zip": "application/zip",
}


class Editor(anywidget.AnyWidget):
    """A plan in an editor, see `edit`.

    Parameters
    ----------
    plan : Plan
        Where it begins.
    seconds : float
        How long a search lasts.
    rng : Generator
        Source of chance of searches.
    height : float
        Of the map, in pixels.
    """

    _esm = text_of("map.js", "widget.js")
    _css = text_of("map.css", "widget.css")
    _given = traitlets.Dict().tag(sync=True)

    def __init__(self, plan: Plan, *, seconds: float, rng: np.random.Generator, height: float) -> None:
        self._session = Session(plan)
        self._outlines = Outlines.of(plan.problem)
        self._telling = Telling(self._session.live, plan)
        self._seconds, self._rng = seconds, rng
        self._search: Thread | None = None
        self._progress = 0.0, float("inf")
        self._found: tuple[Codes, str] | None = None  # by a search, and the goal before it: not yet told
        self._refused: Exception | None = None
        given = self._telling.district(self._outlines) | {"seconds": seconds, "height": height}
        super().__init__(_given=given | {"state": self._state()})
        self.on_msg(lambda _, message, __: self._heard(message))

    # ---------------------------------------------------------------- from Python

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self._session.plan

    @property
    def locked(self) -> list[Any]:
        """Labels of the blocks that are locked."""
        return self.plan.problem.blocks[self._session.locked].tolist()

    def paint(self, changes: Mapping[Hashable, Hashable]) -> None:
        """Give blocks to schools, as `Plan.edited` does; those that are locked stay.

        Parameters
        ----------
        changes : mapping of block to school
            What is changed: one step for `undo`.
        """
        self._tell(self._session.paint(changes))

    def lock(self, blocks: Iterable[Hashable]) -> None:
        """Lock blocks, so that neither painting nor a search moves them.

        Parameters
        ----------
        blocks : iterable of labels
            Which.
        """
        self._tell(self._session.lock(blocks))

    def unlock(self, blocks: Iterable[Hashable]) -> None:
        """Unlock blocks.

        Parameters
        ----------
        blocks : iterable of labels
            Which.
        """
        self._tell(self._session.lock(blocks, on=False))

    def undo(self) -> None:
        """Take back the last step."""
        self._tell(self._session.undo())

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        self._tell(self._session.redo())

    def improve(
        self,
        *,
        seconds: float | None = None,
        steps: int | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        """Search on from where the plan stands, and wait for it; Ctrl-C ends it with the best until then.

        Parameters
        ----------
        seconds : float, optional
            How long; as the button does without.
        steps : int, optional
            Instead: how many moves are tried, as in `rezone`.
        rng : Generator or int, optional
            Source of chance; that of the editor without.
        """
        chance, long = self._rng if rng is None else rng, self._seconds if seconds is None else seconds
        self._improve(long, steps, chance, self._told_progress)
        refused = self._refused
        self._tell_found()
        if refused is not None:
            raise refused

    def stop(self) -> None:
        """End a search that the button began: its best until then is taken."""
        self._session.stop()
        if self._search is not None:
            self._search.join()
            self._tell_found()

    def save(self, path: Any) -> None:
        """Write the plan as it is now into a file that `load_plan` reads.

        Parameters
        ----------
        path : path-like
            As `Plan.save` takes.
        """
        self.plan.save(path)

    def to_file(self, path: Any) -> None:
        """Write the blocks with their schools as they are now: a CSV table, GeoPackage, GeoJSON and others.

        Parameters
        ----------
        path : path-like
            As `Plan.to_file` takes.
        """
        self.plan.to_file(path)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the widget; where there is none, as on a page that keeps a notebook, a picture of the zones."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, about = bundle
        return {**data, "image/svg+xml": self._outlines.svg(self.plan), "text/plain": str(self.plan)}, about

    # ---------------------------------------------------------------- from the page

    def _heard(self, message: dict[str, Any]) -> None:
        """Answer a message of the page; what cannot be done is told there."""
        kind = str(message.get("kind"))
        answers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "hello": lambda _: self._say("state", message, **self._state()),
            "paint": self._hear_paint,
            "lock": self._hear_lock,
            "undo": lambda _: self._tell(self._session.undo(), message),
            "redo": lambda _: self._tell(self._session.redo(), message),
            "improve": self._hear_improve,
            "how": lambda _: self._hear_how(),
            "stop": lambda _: self._session.stop(),
            "ask": lambda _: self._say("about", message, **self._telling.block(int(message["block"]))),
            "download": self._hear_download,
        }
        try:
            answers[one_of(kind, "kind", tuple(answers))](message)
        except SegregationError as refused:
            self._say("refused", message, text=str(refused))
        except Exception as failed:
            self._say("refused", message, text=f"this failed: {failed!r}")
            raise

    def _hear_paint(self, message: dict[str, Any]) -> None:
        pairs = np.array(message["pairs"], dtype=np.intp).reshape(-1, 2)
        _check_codes(pairs, len(self._session.zone), len(self._session.opened.problem.schools))
        self._session.paint_at(pairs[:, 0], pairs[:, 1], stroke=message.get("stroke"))
        self._tell(np.unique(pairs[:, 0]), message)

    def _hear_lock(self, message: dict[str, Any]) -> None:
        blocks = np.array(message["blocks"], dtype=np.intp)
        _check_codes(blocks[:, np.newaxis], len(self._session.zone))
        self._session.lock_at(blocks, on=bool(message["on"]), stroke=message.get("stroke"))
        self._tell(np.unique(blocks), message)

    def _hear_improve(self, message: dict[str, Any]) -> None:
        """Search in a thread, so that the page is answered meanwhile; it asks how far that is."""
        if self._searching:
            return
        seconds = float(message.get("seconds", self._seconds))
        self._session.claim()

        def remember(done: float, lowest: float) -> None:
            self._progress = done, lowest

        self._progress = 0.0, float("inf")
        self._search = Thread(target=self._improve, args=(seconds, None, self._rng, remember, True), daemon=True)
        self._search.start()

    def _hear_how(self) -> None:
        """Tell how far the search is, or what it found: in the thread that hears messages, as some notebooks ask."""
        if self._search is not None and self._search.is_alive():
            self._told_progress(*self._progress)
        elif self._found is not None or self._refused is not None:
            self._tell_found()

    def _improve(
        self,
        seconds: float,
        steps: int | None,
        rng: np.random.Generator | int,
        progress: Callable[[float, float], Any],
        claimed: bool = False,
    ) -> None:
        """Search, and keep what came of it to be told."""
        before = self._telling.goal(self._session.standing().values["goal"])
        try:
            self._found = (
                self._session.improve(seconds=seconds, steps=steps, rng=rng, progress=progress, claimed=claimed),
                before,
            )
        except Exception as refused:  # noqa: BLE001  # told, and raised, by who asked
            self._refused = refused

    def _tell_found(self) -> None:
        refused, found = self._refused, self._found
        self._found = self._refused = None
        if refused is not None:
            known = isinstance(refused, SegregationError)
            self._say("refused", {}, text=str(refused) if known else f"this failed: {refused!r}")
        elif found is not None:
            self._tell(found[0], searched=found[1])

    @property
    def _searching(self) -> bool:
        """Whether a search is running, or what it found is still to be asked for."""
        return self._session.searching or self._found is not None or self._refused is not None

    def _hear_download(self, message: dict[str, Any]) -> None:
        ending = one_of(message.get("what"), "what", tuple(KINDS))
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"plan.{ending}"
            (self.save if ending == "zip" else self.to_file)(path)
            content = path.read_bytes()
        self.send({"kind": "file", "turn": message.get("turn"), "name": path.name, "type": KINDS[ending]}, [content])

    # ---------------------------------------------------------------- to the page

    def _tell(self, changed: Codes, message: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Tell what has changed, and what follows: blocks that changed alone, not all of them."""
        session = self._session
        pairs = np.column_stack([changed, session.zone[changed], session.locked[changed]]).tolist()
        self._say("changed", message or {}, blocks=pairs, **self._measured(), **more)

    def _told_progress(self, done: float, lowest: float) -> None:
        self._say("progress", {}, done=done, lowest=self._telling.goal(lowest))

    def _state(self) -> dict[str, Any]:
        session = self._session
        return {
            "zone": session.zone.astype("<i4").tobytes(),
            "locked": session.locked.astype("u1").tobytes(),
            **self._measured(),
        }

    def _measured(self) -> dict[str, Any]:
        undo, redo = self._session.steps
        searching = self._searching
        return {"undo": undo, "redo": redo, "searching": searching, **self._telling.standing(self._session.standing())}

    def _say(self, kind: str, message: Mapping[str, Any], **content: Any) -> None:
        buffers = [name for name, value in content.items() if isinstance(value, bytes)]
        plain = {name: value for name, value in content.items() if not isinstance(value, bytes)}
        self.send(
            {"kind": kind, "turn": message.get("turn"), "buffers": buffers, **plain},
            [content[name] for name in buffers],
        )


def _check_codes(codes: Codes, *sizes: int) -> None:
    """Refuse numbers of blocks or schools that are not there."""
    if (codes < 0).any() or (codes >= np.array(sizes)).any():
        msg = "the page names a block or a school that is not there: open it again"
        raise SegregationError(msg)
