"""Small towns with sites, all plans for them, and measures written out."""

import itertools

import geopandas
import numpy as np
import pandas as pd
from shapely.geometry import Point

import segregation_tools as sgt

GROUPS = ["a", "b", "c"]


class Site:
    """A town of points or squares, some of whose units are sites."""

    def __init__(self, seed, units=20, sites=5, tenures=2, groups=3, most=3, wanted=None):
        rng = np.random.default_rng(seed)
        self.groups = GROUPS[:groups]
        where = rng.uniform(0, 1000, (units, 2))
        pull = np.column_stack([where[:, 0], 1000 - where[:, 0], where[:, 1]])[:, :groups] / 1000  # groups live apart
        counts = rng.poisson(40 * pull**2)
        counts[0] += 1  # somebody of every group
        self.frame = geopandas.GeoDataFrame(
            pd.DataFrame(counts, columns=self.groups, index=[f"u{i}" for i in range(units)]),
            geometry=[Point(xy) for xy in where],
            crs=32632,
        )
        self.pop = sgt.Population.from_frame(self.frame, self.groups)
        at = rng.choice(units, sites, replace=False)
        self.sites = geopandas.GeoDataFrame(
            {"capacity": rng.integers(1, most + 1, sites), "cost": rng.integers(1, 9, sites)},
            index=[f"s{i}" for i in range(sites)],
            geometry=self.frame.geometry.iloc[at].to_list(),
            crs=32632,
        )
        names = [f"t{k}" for k in range(tenures)]
        self.tenures = pd.DataFrame(rng.uniform(0, 6, (tenures, groups)), index=names, columns=self.groups)
        room = int(self.sites["capacity"].sum())
        wanted = room // 2 if wanted is None else wanted
        self.units = pd.Series(rng.multinomial(wanted, np.ones(tenures) / tenures), index=names)
        self.unit_of = self.frame.index[at]

    def plan(self, **options):
        told = {"units": self.units, "tenures": self.tenures, "bandwidths": [150, 400]}
        return sgt.site_homes(self.pop, self.sites, **(told | options))

    def with_homes(self, homes):
        """Counts of each unit with the people of some homes, in plain pandas."""
        people = pd.DataFrame(np.asarray(homes) @ self.tenures.to_numpy(), index=self.unit_of, columns=self.groups)
        frame = self.frame.copy()
        frame[self.groups] = frame[self.groups].astype(float)
        for unit, row in people.iterrows():
            frame.loc[unit, self.groups] += row
        return sgt.Population.from_frame(frame, self.groups)

    def value(self, homes, goal, bandwidths=(150, 400), kernel="biweight"):
        """The goal, of a table spread by a full matrix."""
        pop = self.with_homes(homes)
        each = [sum(w * float(index(spread(pop, metres, kernel))) for w, index in goal.terms) for metres in bandwidths]
        return float(np.mean(each))

    def all_plans(self, full=False):
        """Every table of whole homes that keeps to room and totals."""
        capacity, units = self.sites["capacity"].to_numpy(), self.units.to_numpy()

        def rows(room):
            sums = {0, room} if full else range(room + 1)
            each = itertools.product(range(room + 1), repeat=len(units))
            return [row for row in each if sum(row) in sums]

        def filled(site, left):
            if site == len(capacity):
                if not any(left):
                    yield ()
                return
            for row in rows(int(capacity[site])):
                rest = tuple(have - take for have, take in zip(left, row, strict=True))
                if min(rest) >= 0:
                    for others in filled(site + 1, rest):
                        yield (row, *others)

        return [np.array(plan) for plan in filled(0, tuple(units.tolist()))]


def spread(pop, metres, kernel):
    """Spread residents by the full matrix of distances between units."""
    centroids = pop.geography.centroids.to_numpy()
    between = np.hypot(*(centroids[:, np.newaxis] - centroids[np.newaxis]).transpose(2, 0, 1))
    u = between / metres if metres else np.where(between > 0, np.inf, 0.0)
    weights = {
        "uniform": (u <= 1) * 1.0,
        "triangular": np.maximum(1 - u, 0),
        "epanechnikov": np.maximum(1 - u**2, 0),
        "biweight": np.maximum(1 - u**2, 0) ** 2,
        "gaussian": np.where(u <= 4, np.exp(-(u**2) / 2), 0),
        "exponential": np.where(u <= 8, np.exp(-u), 0),
    }[kernel]
    shares = weights / weights.sum(axis=0)
    frame = pop.to_frame()
    frame[list(pop.groups)] = (shares @ pop.counts.T.reshape(len(shares), -1)).astype(float)
    return sgt.Population.from_frame(frame, list(pop.groups))
