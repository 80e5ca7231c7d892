"""Invented cities: their truth is known without computing it."""

import numpy as np
import pytest

import segregation_tools as sgt

KINDS = ["polygons", "points", "grid"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("groups", ["ab", "abcd"])
@pytest.mark.parametrize("pattern", ["checkerboard", "ghetto"])
def test_one_group_a_cell_is_complete_separation(pattern, groups, kind):
    city = sgt.synthetic_city(pattern, rows=4, cols=8, groups=list(groups), kind=kind)
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio, sgt.gini):
        assert index(city) == pytest.approx(1)
    np.testing.assert_allclose(sgt.exposure(city), np.eye(len(groups)))
    np.testing.assert_allclose(city.mix, 1 / len(groups))


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_has_textbook_values(kind):
    n = 20
    city = sgt.synthetic_city("gradient", rows=3, cols=n, kind=kind)
    assert sgt.dissimilarity(city) == pytest.approx(1 / 2)  # mean |p − ½| = ¼, over 2 · ¼
    assert sgt.variance_ratio(city) == pytest.approx((1 - 1 / n**2) / 3)  # variance of evenly spaced shares, over ¼
    assert sgt.gini(city) == pytest.approx(2 / 3 * (1 - 1 / n**2))  # mean difference (n² − 1)/(3 n²), over ½


def test_a_random_city_is_what_chance_gives():
    city = sgt.synthetic_city("random", rows=60, cols=60, groups=["a", "b", "c"], people=40, rng=5)
    for index in (sgt.dissimilarity, sgt.variance_ratio, sgt.mutual_information, sgt.information_theory):
        assert index(city) == pytest.approx(index.expected(city), rel=0.08)  # the values scatter by 1.7 %
    again = sgt.synthetic_city("random", rows=60, cols=60, groups=["a", "b", "c"], people=40, rng=5)
    np.testing.assert_array_equal(again.counts, city.counts)


def test_cells_lie_where_the_grid_says():
    table = sgt.synthetic_city("checkerboard", rows=2, cols=3, cell_size=50)
    points = sgt.synthetic_city("checkerboard", rows=2, cols=3, cell_size=50, kind="points")
    grid = sgt.synthetic_city("checkerboard", rows=2, cols=3, cell_size=50, kind="grid")
    np.testing.assert_allclose(table.geography.centroids, grid.geography.centroids)
    np.testing.assert_allclose(points.geography.centroids, grid.geography.centroids)
    np.testing.assert_allclose(table.geography.areas, grid.geography.areas.ravel())
    np.testing.assert_allclose(table.geography.perimeters, grid.geography.perimeters.ravel())
    np.testing.assert_array_equal(table.counts, grid.counts.reshape(2, -1))


def test_what_does_not_exist_is_refused():
    with pytest.raises(sgt.DataError, match="checkerboard"):
        sgt.synthetic_city("spiral")
    with pytest.raises(sgt.DataError, match="polygons"):
        sgt.synthetic_city(kind="hexagons")
    with pytest.raises(sgt.DataError, match="at least one row"):
        sgt.synthetic_city(rows=0)
    with pytest.raises(sgt.GeographyError, match="cell_size"):
        sgt.synthetic_city(cell_size=0)
    with pytest.raises(sgt.DataError, match="do not fit"):
        sgt.synthetic_district(3, 4, rng=1)


@pytest.mark.parametrize(("blocks", "schools"), [(1, 1), (7, 7), (90, 5), (600, 12)])
def test_districts_have_connected_zones_and_the_nearest_school(blocks, schools):
    district = sgt.synthetic_district(blocks, schools, rng=3)
    assert len(district.blocks) == blocks
    assert district.schools["block"].is_unique
    minutes = district.travel.to_numpy()
    chosen = district.blocks["school"]
    assert np.isfinite(minutes).all()
    np.testing.assert_array_equal(district.travel.columns[minutes.argmin(axis=1)], chosen)
    assert (chosen[district.schools["block"]].to_numpy() == district.schools.index).all()
    zones = district.blocks.dissolve("school")
    assert set(zones.index) == set(district.schools.index)
    assert (zones.geom_type == "Polygon").all()
    pupils = district.blocks[["a", "b", "c"]].sum(axis=1).groupby(chosen).sum()
    assert (district.schools["seats"] >= pupils.reindex(district.schools.index)).all()


def test_districts_are_segregated_and_repeat():
    one, two = (sgt.synthetic_district(400, 10, rng=8) for _ in range(2))
    assert one.blocks.equals(two.blocks)
    assert one.travel.equals(two.travel)
    other = sgt.synthetic_district(400, 5, rng=8)  # schools of another level, for the same pupils on the same roads
    assert other.blocks.drop(columns="school").equals(one.blocks.drop(columns="school"))
    there, back = one.travel.loc[other.schools["block"]], other.travel.loc[one.schools["block"]]
    np.testing.assert_allclose(there, back.T)
    pop = sgt.Population.from_frame(one.blocks, ["a", "b", "c"])
    assert sgt.dissimilarity(pop) > 2 * sgt.dissimilarity.expected(pop)


def test_a_country_is_mostly_empty_and_its_towns_follow_zipf():
    country = sgt.synthetic_country(400, 400, towns=12, people=200_000, rng=2)
    assert country.counts.dtype == np.int32
    assert (country.sizes == 0).mean() > 0.5
    assert 0.5 < country.sizes.sum() / 200_000 <= 1.01  # some towns reach beyond the border
    assert sgt.dissimilarity(country.within(sgt.Square(300))) > 5 * sgt.dissimilarity(
        country.within(sgt.Square(50_000))
    )
    again = sgt.synthetic_country(400, 400, towns=12, people=200_000, rng=2)
    np.testing.assert_array_equal(again.counts, country.counts)
    np.testing.assert_allclose(sgt.synthetic_country(60, 60, towns=1, people=5000, rng=1).sizes.sum(), 5000, rtol=0.5)
    with pytest.raises(sgt.DataError, match="a town and people"):
        sgt.synthetic_country(10, 10, towns=0, rng=1)
