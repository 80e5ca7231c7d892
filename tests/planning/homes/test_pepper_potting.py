"""Tenures among neighbours: beside plain loops, beside all ways to deal them out, and where they are mixed by design."""

import itertools
import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

import segregation_tools as sgt


def homes_of(tenures, points, **columns):
    places = geopandas.points_from_xy(*np.asarray(points, dtype=float).T, crs=32632)
    return geopandas.GeoDataFrame({"tenure": list(tenures), **columns}, geometry=places)


def plain(points, tenures, sites, k):
    """Tables of nearest neighbours and of joins, pair by pair; ties of whole coordinates are exact."""
    n, kinds = len(points), sorted(set(tenures))
    nearest = pd.DataFrame(0.0, index=kinds, columns=kinds)
    joined = set()
    for a in range(n):
        away = {
            b: (points[a][0] - points[b][0]) ** 2 + (points[a][1] - points[b][1]) ** 2
            for b in range(n)
            if b != a and sites[a] == sites[b]
        }
        if not away:
            continue
        first = [b for b in away if away[b] == min(away.values())]
        for b in first:
            nearest.loc[tenures[a], tenures[b]] += 1 / len(first)
        limit = sorted(away.values())[min(k, len(away)) - 1]
        joined |= {frozenset((a, b)) for b in away if away[b] <= limit}
    joins = {}
    for a, b in map(sorted, joined):
        key = tuple(sorted((tenures[a], tenures[b])))
        joins[key] = joins.get(key, 0) + 1
    return nearest, joins


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 25), k=st.integers(1, 6), side=st.integers(2, 9))
def test_counts_are_those_of_plain_loops(seed, n, k, side):
    """On few whole coordinates there are homes at one place, and many that are equally near."""
    rng = np.random.default_rng(seed)
    points, tenures = rng.integers(0, side, (n, 2)), [*rng.choice(list("sor"), n - 2), "s", "o"]
    sites = rng.choice(["x", "y"], n)
    sites[-2:] = "x"  # one site has two tenures
    found = sgt.pepper_potting(homes_of(tenures, points * 10, at=sites), site="at", neighbours=k, draws=0)
    nearest, joins = plain((points * 10).tolist(), tenures, sites, k)
    pairs = found.pairs()
    for start, row in nearest.iterrows():
        for end, many in row.items():
            assert pairs.loc[("nearest", start, end), "observed"] == pytest.approx(many)
    told = pairs.loc["joins", "observed"]
    assert {tuple(sorted(key)): many for key, many in told[told > 0].items()} == pytest.approx(joins)
    frame = found.to_frame()
    assert frame.loc[("nearest", "all"), "observed"] == pytest.approx(nearest.sum().sum() - np.trace(nearest))
    assert frame.loc[("joins", "all"), "observed"] == pytest.approx(sum(m for (a, b), m in joins.items() if a != b))
    for name in ("nearest", "joins"):
        np.testing.assert_allclose(
            frame.loc[name].iloc[:-1][["homes", "observed", "expected"]].sum(),
            frame.loc[(name, "all"), ["homes", "observed", "expected"]].astype(float),
        )


@settings(max_examples=4)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 3))
def test_expected_is_the_mean_of_all_ways_to_deal_tenures_out(seed, k):
    """Two sites of four and three homes: 24 × 6 ways."""
    rng = np.random.default_rng(seed)
    points, sites = rng.integers(0, 5, (7, 2)), list("xxxxyyy")
    tenures = ["s", "o", *rng.choice(list("sor"), 2), "s", "o", "r"]
    by_lot = sgt.pepper_potting(homes_of(tenures, points, at=sites), site="at", neighbours=k, draws=0)
    ways = [
        [*map(tenures.__getitem__, (*first, *second))]
        for first in itertools.permutations(range(4))
        for second in itertools.permutations(range(4, 7))
    ]
    found = [sgt.pepper_potting(homes_of(way, points, at=sites), site="at", neighbours=k, draws=0) for way in ways]
    np.testing.assert_allclose(by_lot.expected, np.mean([one.observed for one in found], axis=0), atol=1e-12)


def test_expected_is_the_mean_of_draws():
    rng = np.random.default_rng(4)
    points, sites = rng.random((60, 2)) * 100, rng.choice(list("xyz"), 60)
    found = sgt.pepper_potting(homes_of(rng.choice(list("sor"), 60), points, at=sites), site="at", draws=2000, rng=1)
    spread = found.draws.std(axis=0)
    assert (np.abs(found.draws.mean(axis=0) - found.expected) <= 4.5 * spread / np.sqrt(2000) + 1e-9).all()
    assert (spread > 0).any()


LATTICE = np.array(list(itertools.product(range(6), range(6)))) * 10


def test_a_checkerboard_is_mixed_and_two_halves_are_not():
    board = np.where(LATTICE.sum(axis=1) // 10 % 2, "s", "o")
    mixed = sgt.pepper_potting(homes_of(board, LATTICE), draws=199, rng=1, alternative="greater")
    assert mixed.value == pytest.approx(36 / (36 * 2 * 18 * 18 / (36 * 35)))  # all nearest are unlike
    assert float(mixed) == mixed.value
    assert mixed.p_value == 1 / 200
    halves = np.where(LATTICE[:, 0] < 30, "s", "o")
    apart = sgt.pepper_potting(homes_of(halves, LATTICE), draws=199, rng=1)
    assert apart.value < 0.4
    assert apart.p_value == pytest.approx(2 / 200)  # two-sided
    assert apart.to_frame().loc["joins", "ratio"] < 0.4
    assert sgt.pepper_potting(homes_of(halves, LATTICE), draws=199, rng=1, alternative="greater").p_value > 0.99


def test_p_values_by_lot_are_even():
    """Tenures dealt out by lot: as many p-values up to .2 as there should be."""
    rng, found = np.random.default_rng(5), []
    for truth in range(150):
        frame = homes_of(rng.permutation(list("ssssssssssssooooooooorrrr")), rng.random((25, 2)) * 100)
        found.append(sgt.pepper_potting(frame, draws=99, rng=truth).to_frame()["p"].to_numpy())
    for p in np.transpose(found):
        assert 12 <= (p <= 0.2).sum() <= 48  # 30 expected of continuous ones; ties make them fewer


def test_joins_are_those_of_join_counts():
    rng = np.random.default_rng(6)
    tenures = rng.choice(list("so"), 36)
    weights = rng.random((36, 36)) * (rng.random((36, 36)) < 0.2)
    np.fill_diagonal(weights, 0)
    found = sgt.pepper_potting(homes_of(tenures, LATTICE), graph=weights, draws=0).pairs().loc["joins"]
    other = sgt.join_counts((tenures == "o").astype(int), weights).to_frame()
    for pair, join in ((("o", "o"), "BB"), (("s", "s"), "WW"), (("o", "s"), "BW")):
        assert found.loc[pair, "observed"] == pytest.approx(other.loc[join, "value"])
        assert found.loc[pair, "expected"] == pytest.approx(other.loc[join, "expected"])


def test_polygons_may_be_joined_where_they_touch():
    cells = [box(x, y, x + 10, y + 10) for x, y in LATTICE]
    tenures = np.random.default_rng(7).choice(list("so"), 36)
    frame = geopandas.GeoDataFrame({"tenure": tenures}, geometry=cells, crs=32632)
    touching = sgt.pepper_potting(frame, graph=sgt.Contiguity(rule="rook"), draws=0)
    near = sgt.pepper_potting(frame, neighbours=1, draws=0)  # all that are as near as the nearest
    np.testing.assert_allclose(touching.observed, near.observed)
    points = sgt.pepper_potting(frame.set_geometry(frame.centroid), neighbours=1, draws=0)
    np.testing.assert_allclose(points.observed, near.observed)
    import libpysal

    graph = libpysal.graph.Graph.build_contiguity(frame.iloc[::-1], rook=True)
    np.testing.assert_allclose(sgt.pepper_potting(frame, graph=graph, draws=0).observed, touching.observed)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_order_of_rows_number_of_draws_and_units_of_length_decide_nothing(seed):
    rng = np.random.default_rng(seed)
    frame = homes_of(rng.choice(list("sor"), 30), rng.integers(0, 9, (30, 2)) * 8, at=rng.choice([1, 2], 30))
    found = sgt.pepper_potting(frame, site="at", draws=20, rng=seed)
    other = sgt.pepper_potting(frame.sample(frac=1, random_state=1), site="at", draws=50, rng=seed)
    np.testing.assert_allclose(found.observed, other.observed, atol=1e-12)
    np.testing.assert_allclose(found.draws, other.draws[:20], atol=1e-12)
    scaled = frame.set_geometry(frame.geometry.scale(0.001, 0.001, origin=(0, 0)))
    np.testing.assert_allclose(sgt.pepper_potting(scaled, site="at", draws=0).observed, found.observed, atol=1e-12)


def test_sites_are_measured_each_and_together():
    rng = np.random.default_rng(8)
    frame = homes_of(
        rng.choice(list("so"), 72), np.vstack([LATTICE, LATTICE + 1]), at=np.repeat(["north", "south"], 36)
    )
    both = sgt.pepper_potting(frame, site="at", draws=50, rng=1).to_frame()
    for name, its in frame.groupby("at"):
        alone = sgt.pepper_potting(its, draws=50, rng=1).to_frame()
        for measure in ("nearest", "joins"):
            columns = ["homes", "observed", "expected", "ratio"]
            np.testing.assert_allclose(
                both.loc[(measure, name), columns].astype(float), alone.loc[measure, columns].astype(float)
            )


def test_a_site_of_one_tenure_or_one_home_has_nothing_to_mix():
    frame = homes_of("ssssooosx", [*LATTICE[:8], (0, 900)], at=[*"aaaabbbb", "c"])
    found = sgt.pepper_potting(frame, site="at", draws=9, rng=1)
    ratios = found.to_frame().loc["nearest", "ratio"]
    assert np.isnan(ratios[["a", "c"]]).all()
    assert ratios["b"] == ratios["all"] == found.value
    assert found.to_frame().loc["nearest", "p"].isna().tolist() == [True, False, True, False]
    with pytest.warns(sgt.UndefinedWarning, match="no site has homes of two tenures"):
        assert np.isnan(sgt.pepper_potting(frame.iloc[:4], draws=9, rng=1).value)


def test_results_can_be_kept_and_shown():
    found = sgt.pepper_potting(homes_of("so" * 18, LATTICE), draws=9, rng=1)
    kept = pickle.loads(pickle.dumps(found))  # noqa: S301
    pd.testing.assert_frame_equal(kept.to_frame(), found.to_frame())
    assert list(found.to_frame().columns) == ["homes", "observed", "expected", "ratio", "p"]
    assert "36 homes of 2 tenures" in str(found)
    assert "nearest" in found._repr_html_()
    assert sgt.pepper_potting(homes_of("so" * 18, LATTICE), draws=0).to_frame()["p"].isna().all()


FINE = homes_of("so" * 18, LATTICE, at="a")


@pytest.mark.parametrize(
    ("homes", "given", "error", "message"),
    [
        (FINE, {"tenure": "kind"}, sgt.DataError, "no column 'kind'"),
        (FINE, {"site": "place"}, sgt.DataError, "no column 'place'"),
        (FINE.assign(tenure=[None, *"so" * 17, "s"]), {}, sgt.DataError, "homes without a 'tenure' in rows 0"),
        (FINE.assign(at=[*"a" * 35, None]), {"site": "at"}, sgt.DataError, "homes without a 'at' in rows 35"),
        (FINE.set_crs(4326, allow_override=True), {}, sgt.GeographyError, r"to_crs\(.*estimate_utm_crs"),
        (pd.DataFrame(FINE.drop(columns="geometry")), {}, sgt.GeographyError, "no geometry"),
        (FINE.set_geometry([None, *FINE.geometry[1:]]), {}, sgt.GeographyError, "units without geometry: 0"),
        (FINE.set_axis([1] * 36), {}, sgt.DataError, "more than once"),
        (FINE.iloc[:0], {}, sgt.DataError, "no rows"),
        ([1, 2], {}, sgt.DataError, "must be a GeoDataFrame"),
        (FINE, {"neighbours": 0}, sgt.OptionError, "neighbours"),
        (FINE, {"draws": 2.5}, sgt.OptionError, "draws"),
        (FINE, {"rng": None}, sgt.OptionError, "chance needs a source"),
        (FINE, {"alternative": "more"}, sgt.OptionError, "alternative"),
        (FINE, {"graph": np.eye(36)}, sgt.OptionError, "joins no two homes"),
        (FINE, {"graph": np.eye(9)}, sgt.DataError, "have the shape"),
    ],
)
@pytest.mark.filterwarnings("ignore:CRS not set:UserWarning")
def test_what_cannot_be_read_is_named(homes, given, error, message):
    with pytest.raises(error, match=message):
        sgt.pepper_potting(homes, **({"draws": 3, "rng": 1} | given))


def test_nothing_of_the_users_is_changed():
    frame = FINE.copy()
    sgt.pepper_potting(frame, draws=3, rng=1)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(FINE))
