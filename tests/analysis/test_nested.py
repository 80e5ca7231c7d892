"""Tiers: parts that add up, places that add up, and the multilevel index of dissimilarity."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.cases import assert_same

import segregation_tools as sgt
from segregation_tools.indices.index import stocked

ADD_UP = [index for index in stocked().values() if index.decomposable]


@pytest.fixture(scope="module")
def schools(real_data):
    pupils = pd.read_csv(real_data / "schools00.csv")
    return sgt.Population.from_long(pupils, unit="school", group="race", count="n", tiers=["state", "district"])


@st.composite
def nests(draw):
    """Units in quarters in towns, some of them empty."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    units = draw(st.integers(4, 25))
    quarter = np.sort(chance.integers(0, 6, units))
    tiers = pd.DataFrame({"town": quarter // 2, "quarter": quarter})
    counts = chance.integers(0, 30, (2, units)) * chance.integers(0, 2, units)
    counts[:, [0, -1]] += [[3, 9], [8, 2]]
    return sgt.Population(counts, ["a", "b"], tiers=tiers)


@pytest.mark.parametrize("index", ADD_UP, ids=lambda index: index.__name__)
@settings(max_examples=30)
@given(pop=nests())
def test_parts_are_between_and_within_of_every_place(index, pop):
    found = sgt.decompose_tiers(index, pop)
    table = found.to_frame()
    assert table["tier"].tolist() == ["town", "quarter", "unit"]
    assert_same(table["value"].sum(), index(pop), 1e-9)
    assert float(found) == index(pop)
    if index(pop) > 1e-9:
        assert_same(table["share"].sum(), 1, 1e-9)
    assert (table["value"] > -1e-12).all()
    for tier in ("town", "quarter"):
        places = found.places(tier)
        assert_same((places["between"] + places["within"]).sum(), index(pop), 1e-9)
        assert (places["within"] > -1e-12).all()
        assert (places["between"] > -1e-12).all() or index in (sgt.relative_diversity, sgt.hutchens)
        codes = pop.tiers[tier].to_numpy()
        for place, row in places.iterrows():
            here = pop.counts[:, codes == place]
            assert row["people"] == here.sum()
            if (here.sum(axis=1) > 0).all():
                assert_same(row["value"], index(sgt.Population(here, ["a", "b"])), 1e-8)


def test_values_of_the_r_package_segregation(schools):
    """Elbers: mutual_total_nested, mutual_within."""
    m, h = (sgt.decompose_tiers(index, schools) for index in (sgt.mutual_information, sgt.information_theory))
    assert_same(m.to_frame()["value"], [0.0992437012829429, 0.23870879550591, 0.0875864790875664], 1e-10)
    assert_same(h.to_frame()["value"], [0.0976739843572132, 0.234933188270566, 0.086201142014165], 1e-10)
    states = m.places("state")
    assert_same(states["value"], [0.408596522834574, 0.254995859585263, 0.345022055434215], 1e-10)
    assert_same(states["people"] / states["people"].sum(), [0.276881852122328, 0.403542510928647, 0.319575636949025])
    assert_same(h.places("state")["value"], [0.496921569209236, 0.268088400301113, 0.361125742152516], 1e-10)
    assert h.places("state")["within"].sum() == pytest.approx(0.3211343, abs=5e-8)


def test_england_and_wales(real_data):
    areas = pd.read_parquet(real_data / "mlid_oa_ethnicity_2011_ew.parquet").set_index("OA")
    tiers = ["RGN", "LAD", "MSOA", "LSOA"]
    groups = [name for name in areas if name not in ("Persons", *tiers)]
    found = sgt.decompose_tiers(sgt.mutual_information, sgt.Population.from_frame(areas, groups, tiers=tiers))
    parts = [0.0747497687198, 0.0753495765339, 0.0567528022298, 0.0205555422117, 0.0433874799561]
    assert_same(found.to_frame()["value"], parts, 1e-9)


@pytest.mark.parametrize("index", [sgt.mutual_information, sgt.information_theory, sgt.relative_diversity])
def test_delaware_between_counties_is_what_the_county_table_says(real_data, index):
    """Tracts nested in counties, beside the census's own table of counties."""
    groups = ["pop_white", "pop_black", "pop_hisp", "pop_asian"]
    tracts, counties = (
        geopandas.read_parquet(real_data / f"delaware_{units}_2010.parquet").set_index("GEOID")
        for units in ("tracts", "counties")
    )
    tracts["county"] = tracts.index.str[:5]
    pop = sgt.Population.from_frame(tracts, groups, tiers=["county"])
    found = sgt.decompose_tiers(index, pop)
    between, within = found.to_frame().set_index("tier")["value"]
    assert between == pytest.approx(index(counties, groups=groups), abs=1e-12)
    assert between + within == pytest.approx(index(tracts, groups=groups), abs=1e-12)
    places = found.places("county")
    for county, part in tracts.groupby("county"):
        weight = index.within(part[groups].sum().to_numpy(), tracts[groups].sum().to_numpy())
        assert places.loc[county, "within"] == pytest.approx(weight * index(part, groups=groups), abs=1e-12)


def test_harris_multilevel_index(real_data):
    """The published figures of the R package MLID, and Bangladeshi beside White British at two scales."""
    areas = pd.read_csv(real_data / "mlid_aggdata_lsoa_ew2011.csv.gz").set_index("LSOA")
    pop = sgt.Population.from_frame(areas, ["Bangladeshi", "WhiteBrit"], tiers=["RGN", "LAD", "MSOA"])
    found = sgt.multilevel_dissimilarity(pop)
    table = found.to_frame().set_index("tier").loc[["unit", "MSOA", "LAD", "RGN"]]
    assert (100 * table["share"]).round(2).tolist() == [25.41, 32.42, 35.92, 6.25]
    assert (100 * table["holdback"]).round(2).tolist() == [-7.44, -9.02, -5.09, -14.96]
    assert round(found.value, 3) == 0.772
    assert found.places("LAD")["impact"].idxmax() == "Tower Hamlets"
    small = pd.read_parquet(real_data / "mlid_oa_ethnicity_2011_ew.parquet")
    assert round(sgt.dissimilarity(small, groups=["Bangladeshi", "WhiteBrit"]), 3) == 0.852


@settings(max_examples=15)
@given(pop=nests())
def test_random_effects_are_those_of_the_dense_matrix(pop):
    """V = Σ τ_l Z_l Z_lᵀ + σ² 1: the likelihood, and the effects as its conditional means."""
    from segregation_tools.analysis.nested import _Nest

    codes = [pd.factorize(pop.tiers[tier], sort=True)[0] for tier in pop.tiers]
    apart = np.random.default_rng(1).normal(size=len(pop))
    variances = np.array([0.7, 0.4, 1.3])
    blocks = [tau * (c[:, None] == c) for tau, c in zip(variances, codes, strict=False)]
    matrix = sum(blocks) + 1.3 * np.eye(len(pop))
    nest = _Nest(codes)
    _, squares, log_det = nest._upwards(apart, variances)
    inverse = np.linalg.inv(matrix)
    assert_same(squares, apart @ inverse @ apart, 1e-9)
    assert_same(log_det, np.linalg.slogdet(matrix)[1], 1e-9)
    effects = nest.effects(apart, variances)
    assert_same(effects[:-1], np.stack([block @ inverse @ apart for block in blocks]), 1e-9)
    assert_same(effects.sum(axis=0), apart)


def test_d_is_half_the_sum_of_the_differences(schools):
    pop = schools[["black", "white"]]
    found = sgt.multilevel_dissimilarity(pop)
    assert_same(np.abs(found.differences).sum() / 2, sgt.dissimilarity(pop))
    assert_same(found.to_frame()["share"].sum(), 1)
    assert_same(found.places("state")["share"].sum(), 1)
    assert "by tier" in str(found)
    assert "<table" in found._repr_html_()


def test_what_does_not_add_up_is_refused(schools):
    with pytest.raises(sgt.CapabilityError, match="gini does not add up over tiers"):
        sgt.decompose_tiers(sgt.gini, schools)
    with pytest.raises(sgt.DataError, match=r"tiers=\['county'\]"):
        sgt.decompose_tiers(sgt.mutual_information, sgt.synthetic_city("ghetto"))
    with pytest.raises(sgt.DataError, match=r"tiers=\['county'\]"):
        sgt.multilevel_dissimilarity(sgt.synthetic_city("ghetto"))
    with pytest.raises(sgt.CapabilityError, match="two groups are compared"):
        sgt.multilevel_dissimilarity(schools)
    for tier in ([0, 1, 2, 3], ["a", "a", "b", "b"]):
        tiers = pd.DataFrame({"broad": ["x", "x", "y", "y"], "tier": tier})
        alike = sgt.Population([[5, 6, 7, 8], [1, 9, 2, 3]], ["a", "b"], tiers=tiers)
        with pytest.raises(sgt.DataError, match="variances cannot be told apart: leave it out"):
            sgt.multilevel_dissimilarity(alike)
    even = sgt.Population([[5] * 4, [7] * 4], ["a", "b"], tiers=pd.DataFrame({"t": list("aabb")}))
    with pytest.warns(sgt.UndefinedWarning, match="D is 0"):
        nothing = sgt.multilevel_dissimilarity(even)
    assert nothing.value == 0
    assert (nothing.to_frame()["variance"] == 0).all()
    assert nothing.to_frame()[["share", "holdback"]].isna().all(axis=None)
    found = sgt.decompose_tiers(sgt.mutual_information, schools)
    for wrong in (found.places, sgt.multilevel_dissimilarity(schools.versus("black")).places):
        with pytest.raises(sgt.OptionError, match="tier must be one of 'state', 'district', not 'county'"):
            wrong("county")
    assert "mutual_information 0.4255, by tier" in str(found)
    assert "<table" in found._repr_html_()
