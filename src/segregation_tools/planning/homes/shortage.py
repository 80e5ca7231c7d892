"""Why not everyone can be housed: households that accept fewer places together than there are of them, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import DataError, listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.applicants import Applicants

    Codes = NDArray[np.intp]
    Flags = NDArray[np.bool_]

__all__ = ["check_enough", "refuse_shortage"]

MEND = "or leave some without a home, unplaced='allow'"
SHOWN = 4  # conflicts, and quotas of each


def _so_many(households: int, verb: str = "") -> str:
    one = households == 1
    return f"{households:,} household{'' if one else 's'}" + (f" {verb}{'s' if one else ''}" if verb else "")


def check_enough(applicants: Applicants) -> None:
    """Refuse rounds in which, whatever the quotas, not everyone can be housed.

    Parameters
    ----------
    applicants : Applicants
        The round.

    Raises
    ------
    DataError
        If households accept no block, or there are fewer homes than households.
    """
    lost = np.isnan(applicants.best)
    if lost.any():
        msg = (
            f"{_so_many(int(lost.sum()), 'accept')} no block (NaN in all their preferences): "
            f"{listed(applicants.households[lost])}. Take them out, {MEND}"
        )
        raise DataError(msg)
    homes, households = int(applicants.homes.sum()), len(applicants.group)
    if homes < households:
        msg = f"there are {homes:,} homes for {households:,} households: {households - homes:,} too few. Add homes, {MEND}"
        raise DataError(msg)


def refuse_shortage(applicants: Applicants, at: Codes) -> None:
    """Refuse a round in which some have no home although as many as possible were housed, and name the conflict.

    Parameters
    ----------
    applicants : Applicants
        The round.
    at : ndarray of int, shape (households,)
        Position of the block; −1 for those without a home.

    Raises
    ------
    DataError
        With the households, the blocks that they accept and what room quotas and homes leave there (the violated condition
        of Hall's theorem, from the least cut), for each group that has somebody without a home.
    """
    homeless = np.flatnonzero(np.bincount(applicants.group[at < 0], minlength=len(applicants.groups)))
    told = [_conflict(applicants, at, int(g)) for g in homeless[:SHOWN]]
    more = f" … ({len(homeless)} such conflicts)" if len(homeless) > SHOWN else ""
    msg = f"{_so_many(int((at < 0).sum()))} cannot be housed. {' '.join(told)}{more}"
    raise DataError(msg)


def _conflict(applicants: Applicants, at: Codes, g: int) -> str:
    """Tell which households compete with those of a group who have no home, and for how many places."""
    pairs, open_to_all = _within_reach(applicants, at, g)
    counts = applicants.counts(at)
    short = int(((at < 0) & (applicants.group == g)).sum())
    rivals = np.where(pairs, counts, 0).sum(axis=1)
    rivals[g] += short
    by_quota = pairs & ~open_to_all
    held = [(h, b) for h, b in np.argwhere(by_quota) if applicants.limits[h, b] > 0] or list(np.argwhere(by_quota))
    blocks = applicants.blocks[np.flatnonzero(pairs.any(axis=0))]
    who = ", ".join(f"{rivals[h]:,} of group {listed([applicants.groups[h]])}" for h in np.flatnonzero(rivals))
    room = []
    if by_quota.any():
        quotas = ", ".join(
            f"{applicants.limits[h, b]:,} for {listed([applicants.groups[h]])} in {listed([applicants.blocks[b]])}"
            for h, b in held[:SHOWN]
        )
        more = f" … ({len(held)} quotas)" if len(held) > SHOWN else ""
        room.append(f"quotas leave {int(applicants.limits[by_quota].sum()):,} homes ({quotas}{more})")
    if open_to_all.any():
        flats = int(applicants.homes[open_to_all].sum())
        room.append(f"there are {flats:,} homes in {listed(applicants.blocks[open_to_all])}")
    return (
        f"{_so_many(int(rivals.sum()), 'accept')} no blocks but {listed(blocks)} ({who}), where {' and '.join(room)}: "
        f"{short:,} too few. {_mend(applicants, counts, by_quota, short)}"
    )


def _mend(applicants: Applicants, counts: NDArray[np.int64], by_quota: Flags, short: int) -> str:
    if not by_quota.any():
        return f"Add homes there, let households accept more blocks, {MEND}."
    groups = listed([applicants.groups[h] for h in np.flatnonzero(by_quota.any(axis=1))])
    vacant = np.flatnonzero(by_quota.any(axis=0) & (counts.sum(axis=0) < applicants.homes))
    where = (
        f": homes stay free in {listed(applicants.blocks[vacant])}"
        if len(vacant)
        else ", and add homes where those who live there cannot move elsewhere: none stays free in these blocks"
    )
    return f"Raise quotas of {groups} by at least {short:,} in all{where}; let households accept more blocks, {MEND}."


def _within_reach(applicants: Applicants, at: Codes, g: int) -> tuple[Flags, Flags]:
    """Find the groups in blocks, and the blocks, to which one of a group without a home could come if others moved on.

    No place is free there, else it would have one: so those households fill all places that they accept.
    """
    groups, blocks = applicants.limits.shape
    counts = applicants.counts(at)
    accepts = np.zeros((groups, blocks + 1, blocks), dtype=np.bool_)
    np.logical_or.at(accepts, (applicants.group, at), ~np.isnan(applicants.utility))  # at −1: the last row
    pairs, open_to_all = np.zeros((groups, blocks), dtype=np.bool_), np.zeros(blocks, dtype=np.bool_)
    pairs[g] = accepts[g, blocks]
    looked_at = np.zeros_like(pairs)
    while (pairs & ~looked_at).any():
        h, b = np.argwhere(pairs & ~looked_at)[0]
        looked_at[h, b] = True
        pairs[h] |= accepts[h, b]
        if counts[h, b] < applicants.limits[h, b] and not open_to_all[b]:
            open_to_all[b] = True
            pairs[:, b] |= counts[:, b] > 0
    return pairs, open_to_all
