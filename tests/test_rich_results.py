"""What a notebook shows of every result: a short table, well formed, escaped, without colours of its own."""

import inspect
from functools import cache
from html.parser import HTMLParser

import geopandas
import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt

A, B = "<b>&\"'", "b"
STATED = {  # by users, and a page that is tried in a browser
    sgt.Visits, sgt.PrivacyNoise, sgt.Goal, sgt.Measure, sgt.Grid,
        sgt.Contiguity, sgt.Flows, sgt.Neighbours, sgt.NearestPeople, sgt.NearestUnits, sgt.NetworkRadius, sgt.Radius,
    sgt.Square, sgt.Zones, sgt.Exploration,
}  # fmt: skip
SPELLED = "&lt;b&gt;&amp;&quot;&#x27;"


class Fragment(HTMLParser):
    """Tags and text of what a notebook shows."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = set(), [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text


@cache
def pop():
    """Twelve units on a line, in two places."""
    counts = np.random.default_rng(2).integers(5, 90, (2, 12))
    frame = geopandas.GeoDataFrame(
        {A: counts[0], B: counts[1], "place": [A] * 6 + ["v"] * 6},
        geometry=geopandas.points_from_xy(np.arange(12) * 300.0, np.zeros(12)),
        crs=32610,
    )
    return sgt.Population.from_frame(frame, [A, B], tiers=["place"])


@cache
def district():
    made = sgt.synthetic_district(60, 4, rng=1)
    names = {name: f"{name}{A}" for name in made.schools.index}
    blocks = made.blocks.rename(columns={"a": A}).replace({"school": names})
    return blocks, {
        "current": blocks["school"],
        "schools": made.schools.rename(index=names),
        "travel": made.travel.rename(columns=names),
    }


def pupils():
    return sgt.Population.from_frame(district()[0], [A, "b", "c"])


@cache
def plan():
    rules = [sgt.capacity(within=0.15), sgt.contiguous()]
    band = sgt.minimize(sgt.dissimilarity) + 0.1 * sgt.minimize(sgt.outside_band(A, 0.3, 0.4))
    return sgt.rezone(pupils(), **district()[1], goal=band, constraints=rules, rng=7, steps=5000)


@cache
def allocation():
    groups = pd.Series([A, A, B, B], index=list("wxyz"))
    likes = pd.DataFrame({A: [9, 8, 2, 1], "south": [1, 3, 2, 6]}, index=groups.index)
    return sgt.allocate(groups, pd.Series({A: 2, "south": 2}), preferences=likes, quotas={A: 0.5, B: 0.5})


def tenures():
    return pd.DataFrame({A: [0.4, 1.8], B: [1.6, 0.2]}, index=[A, "owned"])


def sites():
    where = geopandas.points_from_xy([0.0, 900.0], [0.0, 0.0])
    return geopandas.GeoDataFrame({"capacity": [40, 40]}, geometry=where, crs=32610, index=[A, "t"])


def meeting():
    trips = pd.DataFrame({"from": range(12), "to": [A, "y"] * 6, A: pop().counts[0], B: pop().counts[1]})
    work = sgt.Visits(trips, origin="from", destination="to", weight={A: A, B: B})
    return sgt.meeting({"home": pop(), A: work}, hours={"home": 60, A: 40})


def levels():
    def level(schools):
        town = sgt.synthetic_district(60, schools, rng=1)
        today = {"current": town.blocks["school"], "schools": town.schools, "travel": town.travel}
        return {"pupils": sgt.Population.from_frame(town.blocks, ["a", "b"]), **today}

    return sgt.rezone_levels({A: level(6), "middle": level(3)}, rng=7, steps=2000)


def pepper():
    where = geopandas.GeoSeries.from_xy(np.arange(8) * 10.0, np.zeros(8), crs=32632)
    return sgt.pepper_potting(geopandas.GeoDataFrame({"tenure": [A, B] * 4}, geometry=where), draws=9, rng=1)


def of_few():
    """A check of zones that break a rule, at schools of any name."""
    blocks, today = district()
    locked = sgt.locked([blocks.index[0]])
    other = next(name for name in today["schools"].index if name != blocks["school"].iloc[0])
    wrong = blocks["school"].copy()
    wrong.iloc[0] = other
    return sgt.check(sgt.score(pupils(), wrong, **today, constraints=[locked]))


MAKERS = {
    sgt.Population: pop,
    sgt.District: lambda: sgt.District(*[district()[0], *(district()[1][name] for name in ("schools", "travel"))]),
    sgt.Access: lambda: sgt.access(pop(), sites(), standard=500),
    sgt.NullTest: lambda: sgt.null_test(sgt.isolation, pop(), draws=9, rng=1),
    sgt.ChangeDecomposition: lambda: sgt.decompose_change(pop(), pop()[[B, A]]),
    sgt.ReplicateError: lambda: sgt.replicate_error(sgt.isolation, pop(), np.stack([pop().counts] * 4) * 1.0),
    sgt.Meeting: meeting,
    sgt.MultilevelDissimilarity: lambda: sgt.multilevel_dissimilarity(pop()),
    sgt.TierDecomposition: lambda: sgt.decompose_tiers(sgt.mutual_information, pop()),
    sgt.Representation: lambda: sgt.representation({A: 15, B: 5}, pop()),
    sgt.Bootstrap: lambda: sgt.bootstrap(sgt.exposure, pop(), draws=9, rng=1),
    sgt.SuppressedBounds: lambda: sgt.suppressed_bounds(
        sgt.isolation, pd.DataFrame({A: [90, 40, None], B: [None, 60, 95]}), [A, B], suppressed=(1, 4)
    ),
    sgt.Autocorrelation: lambda: sgt.moran(pop(), chain(), group=A),
    sgt.JoinCounts: lambda: sgt.join_counts(pd.Series([0, 1] * 6), chain()),
    sgt.LocalAutocorrelation: lambda: sgt.local_moran(pop(), chain(), group=A, permutations=9, rng=1),
    sgt.Certificate: lambda: sgt.certify(plan(), seconds=0.5),
    sgt.ExpectedRolls: lambda: sgt.expected_rolls(plan(), attend=0.9),
    sgt.FacilityPlan: lambda: sgt.place_facilities(pop(), sites()[["geometry"]], number=1, standard=400),
    sgt.FacilityFrontier: lambda: sgt.facility_frontier(pop(), sites()[["geometry"]], number=1, standard=400, points=3),
    sgt.Frontier: lambda: sgt.frontier(pupils(), **district()[1], move_penalties=(0, 1), rng=7, steps=2000),
    sgt.Allocation: allocation,
    sgt.Lottery: lambda: allocation().lottery(draws=3, rng=1),
    sgt.PepperPotting: pepper,
    sgt.Scenario: lambda: sgt.what_if(
        pop(), pd.DataFrame({"unit": [0], "homes": [9], "tenure": ["owned"]}), tenures=tenures(), draws=5, rng=7,
        indices=[sgt.minimize(sgt.isolation, of=A)],
    ),
    sgt.HomePlan: lambda: sgt.site_homes(
        pop(), sites(), units={A: 20, "owned": 20}, tenures=tenures(), bandwidths=[500]
    ),
    sgt.RelocationStress: lambda: sgt.relocation_stress(
        pop(), years=2, rate=0.5, indices=[sgt.minimize(sgt.isolation, of=A)], rng=7
    ),
    sgt.LevelsPlan: levels,
    sgt.NeutralPlans: lambda: sgt.neutral_plans(pupils(), **district()[1], n=20, rng=7),
    sgt.Pairings: lambda: sgt.pair_schools(
        pupils(), current=district()[1]["current"], schools=district()[1]["schools"], grades=["K", "1"]
    ),
    sgt.Check: of_few,
    sgt.Plan: plan,
    sgt.Projection: lambda: sgt.project_pupils(pupils(), years=2),
    sgt.PhaseIn: lambda: sgt.phase_in(plan(), grades=6),
    sgt.PlanYears: lambda: sgt.score_years(plan(), sgt.project_pupils(pupils(), years=2)),
}  # fmt: skip


def chain():
    """Neighbours on a line, as a matrix."""
    from scipy.sparse import diags_array

    return diags_array([np.ones(11), np.ones(11)], offsets=[-1, 1]).tocsr()


def classes():
    found = [getattr(sgt, name) for name in sgt.__all__]
    return [thing for thing in found if inspect.isclass(thing) and not issubclass(thing, Exception)]


def test_every_result_is_tried_here():
    assert set(classes()) == set(MAKERS) | STATED


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_a_notebook_shows_a_short_escaped_table(kind):
    found = MAKERS[kind]()
    assert type(found) is kind
    shown = found._repr_html_()
    page = Fragment(shown)
    assert page.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "span", "i"}
    assert {"table", "td"} <= page.tags
    assert {name for name, _ in page.attributes} <= {"class", "scope", "colspan"}  # no colours: those of the notebook
    if A in page.text:
        assert SPELLED in shown
    assert len(shown) < 6000


def test_names_of_groups_are_shown_as_they_are():
    shown = [
        Fragment(MAKERS[kind]()._repr_html_()).text
        for kind in (sgt.Population, sgt.NullTest, sgt.Access, sgt.Bootstrap)
    ]
    assert all(A in text for text in shown)


def test_long_results_are_cut_and_say_so():
    many = sgt.Population(np.full((70, 3), 9.0), [f"g{i}" for i in range(70)])
    shown = Fragment(many._repr_html_())
    assert "g19" in shown.text
    assert "g20" not in shown.text.partition("g0")[2]
    assert "… 50 more" in shown.text
    drawn = sgt.bootstrap(sgt.exposure, sgt.Population(np.full((6, 3), 9.0), list("abcdef")), draws=3, rng=1)
    assert Fragment(drawn._repr_html_()).text.endswith("… 16 more")
