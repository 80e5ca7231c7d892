"""Pictures: the numbers on them are those of the result, whoever gives the axes, and nothing else is touched."""

import inspect

import geopandas
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from pandas.testing import assert_frame_equal, assert_series_equal

import segregation_tools as sgt
from segregation_tools.views.drawing.clusters import COLOURS
from segregation_tools.views.drawing.door import PICTURES, _keywords
from segregation_tools.views.drawing.pairs import MIXED, thirds
from segregation_tools.views.drawing.sheet import plain
from segregation_tools.views.maps import CLASSES, NOBODY
from segregation_tools.views.zones import FILLS
from tests.planning.towns import Town

GROUPS = ["white", "black", "asian", "hispanic"]

CALLED = {
    "High-High": "high among high",
    "Low-Low": "low among low",
    "Low-High": "low among high",
    "High-Low": "high among low",
    "Insignificant": "not significant",
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def frame(tracts):
    """Fifty tracts, in the fourth of which nobody lives."""
    some = tracts.head(50).to_crs(32610)
    some.loc[some.index[3], GROUPS] = 0
    return some


@pytest.fixture(scope="module")
def pop(frame):
    return sgt.Population.from_frame(frame, GROUPS, tiers=["county"])


@pytest.fixture(scope="module")
def cells():
    return sgt.synthetic_city("gradient", rows=6, cols=8, groups=["a", "b"], kind="grid")


@pytest.fixture(scope="module")
def town():
    return Town(blocks=60, schools=4, seed=1)


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone(steps=40_000)


@pytest.fixture(scope="module")
def homes(frame, pop):
    sites = frame.set_geometry(frame.representative_point())[["geometry"]].iloc[::5].assign(capacity=100)
    persons = pd.DataFrame([[1.4, 0.1, 0.4, 0.5], [0.6, 0.5, 0.4, 1.0]], ["owned", "rented"], GROUPS)
    wanted = {"units": {"owned": 200, "rented": 200}, "tenures": persons, "bandwidths": 1000}
    return sgt.site_homes(pop, sites, **wanted, rng=1, draws=9, seconds=0.2)


@pytest.fixture(scope="module")
def found(frame, pop, cells, town, plan, homes):
    """A result of every kind, with what it needs to be drawn on one panel."""
    pair, other = pop[["black", "white"]], sgt.Population(pop.counts[[2, 0]], ["black", "white"])
    later = sgt.Population.from_frame(frame.assign(black=frame["black"] + 20), GROUPS)
    candidates, near = homes.sites[["geometry"]], {"number": 2, "standard": 3000, "seconds": 2}
    rules = [sgt.capacity(within=0.3), sgt.contiguous()]
    return {
        "population": (pop, {"column": "black"}),
        "two groups": (pop, {"column": ["black", "asian"], "bivariate": True}),
        "grid": (cells, {"column": "a"}),
        "local": (sgt.information_theory.local(pop), {"on": pop}),
        "cells": (sgt.information_theory.local(cells), {"on": cells}),
        "columns": (sgt.location_quotient(pop), {"on": pop, "column": "black"}),
        "clusters": (sgt.local_moran(frame["black"], _touching(frame), rng=7), {"on": frame}),
        "curve": (sgt.segregation_curve(pair), {}),
        "profile": (sgt.profile(sgt.information_theory, pop, radii=[0, 4000, 2000], rng=7, draws=9), {}),
        "matrix": (sgt.exposure(pop), {}),
        "tiers": (sgt.decompose_tiers(sgt.mutual_information, pop), {}),
        "change": (sgt.decompose_change(pop, later), {}),
        "compare": (sgt.compare({"a": pair, "b": other}, indices=sgt.dissimilarity, rng=1, draws=9), {}),
        "dates": ({year: sgt.bootstrap(sgt.dissimilarity, pair, draws=19, rng=year) for year in (1990, 2000)}, {}),
        "bootstrap": (sgt.bootstrap(sgt.dissimilarity, pop, draws=49, rng=7), {}),
        "null": (sgt.null_test(sgt.dissimilarity, pop, draws=49, rng=7), {}),
        "neutral": (sgt.neutral_plans(town.pupils, **town.today, constraints=rules, n=40, rng=7, steps=40_000), {}),
        "plan": (plan, {"date": "plan"}),
        "frontier": (sgt.frontier(town.pupils, **town.today, constraints=rules, rng=7, steps=50_000), {}),
        "homes": (homes, {}),
        "facilities": (sgt.place_facilities(pop, candidates, **near), {}),
        "facility frontier": (sgt.facility_frontier(pop, candidates, **near, points=4), {}),
    }


def _touching(frame):
    return sgt.Population.from_frame(frame, GROUPS).geography.adjacency("queen").astype(float)


KINDS = [
    *(
        "population",
        "two groups",
        "grid",
        "local",
        "cells",
        "columns",
        "clusters",
        "curve",
        "profile",
        "matrix",
        "tiers",
    ),
    *("change", "compare", "dates", "bootstrap", "null", "neutral", "plan", "frontier", "homes", "facilities"),
    "facility frontier",
]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def explained(ax):
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def valued(ax):
    """What is coloured by its value on a map."""
    (shown,) = [one for one in [*ax.collections, *ax.images] if one.get_array() is not None]
    return shown


# ---------------------------------------------------------------- what holds for every picture


def test_every_kind_of_result_is_tried(found):
    assert set(KINDS) == set(found)
    drawn = {next(p for p in PICTURES if isinstance(x, p.kind) and p.fits(x)).draws for x, _ in found.values()}
    assert drawn == {picture.draws for picture in PICTURES}


@pytest.mark.parametrize("kind", KINDS)
def test_axes_that_are_given_are_drawn_on_and_nothing_else_is_touched(found, kind):
    x, needs = found[kind]
    kept = x.copy() if hasattr(x, "copy") else None
    figure, (left, right) = plt.subplots(1, 2)
    plt.sca(right)
    before = mpl.rcParams.copy(), plt.get_fignums(), mpl.get_backend()
    drawn = sgt.draw(x, ax=left, title="A title of $5", **needs)
    assert drawn is left
    assert drawn.get_title() == r"A title of \$5"
    assert (mpl.rcParams.copy(), plt.get_fignums(), mpl.get_backend()) == before
    assert plt.gca() is right
    assert not right.has_data()
    assert not right.get_title()
    figure.canvas.draw()
    if isinstance(x, pd.DataFrame):
        assert_frame_equal(x, kept)
    elif isinstance(x, pd.Series):
        assert_series_equal(x, kept)


@pytest.mark.parametrize("kind", KINDS)
def test_without_axes_a_figure_is_made_that_pyplot_knows(found, kind):
    x, needs = found[kind]
    drawn = sgt.draw(x, figsize=(7, 4), **needs)
    assert isinstance(drawn, Axes)
    assert plt.gcf() is drawn.figure
    assert tuple(drawn.figure.get_size_inches()) == (7, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_keyword_fails_and_names_the_choices(found, kind):
    x, needs = found[kind]
    with pytest.raises(TypeError, match=r"no keyword colour; it takes ax, .*figsize, title"):
        sgt.draw(x, colour="red", **needs)
    assert not plt.get_fignums()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.draws.__name__)
def test_every_keyword_is_explained(picture):
    told = inspect.getdoc(sgt.draw)
    for name in _keywords(picture.draws):
        assert f"`{name}`" in told or f"{name}=" in told, name


# ---------------------------------------------------------------- maps


def test_shares_of_all_groups_are_on_one_scale(pop, frame):
    axes = sgt.draw(pop, title="Fifty tracts")
    assert [ax.get_title() for ax in axes] == GROUPS
    assert axes[0].figure.get_suptitle() == "Fifty tracts"
    lived = frame[GROUPS].sum(axis=1) > 0
    for ax, group in zip(axes, GROUPS, strict=True):
        shown = valued(ax)
        shares = (frame[group] / frame[GROUPS].sum(axis=1))[lived]
        np.testing.assert_allclose(shown.get_array(), shares)
        assert tuple(shown.norm.boundaries) == CLASSES
        (grey,) = [one for one in ax.collections if one.get_array() is None]
        assert to_hex(grey.get_facecolor()[0]) == NOBODY
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["no residents"]


def test_columns_are_drawn_in_the_order_asked_for(pop):
    axes = sgt.draw(pop, column=["asian", "white"], classes=(0, 0.5, 1), cmap="Greys", legend=False)
    assert [ax.get_title() for ax in axes] == ["asian", "white"]
    assert [tuple(valued(ax).norm.boundaries) for ax in axes] == [(0, 0.5, 1)] * 2
    assert len(axes[0].figure.axes) == 2


def test_cells_of_a_grid_lie_where_they_are(cells):
    shown = valued(sgt.draw(cells, column="a"))
    np.testing.assert_allclose(shown.get_array(), cells.counts[0] / cells.sizes)
    grid = cells.geography
    west, east, south, north = shown.get_extent()
    assert (west, north) == (grid.x, grid.y)
    assert (east - west, north - south) == (8 * grid.cell_size, 6 * grid.cell_size)


def test_local_values_keep_to_their_labels(pop):
    local = sgt.information_theory.local(pop)
    ax = sgt.draw(local.sample(frac=1, random_state=1), on=pop, edgecolor="black", linewidth=0.5)
    shown = valued(ax)
    np.testing.assert_allclose(shown.get_array(), local.dropna())
    assert (shown.norm.vmin, shown.norm.vmax) == (-local.abs().max(), local.abs().max())
    assert shown.get_linewidth()[0] == 0.5
    assert explained(ax) == ["no value"]
    assert ax.figure.axes[1].get_ylabel() == "information theory"


def test_a_frame_with_geometry_needs_no_other_place(plan):
    blocks = plan.to_frame()
    ax = sgt.draw(blocks, column="minutes_now")
    np.testing.assert_allclose(valued(ax).get_array(), blocks["minutes_now"])
    axes = sgt.draw(blocks[["minutes_now", "minutes_before", "geometry"]])
    assert [one.get_title() for one in axes] == ["minutes_now", "minutes_before"]


def test_cells_are_found_by_their_labels(cells):
    table = sgt.local_moran(cells, group="a", rng=1).to_frame()
    shown = valued(sgt.draw(table["value"].iloc[::-1], on=cells))
    np.testing.assert_allclose(shown.get_array(), table["value"].to_numpy().reshape(6, 8))


def test_a_scale_that_is_cut_says_so(pop):
    quotient = sgt.location_quotient(pop)["black"]
    ax = sgt.draw(quotient, on=pop, vmin=0, vmax=1, label="times the region")
    shown = valued(ax)
    assert (shown.norm.vmin, shown.norm.vmax) == (0, 1)
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "times the region"
    assert bar._colorbar.extend == "max"


def test_thirds_hold_together_what_is_equal():
    third, edges = thirds(np.array([0, 0, 0, 0, 1, 2, np.nan]))
    assert third[:4].tolist() == [0] * 4
    assert (third[4], third[5]) == (2, 2)
    assert edges.tolist() == [0, 0]
    assert np.isnan(third[6])


def test_two_groups_on_one_map(pop):
    ax = sgt.draw(pop, column=["black", "asian"], bivariate=True)
    shares = pop.counts / np.where(pop.sizes > 0, pop.sizes, np.nan)
    black, asian = (thirds(shares[GROUPS.index(group)]) for group in ("black", "asian"))
    expected = black[0] + 3 * asian[0]
    shown = valued(ax)
    np.testing.assert_allclose(shown.get_array(), expected[~np.isnan(expected)])
    assert [to_hex(colour) for colour in shown.cmap.colors] == list(MIXED)
    _, key = ax.figure.axes
    assert (key.get_xlabel(), key.get_ylabel()) == ("black →", "asian →")
    assert [label.get_text() for label in key.get_xticklabels()] == [f"{edge:.0%}" for edge in black[1]]
    assert [label.get_text() for label in key.get_yticklabels()] == [f"{edge:.0%}" for edge in asian[1]]
    np.testing.assert_array_equal(key.images[0].get_array(), [[0, 1, 2], [3, 4, 5], [6, 7, 8]])


def test_clusters_have_the_colours_of_esda(found, frame):
    result, needs = found["clusters"]
    ax = sgt.draw(result, **needs)
    shown = valued(ax)
    colours = [to_hex(shown.cmap(shown.norm(code))) for code in shown.get_array()]
    assert colours == [COLOURS[kind] for kind in result.cluster]
    kinds, many = np.unique(result.cluster, return_counts=True)
    told = {f"{CALLED[kind]} ({often})" for kind, often in zip(kinds, many, strict=True)}
    assert set(explained(ax)) == told
    assert [COLOURS[kind] for kind in ("High-High", "Low-Low", "Low-High", "High-Low")] == [
        "#d7191c",
        "#2c7bb6",
        "#abd9e9",
        "#fdae61",
    ]


def test_clusters_of_cells_need_no_population(cells):
    result = sgt.local_moran(cells, group="a", rng=1)
    shown = valued(sgt.draw(result))
    assert [to_hex(shown.cmap(shown.norm(code))) for code in shown.get_array().ravel()] == [
        COLOURS[kind] for kind in result.cluster.ravel()
    ]


# ---------------------------------------------------------------- lines, tables, bars


def test_curves_are_added_to_their_axes(pop):
    one, other = (sgt.segregation_curve(pop[[group, "white"]]) for group in ("black", "asian"))
    ax = sgt.draw(one)
    assert sgt.draw(other, ax=ax, color="red", label="the other") is ax
    even, first, second = ax.lines
    np.testing.assert_array_equal(even.get_xydata(), [[0, 0], [100, 100]])
    np.testing.assert_allclose(first.get_xydata(), 100 * one[["white", "black"]])
    np.testing.assert_allclose(second.get_xydata(), 100 * other[["white", "asian"]])
    assert second.get_color() == "red"
    assert explained(ax) == ["even spread", "black and white", "the other"]
    assert ax.get_xlabel() == "share of white, cumulated (%)"


def test_a_profile_is_drawn_by_scale_with_what_chance_gives(found):
    table = found["profile"][0].sort_values("scale")
    ax = sgt.draw(found["profile"][0], xlabel="metres")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), table[["scale", "value"]])
    (band,) = [one for one in ax.collections if one.get_gid() == "chance"]
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(12)}
    wanted = {(row["scale"], round(row[end], 12)) for _, row in table.iterrows() for end in ("low", "high")}
    assert wanted <= corners
    assert explained(ax) == ["value", "by chance (95 of 100 draws)"]
    assert ax.get_xlabel() == "metres"


def test_a_profile_of_groups_and_of_pairs(pop):
    groups = sgt.profile(sgt.isolation, pop, radii=[0, 2000])
    ax = sgt.draw(groups)
    assert explained(ax) == GROUPS
    for line, group in zip(ax.lines, GROUPS, strict=False):
        np.testing.assert_allclose(line.get_ydata(), groups.loc[groups["group"] == group, "value"])
    pairs = sgt.profile(sgt.exposure, pop, radii=[0, 2000])
    axes = sgt.draw(pairs)
    assert [ax.get_title() for ax in axes] == [f"from {group}" for group in GROUPS]
    assert len({ax.get_ylim() for ax in axes}) == 1
    with pytest.raises(sgt.OptionError, match=r"4 panels.*frame\['from'\]"):
        sgt.draw(pairs, ax=ax)


def test_a_matrix_stands_beside_the_mix(pop):
    matrix = sgt.exposure(pop)
    observed, chance = sgt.draw(matrix, on=pop)
    np.testing.assert_allclose(observed.images[0].get_array(), matrix)
    np.testing.assert_allclose(chance.images[0].get_array(), np.tile(pop.mix, (4, 1)))
    assert texts(observed) == [f"{value:.1%}" for value in matrix.to_numpy().ravel()]
    assert observed.images[0].norm.vmax == chance.images[0].norm.vmax == 1
    assert [label.get_text() for label in chance.get_xticklabels()] == GROUPS
    beyond = sgt.draw(sgt.normalized_exposure_matrix(pop))
    assert beyond.images[0].norm.vmin == -beyond.images[0].norm.vmax


def test_parts_of_a_whole_stand_on_each_other(found):
    result = found["tiers"][0]
    table = result.to_frame()
    *parts, whole = sgt.draw(result).patches
    np.testing.assert_allclose([bar.get_height() for bar in parts], table["value"])
    np.testing.assert_allclose([bar.get_y() for bar in parts], np.r_[0, table["value"].cumsum()[:-1]])
    assert whole.get_height() == pytest.approx(result.value)


def test_causes_rise_and_fall(found):
    result = found["change"][0]
    table = result.to_frame()
    ax = sgt.draw(result, rises="red", falls="blue")
    *parts, whole = ax.patches
    np.testing.assert_allclose([bar.get_height() for bar in parts], table["value"])
    assert whole.get_height() == pytest.approx(result.value)
    assert [bar.get_facecolor() == to_rgba("red") for bar in parts] == (table["value"] > 0).tolist()
    assert [label.get_text().replace("\n", "_") for label in ax.get_xticklabels()] == [*table["term"], "change"]


def test_places_stand_in_the_order_given(found):
    table = found["compare"][0]
    ax = sgt.draw(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), table["adjusted"])
    ends = [segment[:, 0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(ends, table[["low", "high"]].astype(float))
    assert ax.yaxis_inverted()
    axes = sgt.draw(pd.concat([table, table.assign(index="gini")]))
    assert [one.get_xlabel() for one in axes] == ["dissimilarity beyond chance", "gini beyond chance"]


def test_dates_with_their_intervals(found):
    dates = found["dates"][0]
    ax = sgt.draw(dates, level=0.5, method="percentile")
    ends = [segment[:, 0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(ends, [one.interval(0.5, "percentile") for one in dates.values()])
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [one.value for one in dates.values()])
    assert ax.get_xlabel() == "dissimilarity, 50 % intervals"


# ---------------------------------------------------------------- draws


def counted(ax):
    return sum(bar.get_height() for bar in ax.patches if bar.get_y() == 0 and bar.get_gid() != "interval")


def test_draws_of_chance_beside_the_value(found):
    test = found["null"][0]
    ax = sgt.draw(test, bins=7)
    assert len(ax.patches) == 7
    assert counted(ax) == 49
    assert [line.get_xdata()[0] for line in ax.lines] == [test.value, test.expected]
    assert explained(ax) == [f"found {test.value:.4g} (p = 0.02)", f"expected by chance {test.expected:.4g}"]


def test_draws_of_people_with_their_interval(found, pop):
    sample = found["bootstrap"][0]
    ax = sgt.draw(sample, level=0.9)
    (interval,) = [bar for bar in ax.patches if bar.get_gid() == "interval"]
    low, high = sample.interval(0.9)
    assert (interval.get_x(), interval.get_x() + interval.get_width()) == pytest.approx((low, high))
    assert counted(ax) == 49
    axes = sgt.draw(sgt.bootstrap(sgt.isolation, pop, draws=9, rng=7))
    assert [one.get_title() for one in axes] == GROUPS
    change = sgt.draw(sgt.difference(sgt.dissimilarity, pop, pop, draws=9, rng=7))
    assert change.get_xlabel() == "change of dissimilarity"


def test_a_plan_among_neutral_plans(found, plan):
    drawn = found["neutral"][0]
    ax = sgt.draw(drawn, plan=plan, what=sgt.travel_time)
    today, planned = drawn.place(what=sgt.travel_time), drawn.place(plan, sgt.travel_time)
    assert [line.get_xdata()[0] for line in ax.lines] == [today["value"], planned["value"]]
    assert explained(ax) == [
        f"today {today['value']:.4g}: {today['lower']:.1%} of neutral plans are lower",
        f"plan {planned['value']:.4g}: {planned['lower']:.1%} of neutral plans are lower",
    ]
    assert counted(ax) == len(drawn)
    assert ax.get_xlabel() == "travel time"
    assert bool(ax.get_title()) != drawn.mixed


# ---------------------------------------------------------------- plans


def test_zones_have_the_colours_of_their_schools_on_both_maps(plan):
    today, planned = sgt.draw(plan)
    for ax, zone in ((today, plan.problem.current), (planned, plan.zone)):
        blocks = ax.collections[0]
        assert [to_hex(colour) for colour in blocks.get_facecolor()] == [FILLS[school] for school in zone]
        assert texts(ax) == [str(school) for school in plan.problem.schools]
        marks = [line for line in ax.lines if line.get_gid() == "school"]
        stands = plan.problem.pupils.geography.geometry.iloc[plan.problem.stands].representative_point()
        np.testing.assert_allclose([mark.get_xydata()[0] for mark in marks], np.c_[stands.x, stands.y])
    assert len({text.get_fontsize() for ax in (today, planned) for text in ax.texts}) == 1
    (legend,) = today.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["school", "goes to another school than today"]
    assert len(planned.collections) == len(today.collections) + 1


def test_only_blocks_that_move_are_outlined(town):
    same = sgt.draw(town.score(town.blocks["school"]), date="plan")
    assert explained(same) == ["school"]


def test_the_chosen_plan_is_ringed(found, plan):
    frontier = found["frontier"][0]
    table = frontier.to_frame()
    ax = sgt.draw(frontier, chosen=2)
    dots, today, ring = ax.collections
    np.testing.assert_allclose(dots.get_offsets(), table[["moves", "dissimilarity"]])
    np.testing.assert_allclose(today.get_offsets(), [[0, frontier.plans[0].before["dissimilarity"]]])
    np.testing.assert_allclose(ring.get_offsets()[0], table.loc[2, ["moves", "dissimilarity"]].astype(float))
    ring = sgt.draw(frontier, chosen=plan).collections[-1]
    np.testing.assert_allclose(ring.get_offsets(), [[plan.moved, plan.after["dissimilarity"]]])
    with pytest.raises(sgt.OptionError, match="from 0 to 4, not 5"):
        sgt.draw(frontier, chosen=5)


def test_the_frontier_of_facilities(found):
    frontier = found["facility frontier"][0]
    table = frontier.to_frame()
    ax = sgt.draw(frontier, chosen=0)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), table[["meetings", "p_median"]])
    np.testing.assert_allclose(ax.collections[1].get_offsets()[0], table.loc[0, ["meetings", "p_median"]].astype(float))


@pytest.mark.parametrize("tenure", [None, "rented"])
def test_dots_are_as_large_as_homes_are_many(homes, tenure):
    built = homes.homes.sum(axis=1) if tenure is None else homes.homes[tenure]
    ax = sgt.draw(homes, column=tenure)
    dots = ax.collections[-1]
    some = built[built > 0]
    np.testing.assert_allclose(dots.get_sizes() / dots.get_sizes().max(), some / some.max())
    where = homes.sites.geometry[some.index]
    np.testing.assert_allclose(dots.get_offsets(), np.c_[where.x, where.y])
    (others,) = [line for line in ax.lines if line.get_gid() == "not chosen"]
    assert len(others.get_xdata()) == (built == 0).sum()
    what = "homes" if tenure is None else "homes, rented"
    assert f"{built.max():,.0f} {what}" in explained(ax)


def test_homes_among_those_dealt_out_by_lot(homes):
    ax = sgt.draw(homes, kind="by_lot")
    assert counted(ax) == 9
    lines = [line.get_xdata()[0] for line in ax.lines]
    assert lines == [homes.value_before, homes.value, homes.bound]


def test_facilities_and_the_way_to_them(found):
    plan = found["facilities"][0]
    ax = sgt.draw(plan)
    way = next(one for one in ax.collections if one.get_array() is not None)
    np.testing.assert_allclose(way.get_array(), plan.after.measures["nearest"])
    (opened,) = [one for one in ax.collections if one.get_gid() == "opened"]
    np.testing.assert_allclose(opened.get_offsets(), np.c_[plan.sites.geometry.x, plan.sites.geometry.y])
    assert texts(ax) == list(plan.sites.index)
    assert ax.figure.axes[1].get_ylabel() == "way to the nearest facility (metres)"


# ---------------------------------------------------------------- what cannot be drawn


def refused(message, x, error=sgt.SegregationError, **given):
    with pytest.raises(error, match=message):
        sgt.draw(x, **given)
    assert not plt.get_fignums(), "an empty figure is left"


@pytest.mark.parametrize("x", [3, "pop", None, sgt.dissimilarity, [1, 2]])
def test_what_has_no_picture_is_told_what_has(x):
    refused("there is no picture of .*; drawn are: a Population; .*rezone and score", x, sgt.CapabilityError)


def test_options_that_do_not_fit(pop, homes):
    refused("ax must be matplotlib Axes.*not ndarray", pop, sgt.OptionError, ax=np.array([1]))
    refused("title must be text", pop, sgt.OptionError, title=5)
    refused("column must be one of 'white'.*'green'", pop, sgt.GroupError, column="green")
    refused("about two values, not 4", pop, sgt.OptionError, bivariate=True)
    refused("classes must be two or more edges", pop, sgt.OptionError, classes=(1, 0))
    refused("'cmap' mean nothing of two values", pop, sgt.OptionError, column=GROUPS[:2], bivariate=True, cmap="Greys")
    refused("'column' mean nothing of a histogram", homes, sgt.OptionError, kind="by_lot", column="rented")
    refused("kind must be", homes, sgt.OptionError, kind="lots")
    refused("column must be a tenure", homes, sgt.OptionError, column="let")
    ax = plt.figure().subplots()
    with pytest.raises(sgt.OptionError, match="leave out one of the two"):
        sgt.draw(pop, ax=ax, figsize=(2, 2))
    with pytest.raises(sgt.OptionError, match=r"4 panels, which one ax cannot hold: leave out ax=, or name one group"):
        sgt.draw(pop, ax=ax)
    assert not ax.has_data()


def test_maps_need_a_place(pop):
    local = sgt.information_theory.local(pop)
    bare = sgt.Population(pop.counts, pop.groups, units=pop.units)
    refused("this population has no geometry", bare, sgt.GeographyError)
    refused("on=pop.*it is nothing", local, sgt.OptionError)
    refused("it is str", local, sgt.OptionError, on="Sacramento")
    refused("this population has no geometry", local, sgt.GeographyError, on=bare)
    nowhere = geopandas.GeoDataFrame({"a": [1, 2]}, geometry=[None, None])
    refused("missing or empty", sgt.Population.from_frame(nowhere, ["a"]), sgt.GeographyError)


def test_values_that_cannot_be_on_a_map(pop, cells):
    local = sgt.information_theory.local(pop)
    refused("not on the map: 'x'", local.rename({local.index[0]: "x"}), sgt.DataError, on=pop)
    refused("two values", pd.concat([local, local]), sgt.DataError, on=pop)
    refused("infinite", local + np.inf, sgt.DataError, on=pop)
    refused("a map is of numbers", local.astype(str), sgt.DataError, on=pop)
    refused("no unit has a value", local * np.nan, sgt.DataError, on=pop)
    refused("give a Series on the labels", local.to_numpy(), sgt.DataError, on=pop)
    refused("48 units|6 × 8 units", np.ones((2, 2)), sgt.DataError, on=cells)


def test_groups_of_a_few_people_are_not_put_on_a_map(frame):
    rare = sgt.Population.from_frame(frame.assign(few=[3] + [0] * 49), ["white", "few"])
    refused("fewer than 5 people in group 'few'", rare, sgt.CapabilityError)
    assert len(sgt.draw(rare, min_count=0)) == 2
    assert isinstance(sgt.draw(rare, column="white"), Axes)


def test_tables_that_do_not_belong_together(pop, found):
    refused("the population of 'black', 'white'", sgt.exposure(pop), sgt.GroupError, on=pop[["black", "white"]])
    refused("no shares", sgt.normalized_exposure_matrix(pop), sgt.OptionError, on=pop)
    refused("not DataFrame", sgt.exposure(pop), sgt.OptionError, on=pd.DataFrame())
    refused("it is empty", {}, sgt.DataError)
    refused("'b' is none", {"a": found["bootstrap"][0], "b": 3}, sgt.DataError)
    several = sgt.bootstrap(sgt.isolation, pop, draws=3, rng=1)
    refused("these have several: 'a'", {"a": several}, sgt.DataError)
    refused("neither exposure, compare, profile nor", sgt.location_quotient(pop), sgt.CapabilityError)


def test_a_plan_without_geometry(town):
    pupils = sgt.Population.from_frame(pd.DataFrame(town.blocks.drop(columns="geometry")), ["a", "b", "c"])
    refused("no geometry", sgt.score(pupils, town.blocks["school"], **town.today), sgt.GeographyError)


# ---------------------------------------------------------------- names as they are


def test_names_are_no_formulas():
    income = sgt.synthetic_city("gradient", rows=4, cols=5, groups=["$0–$9", "_more_"], kind="polygons")
    axes = sgt.draw(income)
    assert [ax.get_title() for ax in axes] == [r"\$0–\$9", "_more_"]
    ax = sgt.draw(sgt.profile(sgt.isolation, income, radii=[0, 1]))
    assert explained(ax) == [r"\$0–\$9", "_more_"]
    ax.figure.canvas.draw()
    assert plain("$x$") == r"\$x\$"


# ---------------------------------------------------------------- what they look like

PICTURE = {"style": "default", "remove_text": True, "tolerance": 8, "savefig_kwargs": {"dpi": 50}}


@pytest.mark.mpl_image_compare(**PICTURE)
def test_picture_of_shares(pop):
    return sgt.draw(pop, legend=False)[0].figure


@pytest.mark.mpl_image_compare(**PICTURE)
def test_picture_of_two_groups(pop):
    return sgt.draw(pop, column=["black", "asian"], bivariate=True, legend=False).figure


@pytest.mark.mpl_image_compare(**PICTURE)
def test_picture_of_clusters(found):
    result, needs = found["clusters"]
    return sgt.draw(result, legend=False, **needs).figure


@pytest.mark.mpl_image_compare(**PICTURE)
def test_picture_of_curves(pop):
    ax = sgt.draw(sgt.segregation_curve(pop[["black", "white"]]), legend=False)
    sgt.draw(sgt.segregation_curve(pop[["asian", "white"]]), ax=ax, legend=False)
    return ax.set(xlabel="", ylabel="")[0].figure


@pytest.mark.mpl_image_compare(**PICTURE)
def test_picture_of_zones(town):
    today = town.blocks["school"]
    moved = today.where(np.arange(len(today)) % 9 > 0, "S01")
    return sgt.draw(town.score(moved), legend=False, names=False)[0].figure
