"""Merged zones: beside all merges that there are, and rolls, ways and moves counted by hand."""

import itertools

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from shapely.geometry import box

import segregation_tools as sgt
from segregation_tools.planning.constraints import Rule

GROUPS = ["a", "b", "c"]
D, H, V = (sgt.minimize(index) for index in (sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio))
MOVES, TRAVEL = sgt.minimize(sgt.moves), sgt.minimize(sgt.travel_time)


# ---------------------------------------------------------------- districts, and all that can be done with them


class County:
    """A few zones of one to three blocks, some of which touch."""

    def __init__(self, zones, seed, groups=3):
        rng = np.random.default_rng(seed)
        self.zones, self.groups = [f"S{z}" for z in range(zones)], GROUPS[:groups]
        of = np.repeat(np.arange(zones), rng.integers(1, 4, zones))
        blocks = pd.Index([f"B{b:02d}" for b in rng.permutation(len(of))])
        self.counts = pd.DataFrame(rng.integers(0, 60, (len(of), groups)) + 1, index=blocks, columns=self.groups)
        self.current = pd.Series(np.array(self.zones)[of], index=blocks)
        self.minutes = pd.DataFrame(rng.uniform(1, 20, (len(of), zones)), index=blocks, columns=self.zones)
        self.edges = {(int(rng.integers(z)), z) for z in range(1, zones)}
        self.edges |= {tuple(sorted(map(int, rng.choice(zones, 2, replace=False)))) for _ in range(zones)}
        self.touching = np.zeros((len(of), len(of)))
        for a, b in self.edges:
            self.touching[rng.choice(np.flatnonzero(of == a)), rng.choice(np.flatnonzero(of == b))] = 1

    @property
    def sizes(self):
        return self.counts.sum(axis=1)

    def pair(self, **told):
        pupils = sgt.Population.from_frame(self.counts, self.groups)
        today = {"current": self.current, "schools": pd.DataFrame(index=self.zones), "travel": self.minutes}
        return sgt.pair_schools(pupils, **({"adjacency": self.touching, "grades": 4} | today | told))

    def hang_together(self, zones):
        inside = [edge for edge in self.edges if set(edge) <= set(zones)]
        return len(zones) == 1 or (len(inside) >= len(zones) - 1 and {z for edge in inside for z in edge} == set(zones))

    def partitions(self, largest, left=None):
        """All ways to put each zone into one connected set of at most so many."""
        left = list(range(len(self.zones))) if left is None else left
        if not left:
            yield []
            return
        for size in range(1, largest + 1):
            for others in itertools.combinations(left[1:], size - 1):
                if self.hang_together((left[0], *others)):
                    rest = [z for z in left[1:] if z not in others]
                    yield from ([(left[0], *others), *more] for more in self.partitions(largest, rest))

    def divisions(self, cluster, grades):
        """All ways to give each school of a cluster a run of grades: the share of pupils that each has."""
        for cuts in itertools.combinations(range(1, len(grades)), len(cluster) - 1):
            runs = [sum(grades[a:b]) for a, b in itertools.pairwise((0, *cuts, len(grades)))]
            yield from (dict(zip(order, runs, strict=True)) for order in itertools.permutations(cluster))

    def told(self, cluster, shares, cost):
        """Goal besides indices, and pupils moved, of one cluster; block by block."""
        paid = moved = 0.0
        for block, size in self.sizes.items():
            home = self.zones.index(self.current[block])
            for school, share in shares.items() if home in cluster else ():
                moved += size * share * (school != home)
                paid += size * share * cost(school != home, self.minutes.loc[block, self.zones[school]])
        return paid / self.sizes.sum(), moved

    def best(self, worth, cost, *, largest, grades, low=None, high=None, limit=np.inf, most=np.inf, may=None):
        """The lowest goal of all merges that keep to the rules; infinite where none do."""
        rolls = self.counts.groupby(self.current).sum().loc[self.zones]
        size = rolls.sum(axis=1).to_numpy()
        kept = {}

        def ways(cluster):
            if cluster not in kept:
                fits = may is None or may(cluster)
                kept[cluster] = [
                    self.told(cluster, shares, cost)
                    for shares in (self.divisions(cluster, grades) if fits else ())
                    if all(
                        (low is None or share * size[list(cluster)].sum() >= low[z] - 1e-9)
                        and (high is None or share * size[list(cluster)].sum() <= high[z] + 1e-9)
                        for z, share in shares.items()
                    )
                ]
            return kept[cluster]

        lowest = np.inf
        for parts in self.partitions(largest):
            if sum(len(part) > 1 for part in parts) > most or not all(map(ways, parts)):
                continue
            paid = (
                sum(min(ways(part))[0] for part in parts)
                if limit == np.inf
                else min(
                    (
                        sum(p for p, _ in choice)
                        for choice in itertools.product(*map(ways, parts))
                        if sum(m for _, m in choice) <= limit + 1e-9
                    ),
                    default=np.inf,
                )
            )
            if paid < np.inf:
                lowest = min(lowest, paid + worth(pd.DataFrame([rolls.iloc[list(part)].sum() for part in parts])))
        return lowest


def by_hand(county, found):
    """Whom each school has, and the pupils who attend another than today's, from the table of blocks and grades."""
    table, shares = found.to_frame(), found.grades
    rolls = pd.DataFrame(0.0, index=county.zones, columns=county.groups)
    moved = ways = 0.0
    for block, row in table.iterrows():
        for grade, share in shares.items():
            school = row[f"grade {grade}"]
            rolls.loc[school] += share * county.counts.loc[block]
            moved += share * county.sizes[block] * (school != county.current[block])
            ways += share * county.sizes[block] * county.minutes.loc[block, school]
    return rolls, moved / county.sizes.sum(), ways / county.sizes.sum()


def check_by_hand(county, found):
    """Each grade has one school of the cluster; rolls, moves, ways and the goal are what the table of grades says."""
    rolls, moved, ways = by_hand(county, found)
    clusters, grades = found.clusters, list(found.grades.index)
    np.testing.assert_allclose(clusters["roll"][county.zones], rolls.sum(axis=1))
    np.testing.assert_allclose(found.rolls["plan"].loc[county.zones], rolls)
    assert found.moved == pytest.approx(moved)
    assert found.after["moves"] == pytest.approx(moved)
    assert found.after["travel_time"] == pytest.approx(ways)
    assert found.after["dissimilarity"] == pytest.approx(sgt.dissimilarity(rolls, groups=county.groups))
    assert ((clusters["roll"] >= clusters["low"] - 1e-6) & (clusters["roll"] <= clusters["high"] + 1e-6)).all()
    for _, its in clusters.groupby("cluster"):
        served = [grades[grades.index(one.first) : grades.index(one.last) + 1] for one in its.itertuples()]
        assert all(served)
        assert list(itertools.chain(*served)) == grades
        assert county.hang_together([county.zones.index(school) for school in its.index])


GOALS = {
    "D, and moves": (None, sgt.dissimilarity, lambda moved, minutes: 0.1 * moved),
    "D": (D, sgt.dissimilarity, lambda moved, minutes: 0.0),
    "H, ways": (
        D + 2 * H + 0.01 * TRAVEL + 0.05 * MOVES,
        lambda rolls, groups: (
            sgt.dissimilarity(rolls, groups=groups) + 2 * sgt.information_theory(rolls, groups=groups)
        ),
        lambda moved, minutes: 0.05 * moved + 0.01 * minutes,
    ),
    "V": (V + 0.2 * MOVES, sgt.variance_ratio, lambda moved, minutes: 0.2 * moved),
    "exposure": (
        D * 0 + sgt.maximize(sgt.exposure, of=("a", "b")) + 0.05 * MOVES,
        lambda rolls, groups: -sgt.exposure(rolls, groups=groups).loc["a", "b"],
        lambda moved, minutes: 0.05 * moved,
    ),
}


@pytest.mark.parametrize("largest", [2, 3])
@pytest.mark.parametrize("case", GOALS)
@settings(max_examples=6)
@drawn(
    seed=st.integers(0, 10**6), zones=st.integers(2, 8), many=st.integers(3, 6), room=st.sampled_from([None, 0.1, 0.3])
)
def test_no_merges_are_better(case, largest, seed, zones, many, room):
    """Of all partitions into connected zones, and all divisions of the grades, none has a lower goal."""
    county = County(zones, seed)
    goal, worth, cost = GOALS[case]
    shares = np.random.default_rng(seed).dirichlet(np.full(many, 5))
    rules = [] if room is None else [sgt.capacity(within=room)]
    goal = goal if goal is None or case == "H, ways" else D * 0 + goal  # so that D is measured, too
    found = county.pair(goal=goal, grades=dict(enumerate(shares)), largest=largest, constraints=rules)
    today = county.sizes.groupby(county.current).sum()[county.zones].to_numpy()
    rooms = {} if room is None else {"low": (1 - room) * today, "high": (1 + room) * today}
    lowest = county.best(
        lambda rolls: worth(rolls, groups=county.groups), cost, largest=largest, grades=shares, **rooms
    )
    assert found.proven
    assert found.bound <= found.value + 1e-9
    assert found.value == pytest.approx(lowest, abs=1e-9)
    check_by_hand(county, found)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("largest", [2, 3])
def test_no_merges_of_ten_zones_are_better(seed, largest):
    county = County(10, seed, groups=2)
    found = county.pair(goal=D + 0.02 * MOVES, largest=largest, constraints=[sgt.capacity(within=0.25)], grades=6)
    today = county.sizes.groupby(county.current).sum()[county.zones].to_numpy()
    lowest = county.best(
        lambda rolls: sgt.dissimilarity(rolls, groups=county.groups),
        lambda moved, minutes: 0.02 * moved,
        largest=largest,
        grades=np.full(6, 1 / 6),
        low=0.75 * today,
        high=1.25 * today,
    )
    assert found.merges > 0
    assert found.value == pytest.approx(lowest, abs=1e-9)
    check_by_hand(county, found)


@settings(max_examples=25)
@drawn(
    seed=st.integers(0, 10**6),
    share=st.floats(0, 0.5),
    most=st.sampled_from([None, 1, 2]),
    largest=st.sampled_from([2, 3]),
)
def test_few_may_move_and_few_merge(seed, share, most, largest):
    """A merge may divide its grades in a way that is worse for the goal, and asks fewer to move."""
    county = County(5, seed)
    goal = D + 0.02 * TRAVEL
    found = county.pair(goal=goal, largest=largest, most=most, constraints=[sgt.most_moved(share)])
    lowest = county.best(
        lambda rolls: sgt.dissimilarity(rolls, groups=county.groups),
        lambda moved, minutes: 0.02 * minutes,
        largest=largest,
        grades=np.full(4, 1 / 4),
        limit=share * county.sizes.sum(),
        most=np.inf if most is None else most,
    )
    assert found.value == pytest.approx(lowest, abs=1e-9)
    assert found.moved <= share + 1e-9
    assert found.merges <= (5 if most is None else most)
    check_by_hand(county, found)


@settings(max_examples=20)
@drawn(seed=st.integers(0, 10**6), largest=st.sampled_from([2, 3]))
def test_merges_are_made_where_schools_are_too_full(seed, largest):
    """Zones that cannot stay merge even where the goal rises; where nothing fits, it is said."""
    county = County(6, seed)
    today = county.sizes.groupby(county.current).sum()[county.zones]
    seats = pd.Series(np.random.default_rng(seed).permutation(today) * 1.2, index=county.zones)
    told = {"goal": D + 0.5 * MOVES, "largest": largest, "grades": 6, "constraints": [sgt.capacity(seats=seats)]}
    lowest = county.best(
        lambda rolls: sgt.dissimilarity(rolls, groups=county.groups),
        lambda moved, minutes: 0.5 * moved,
        largest=largest,
        grades=np.full(6, 1 / 6),
        high=seats.to_numpy(),
    )
    if lowest == np.inf:
        with pytest.raises(sgt.DataError, match=r"cannot stay as they are.*[Ll]oosen capacity\(seats"):
            county.pair(**told)
        return
    found = county.pair(**told)
    assert found.value == pytest.approx(lowest, abs=1e-9)
    check_by_hand(county, found)


def test_pairs_of_a_city_are_a_matching_of_the_most_weight(real_data):
    """Pairs of Chicago's elementary zones, beside Edmonds' algorithm: another way to the proof."""
    networkx = pytest.importorskip("networkx")
    units = geopandas.read_file(real_data / "chicago_planning.gpkg", layer="units").set_index("unit_id").to_crs(26916)
    groups = [f"u18_{group}" for group in ("white", "black", "hisp", "asian", "other")]
    pupils = sgt.Population.from_frame(units, groups)
    schools = pd.DataFrame(index=np.unique(units["zone_es"]))
    today = {"current": units["zone_es"], "schools": schools, "grades": 9}
    touching = pupils.geography.adjacency("rook", 1.0)
    merged = sgt.pair_schools(pupils, **today, adjacency=touching, goal=D)
    rolls = units.groupby("zone_es")[groups].sum()
    at = units["zone_es"].to_numpy()
    a, b = touching.nonzero()
    graph = networkx.Graph((min(pair), max(pair)) for pair in zip(at[a], at[b], strict=True) if len(set(pair)) == 2)
    mix, total = rolls.sum() / rolls.to_numpy().sum(), rolls.to_numpy().sum()
    scale = 2 * (1 - (mix**2).sum()) * total

    def uneven(counts):
        return (counts - mix * counts.sum()).abs().sum() / scale

    alone = rolls.apply(uneven, axis=1)
    for one, other in graph.edges:
        graph[one][other]["weight"] = alone[one] + alone[other] - uneven(rolls.loc[one] + rolls.loc[other])
    best = networkx.max_weight_matching(graph)
    gained = sum(graph[one][other]["weight"] for one, other in best)
    assert merged.proven
    assert merged.before["dissimilarity"] == pytest.approx(alone.sum())
    assert merged.after["dissimilarity"] == pytest.approx(alone.sum() - gained, abs=1e-9)
    three = sgt.pair_schools(pupils, **today, adjacency=touching, goal=D, largest=3)
    assert three.proven
    assert three.value < merged.value


# ---------------------------------------------------------------- ways to divide the grades


def street(counts, minutes=None, **told):
    """Zones in a row, a block each, two groups."""
    many = len(counts)
    blocks, schools = [f"B{i}" for i in range(many)], list("ABCDEF")[:many]
    pupils = sgt.Population(np.array(counts).T, ["x", "y"], units=blocks)
    touching = np.eye(many, k=1)
    travel = None if minutes is None else pd.DataFrame(minutes, index=blocks, columns=schools, dtype=float)
    today = {"current": pd.Series(schools, index=blocks), "schools": pd.DataFrame(index=schools), "travel": travel}
    return sgt.pair_schools(pupils, **({"adjacency": touching, "grades": 6, "goal": D} | today | told))


def grades_of(found):
    return {school: (row["first"], row["last"]) for school, row in found.clusters.iterrows()}


def test_the_larger_zone_keeps_more_of_its_pupils():
    """200 and 100 pupils, six grades: five grades at the larger school move 200/6 + 100·5/6 of 300."""
    found = street([[150, 50], [0, 100]])
    assert grades_of(found) == {"A": (1, 5), "B": (6, 6)}
    assert found.moved == pytest.approx((200 / 6 + 100 * 5 / 6) / 300)
    assert found.after["dissimilarity"] == pytest.approx(0, abs=1e-12)
    held = street([[150, 50], [0, 100]], constraints=[sgt.capacity(within=0.3)])
    assert grades_of(held) == {"A": (1, 4), "B": (5, 6)}
    assert held.clusters["roll"].to_dict() == pytest.approx({"A": 200, "B": 100})
    assert held.clusters["high"].to_dict() == pytest.approx({"A": 260, "B": 130})


def test_of_equals_the_shorter_ways_and_then_the_first_school():
    """Zones of one size: as many move however the grades are divided; ways, then the order of schools, decide."""
    even = [[90, 10], [10, 90]]
    assert grades_of(street(even)) == {"A": (1, 1), "B": (2, 6)}
    nearer = street(even, minutes=[[1, 9], [2, 9]])
    assert grades_of(nearer) == {"A": (1, 5), "B": (6, 6)}
    assert nearer.before["travel_time"] == pytest.approx(5)
    assert nearer.after["travel_time"] == pytest.approx((1.5 * 5 + 9) / 6)


def test_grades_have_the_shares_they_are_given():
    sizes = {"low": 30, "middle": 20, "high": 50}
    found = street([[90, 10], [10, 90]], grades=sizes, constraints=[sgt.capacity(within=0.01)])
    assert grades_of(found) == {"A": ("low", "middle"), "B": ("high", "high")}
    assert found.grades.to_dict() == pytest.approx({"low": 0.3, "middle": 0.2, "high": 0.5})
    assert street([[90, 10], [10, 90]], grades=["K", "1"]).grades.to_dict() == {"K": 0.5, "1": 0.5}
    assert street([[90, 10], [10, 90]], grades=pd.Series(sizes)).grades.to_dict() == found.grades.to_dict()


def test_merges_that_gain_nothing_are_not_made():
    """Neighbours on one side of the region's mix: merged, D is what it was."""
    found = street([[90, 10], [95, 5], [50, 50], [20, 80], [10, 90]])
    assert merged(found) == {("B", "C")}
    assert found.clusters["gain"].tolist()[2:] == [0, 0, 0]
    uniform = street([[80, 20], [160, 40]])
    assert (uniform.merges, uniform.moved, uniform.gap) == (0, 0, 0)
    assert grades_of(uniform) == {"A": (1, 6), "B": (1, 6)}
    assert uniform.before.equals(uniform.after)


@pytest.mark.parametrize("most", [None, 1])
def test_zones_that_cannot_stay_merge_though_nothing_is_gained(most):
    """150 and 50 pupils, both groups alike, for 100 seats each: D is 0 before and after, and two of four grades fit."""
    room = sgt.capacity(seats=pd.Series({"A": 100, "B": 100}), low=50)
    found = street([[75, 75], [25, 25]], grades=4, constraints=[room], most=most)
    assert found.clusters["roll"].to_dict() == pytest.approx({"A": 100, "B": 100})
    assert (found.merges, found.value, found.proven) == (1, 0, True)


def test_bands_and_walkers_are_goals_too():
    """Of 100 pupils in each zone, 30 of x are beyond 60 % in A and 30 short of 40 % in B; merged, none."""
    band = sgt.minimize(sgt.outside_band("x", 0.4, 0.6))
    found = street([[90, 10], [10, 90]], goal=band)
    assert found.before["outside_band(group='x', low=0.4, high=0.6)"] == pytest.approx(60 / 200)
    assert (found.value, found.merges) == (pytest.approx(0, abs=1e-12), 1)
    minutes = [[5, 9], [5, 25]]  # whose school is B cannot walk there today, and can to A; those of A can walk to both
    walks = band + sgt.minimize(sgt.walkers_lost(10))
    assert street([[90, 10], [10, 90]], minutes, goal=walks).value == pytest.approx(0, abs=1e-12)
    minutes[0][1] = 11  # those of A lose a walk of a sixth of their years, that of the shortest stay at B
    far = street([[90, 10], [10, 90]], minutes, goal=walks)
    assert far.value == pytest.approx(100 / 6 / 200)
    assert grades_of(far) == {"A": (1, 5), "B": (6, 6)}


def test_the_best_merges_stand_first_and_gain_what_the_goal_falls():
    found = street([[90, 10], [10, 90], [70, 30], [30, 70]])
    table = found.clusters
    assert table["cluster"].tolist() == [1, 1, 2, 2]
    assert list(table.index) == ["A", "B", "C", "D"]
    gains = table.groupby("cluster")["gain"].first()
    assert gains[1] > gains[2] > 0
    assert found.before["dissimilarity"] - found.after["dissimilarity"] == pytest.approx(gains.sum())
    one = street([[90, 10], [10, 90], [70, 30], [30, 70]], most=1)
    assert one.merges == 1
    assert one.clusters["schools"].to_dict() == {"A": 2, "B": 2, "C": 1, "D": 1}
    assert street([[90, 10], [10, 90]], most=0).merges == 0


def test_three_zones_need_not_all_touch():
    """A and C touch B only; the three are of the region's mix together, and no two are."""
    counts = [[100, 0], [50, 50], [0, 100]]
    assert street(counts).after["dissimilarity"] == pytest.approx(street(counts).before["dissimilarity"])
    found = street(counts, largest=3)
    assert found.clusters["cluster"].tolist() == [1, 1, 1]
    assert found.after["dissimilarity"] == pytest.approx(0, abs=1e-12)


# ---------------------------------------------------------------- rules


MIXED = [[90, 10], [10, 90], [20, 80], [80, 20]]  # B and C alone gain nothing by each other


def merged(found):
    return {tuple(its.sort_index().index) for _, its in found.clusters.groupby("cluster") if len(its) > 1}


def test_rules_of_places_hold_for_every_school_of_the_merged_zone():
    assert merged(street(MIXED)) == {("A", "B"), ("C", "D")}
    assert merged(street(MIXED, constraints=[sgt.locked(["B0"])])) == {("C", "D")}
    assert merged(street(MIXED, constraints=[sgt.forbidden([("B1", "A")])])) == {("C", "D")}
    minutes = np.full((4, 4), 9.0)
    np.fill_diagonal(minutes, 3)
    minutes[2, 3] = 10
    assert merged(street(MIXED, minutes, constraints=[sgt.longest_trip(minutes=9)])) == {("A", "B")}
    assert merged(street(MIXED, minutes, constraints=[sgt.longest_trip(ratio=3)])) == {("A", "B")}
    assert merged(street(MIXED, minutes, constraints=[sgt.longest_trip(ratio=10 / 3)])) == {("A", "B"), ("C", "D")}


def test_who_stays_together_is_in_one_merged_zone():
    """B and C share a village: they merge, or stay apart with nobody; a village within a zone asks for nothing."""
    village = sgt.together({"B1": "village", "B2": "village"})
    found = street(MIXED, constraints=[village])
    assert merged(found) == {("B", "C")}
    apart = street(MIXED, constraints=[sgt.together({"B0": "hamlet"})])
    assert merged(apart) == {("A", "B"), ("C", "D")}
    with pytest.raises(sgt.DataError, match=r"'A', 'C' cannot stay"):
        street(MIXED, constraints=[sgt.together({"B0": "far", "B2": "far"})])
    assert ("A", "B", "C") in merged(street(MIXED, largest=3, constraints=[sgt.together({"B0": "far", "B2": "far"})]))


def test_a_zone_that_may_not_even_have_its_own_school_is_named():
    with pytest.raises(sgt.DataError, match=r"zones of 'A' cannot stay .* loosen forbidden\(1 pairs\) for them"):
        street(MIXED, constraints=[sgt.forbidden([("B0", "A")])])
    seats = {"A": 50, "B": 1000, "C": 50, "D": 1000}
    with pytest.raises(sgt.DataError, match="no choice of merges keeps to the rules"):
        street([[90, 10], [10, 90], [80, 20]], most=0, constraints=[sgt.capacity(seats=seats)])


def test_borders_are_those_of_the_rule_of_contiguity():
    """Two squares five metres apart, and an island."""
    squares = geopandas.GeoDataFrame(
        {"x": [90, 10], "y": [10, 90]},
        index=["B0", "B1"],
        geometry=[box(0, 0, 900, 900), box(905, 0, 2000, 900)],
        crs=32610,
    )
    pupils = sgt.Population.from_frame(squares, ["x", "y"])
    today = {
        "current": pd.Series(["A", "B"], index=squares.index),
        "schools": pd.DataFrame(index=["A", "B"]),
        "grades": 2,
    }
    assert sgt.pair_schools(pupils, **today).merges == 0
    assert sgt.pair_schools(pupils, **today, constraints=[sgt.contiguous()]).merges == 0
    wide = sgt.pair_schools(pupils, **today, constraints=[sgt.contiguous(tolerance=6)])
    assert wide.merges == 1
    table = wide.to_frame()
    assert isinstance(table, geopandas.GeoDataFrame)
    assert table.geometry.tolist() == squares.geometry.tolist()
    exempt = sgt.contiguous(tolerance=6, exempt=["B1"])
    assert sgt.pair_schools(pupils, **today, constraints=[exempt]).merges == 0


def test_a_school_without_a_zone_stays_as_it_is():
    found = street([[90, 10], [10, 90]], schools=pd.DataFrame(index=["A", "new", "B"]))
    assert merged(found) == {("A", "B")}
    assert found.clusters.loc["new", ["roll_today", "roll", "schools"]].tolist() == [0, 0, 1]


# ---------------------------------------------------------------- what is told


def test_the_burden_is_that_of_an_average_year():
    """Pupils of A go to B in two of six grades, those of B to A in four."""
    minutes = [[2, 8], [6, 4]]
    found = street([[150, 50], [0, 100]], minutes, constraints=[sgt.capacity(within=0.3)])
    burden = found.burden(walk=5)
    assert burden["moved"].to_dict() == pytest.approx({"x": 150 / 3, "y": 50 / 3 + 200 / 3, "all": 400 / 3})
    assert burden["minutes_now"].to_dict() == pytest.approx(
        {"x": 4, "y": (50 * 4 + 100 * (6 * 2 / 3 + 4 / 3)) / 150, "all": (200 * 4 + 100 * 16 / 3) / 300}
    )
    assert burden["walkers_lost"].to_dict() == pytest.approx({"x": 50, "y": 250 / 3, "all": 400 / 3})
    without = street([[150, 50], [0, 100]], constraints=[sgt.capacity(within=0.3)])
    assert list(without.burden()) == ["pupils", "moved", "share_moved", "ratio_moved"]
    pd.testing.assert_frame_equal(without.burden(), burden[list(without.burden())])
    assert "travel_time" not in without.after
    assert not any("minutes" in name for name in without.to_frame())


def test_every_block_is_told_its_school_in_each_grade():
    found = street(
        [[150, 50], [0, 100]], [[2, 8], [6, 4]], grades=["K", "1", "2"], constraints=[sgt.capacity(within=0.3)]
    )
    table = found.to_frame()
    assert table.loc["B0"].to_dict() == pytest.approx(
        {"current": "A", "cluster": 1, "grade K": "A", "grade 1": "A", "grade 2": "B", "moved": 1 / 3}
        | {"minutes_before": 2, "minutes_now": 4}
    )
    assert table.loc["B1", ["grade K", "grade 1", "grade 2"]].tolist() == ["A", "A", "B"]


def test_it_is_read_as_a_table():
    found = street([[90, 10], [10, 90]])
    assert "1 merges of 2 of 2 zones; 50.0% of pupils" in str(found)
    assert "dissimilarity 0.8000 0.0000" in str(found).replace("  ", " ")
    assert "<td>0.8000</td>" in found._repr_html_()
    assert "merges" in found._repr_html_()
    assert "0 merges" in str(street([[80, 20], [160, 40]]))


def test_nothing_of_the_users_is_changed_and_the_answer_is_the_same_again():
    county = County(7, 3)
    kept = [frame.copy() for frame in (county.counts, county.minutes)], county.touching.copy()
    one, other = (county.pair(largest=3, goal=D) for _ in range(2))
    assert one.to_frame().equals(other.to_frame())
    assert all(was.equals(now) for was, now in zip(kept[0], (county.counts, county.minutes), strict=True))
    assert (kept[1] == county.touching).all()


def test_without_time_what_is_told_is_not_called_proven():
    """A time too short for the solver: today's zones or some merges, and a bound that holds."""
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 100, (900, 4)) + 1
    blocks = pd.RangeIndex(900)
    pupils = sgt.Population(counts.T, list("abcd"), units=blocks)
    grid = np.arange(900).reshape(30, 30)
    touching = np.zeros((900, 900))
    touching[grid[:, 1:].ravel(), grid[:, :-1].ravel()] = touching[grid[1:].ravel(), grid[:-1].ravel()] = 1
    today = {"current": pd.Series(blocks, index=blocks), "schools": pd.DataFrame(index=blocks), "adjacency": touching}
    found = sgt.pair_schools(pupils, **today, grades=6, goal=D, seconds=1e-6)
    assert not found.proven
    assert found.gap > 0
    assert "could be lower by" in str(found)
    best = sgt.pair_schools(pupils, **today, grades=6, goal=D)
    assert best.proven
    assert found.bound <= best.value <= found.value


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("told", "error", "says"),
    [
        ({"largest": 4}, sgt.OptionError, "largest must be 2 or 3"),
        ({"largest": True}, sgt.OptionError, "largest must be 2 or 3"),
        ({"grades": 1}, sgt.OptionError, "1 grades cannot be divided"),
        ({"grades": 2, "largest": 3}, sgt.OptionError, "2 grades cannot be divided between 3"),
        ({"most": -1}, sgt.OptionError, "most must be"),
        ({"most": 1.5}, sgt.OptionError, "most must be"),
        ({"seconds": 0}, sgt.OptionError, "seconds must be"),
        ({"goal": sgt.dissimilarity}, sgt.OptionError, "goal must be"),
        ({"goal": sgt.minimize(sgt.gini)}, sgt.CapabilityError, "gini is no sum over zones"),
        ({"goal": sgt.minimize(sgt.atkinson)}, sgt.CapabilityError, "atkinson.* is no sum over zones"),
        ({"goal": sgt.minimize(sgt.boundary_dissimilarity)}, sgt.CapabilityError, "boundary_dissimilarity is no sum"),
        ({"goal": sgt.minimize(sgt.worst_school(sgt.dissimilarity))}, sgt.CapabilityError, "worst_school"),
        ({"goal": sgt.minimize(sgt.split_feeders)}, sgt.CapabilityError, "split_feeders is no sum"),
        ({"goal": D + TRAVEL}, sgt.DataError, "travel_time may read minutes: give travel="),
        ({"goal": sgt.minimize(sgt.walkers_lost(9))}, sgt.DataError, "walkers_lost.* may read minutes"),
        ({"constraints": [sgt.longest_trip(minutes=9)]}, sgt.DataError, r"longest_trip\(minutes=9\) may read minutes"),
        ({"constraints": sgt.contiguous()}, sgt.OptionError, "constraints must be a list"),
        ({"constraints": [sgt.locked(["nowhere"])]}, sgt.DataError, "nowhere"),
        (
            {"schools": pd.DataFrame({"open": [True, False]}, index=["A", "B"])},
            sgt.DataError,
            "schools that close: 'B'",
        ),
        ({"schools": pd.DataFrame(index=["A"])}, sgt.DataError, "not in the index of schools: 'B'"),
        ({"adjacency": None}, sgt.GeographyError, "geometry"),
        ({"adjacency": np.eye(3)}, sgt.DataError, "adjacency is of 3"),
    ],
)
def test_what_cannot_be_is_refused(told, error, says):
    with pytest.raises(error, match=says):
        street([[90, 10], [10, 90]], **told)


def test_a_rule_of_ones_own_is_refused():
    class Odd(Rule):
        """A rule of which nothing is known."""

    with pytest.raises(sgt.CapabilityError, match="cannot keep"):
        street([[90, 10], [10, 90]], constraints=[Odd()])


def test_groups_that_an_index_cannot_compare_are_refused():
    county = County(3, 1)
    one = sgt.Population.from_frame(county.counts, ["a"])
    today = {"current": county.current, "schools": pd.DataFrame(index=county.zones), "adjacency": county.touching}
    with pytest.raises(sgt.GroupError, match="none for it to meet"):
        sgt.pair_schools(one, **today, grades=3)
    with pytest.raises(sgt.GroupError, match="two groups"):
        county.pair(goal=sgt.minimize(sgt.interaction))
    with pytest.raises(sgt.GroupError, match="'d'"):
        county.pair(goal=sgt.minimize(sgt.isolation, of="d"))
