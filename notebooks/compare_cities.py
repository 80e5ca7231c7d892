# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which place is more segregated?
#
# Councils like league tables, and so do newspapers. One question: what has to be alike before two places may be compared,
# and what can be said of their order then? The places are states of the USA, told by their counties, and four
# counties in California, told by their census tracts.
#
# *Assumed:* [measure a city](measure_a_city.ipynb), [is it chance](is_it_chance.ipynb), [which scale](which_scale.ipynb).

# %%
import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import segregation_tools as sgt

counties = sgt.load("us_counties")


def state(name, year):
    """Who lived in which county of a state: black residents and all others, as the census of the year counted them."""
    rows = counties[counties["state"] == name]
    return sgt.Population.from_frame(rows.rename(columns={f"black_{year}": "black", f"other_{year}": "other"}), ["black", "other"])


# %% [markdown]
# ## A headline, and what is wrong with it
#
# By county, North Dakota had the highest dissimilarity (D) of all states in these data in 1960. Beside it Mississippi:

# %%
two = {name: state(name, 1960) for name in ("North Dakota", "Mississippi")}
pd.DataFrame(
    {
        name: {
            "black residents": pop.counts[0].sum(),
            "D": sgt.dissimilarity(pop),
            "D by chance": sgt.expected(sgt.dissimilarity, pop),
            "share black where a black resident lives": sgt.isolation(pop)["black"],
            "share black where any other lives": sgt.exposure(pop).loc["other", "black"],
        }
        for name, pop in two.items()
    }
).T.round(4)

# %% [markdown]
# North Dakota had 777 black residents, three quarters of them in two counties; chance alone would give so small a group a D of
# nearly 0.1. Around them hardly one in 200 was black, while in Mississippi black residents lived where half of the people
# were black, and all others where a third was. Both values of D are right, and the headline is not: D asks how evenly a group
# is spread, not whom anyone meets. So, before any order: **one comparison, named; the same groups; units alike; chance
# beside each value; an interval.**
#
# ## Units alike
#
# Counties are not the same thing everywhere: the median one had 5,400 residents in North Dakota and 481,000 in Massachusetts.
# `compare` measures places alike, and says so where they are not.

# %%
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    sgt.compare({name: state(name, 1990) for name in ("North Dakota", "Massachusetts")}, draws=20, rng=7)
print(textwrap.fill(str(said[0].message), 100))

# %% [markdown]
# So a rule, stated before anyone looks at results: all states whose median county had 15,000 to 30,000 residents in 1990.

# %%
sizes = (counties["black_1990"] + counties["other_1990"]).groupby(counties["state"]).median()
alike = sizes[sizes.between(15_000, 30_000)].index
found = sgt.compare({name: state(name, 1990) for name in alike}, draws=100, rng=7).set_index("place")
shown = ["value", "expected", "adjusted", "low", "high", "rank_low", "rank_high"]
by_d = found.loc[found["symbol"] == "D", shown].sort_values("adjusted", ascending=False)
by_h = found.loc[found["symbol"] == "H", shown].reindex(by_d.index)
by_d.round(3)

# %% [markdown]
# *Adjusted* has chance taken out; between *low* and *high* lies what other people, drawn with the same odds, would have given; and a
# place is somewhere between *rank_low* and *rank_high*. Where these overlap, no order is known, and none should be printed.
# The intervals are narrow because everyone was counted. They do not tell what other county lines would have shown.

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
rows = np.arange(len(by_d))
for ax, table, title in ((axes[0], by_d, "D"), (axes[1], by_h, "H")):
    ax.hlines(rows, table["rank_low"].astype(int), table["rank_high"].astype(int), color="#2171b5", linewidth=3)
    for end in ("rank_low", "rank_high"):
        ax.plot(table[end].astype(int), rows, "o", color="#2171b5", markersize=5)
    ax.set_title(f"by {title}: between which ranks")
    ax.set_xticks([1, 5, 10, 14])
    ax.set_xlabel("1 is the highest value")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)
axes[0].set_yticks(rows, by_d.index)
axes[0].invert_yaxis()
plt.show()

# %% [markdown]
# Two indices, two orders. D asks how many would have to live elsewhere and does not mind how small the group is; H asks how
# much less diverse counties are than their state. An order that holds for one index only belongs to the index.

# %% [markdown]
# ## Small groups
#
# Six states more, with a median county of 5,000 to 10,500 residents. In some of them the group is small.

# %%
sparse = sizes[sizes.between(5_000, 10_500)].index
few = sgt.compare({name: state(name, 1990) for name in sparse}, indices=sgt.dissimilarity, draws=100, rng=7).set_index("place")
black = counties.groupby("state")["black_1990"].sum().rename("black residents")
few[shown].join(black).sort_values("adjusted", ascending=False).round(3)

# %% [markdown]
# With some 3,000 black residents the interval is 0.02 to 0.03 wide, with 140,000 ten times narrower. And raw values put South Dakota
# level with Kansas; with chance taken out it lies below. How much is to be taken out is the next question.
#
# ## The same place in a smaller survey
#
# Georgia in 1990, and what samples of one resident in 100, 300 and 1,000 would have shown: the mean of five samples each.

# %%
rng = np.random.default_rng(7)
georgia = state("Georgia", 1990)
measures = {
    "D": sgt.dissimilarity,
    "D adjusted, winship": sgt.adjusted(sgt.dissimilarity),
    "D adjusted, density": sgt.adjusted(sgt.dissimilarity, method="density"),
    "H": sgt.information_theory,
    "H adjusted, winship": sgt.adjusted(sgt.information_theory),
}


def sampled(one_in):
    people = rng.binomial(georgia.counts.astype(int), 1 / one_in)
    kept = people[:, people.sum(axis=0) > 0]
    return sgt.Population(kept, georgia.groups)


rows = {"everyone": {name: index(georgia) for name, index in measures.items()}}
for one_in in (100, 300, 1000):
    drawn = [sampled(one_in) for _ in range(5)]
    rows[f"one in {one_in}"] = {name: np.mean([index(pop) for pop in drawn]) for name, index in measures.items()}
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# Raw values rise as fewer are counted, though nobody moved. Adjusted H stays nearer to what everyone's count gives. For D the
# customary correction (Winship 1977) takes out too much here: where groups do live apart, chance adds less than it would to
# an even place. `method="density"` (Allen et al. 2015, for two groups) stays closer. No correction replaces units of like
# size.

# %% [markdown]
# ## The scale decides the order
#
# Four counties around Sacramento in 2000, four groups, tracts of some 4,000 people everywhere. Nothing differs but how far
# around home one looks.

# %%
tracts = sgt.load("sacramento").to_crs(32610)
groups = ["white", "black", "asian", "hispanic"]
names = {"06017": "El Dorado", "06061": "Placer", "06067": "Sacramento", "06113": "Yolo"}
places = {names[code]: sgt.Population.from_frame(rows, groups) for code, rows in tracts.groupby("county")}
scales = {"own tract": {}, "within 2 km": {"radius": 2000}, "within 5 km": {"radius": 5000}, "nearest 20,000": {"people": 20_000}}
studies = {
    name: sgt.compare(places, indices=sgt.information_theory, rng=7, **scale).set_index("place") for name, scale in scales.items()
}
pd.DataFrame({name: study["adjusted"] for name, study in studies.items()}).round(3)

# %%
pd.DataFrame({name: study["rank_low"].astype(str) + "–" + study["rank_high"].astype(str) for name, study in studies.items()})

# %%
radii = [0, 500, 1000, 1500, 2000, 3000, 4000, 6000, 8000]
styles = {"El Dorado": ("#b35806", "--"), "Placer": ("#7f7f7f", "-."), "Sacramento": ("#2166ac", "-"), "Yolo": ("#542788", ":")}
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, pop in places.items():
    line = sgt.profile(sgt.information_theory, pop, radii=radii)
    ax.plot(line["scale"] / 1000, line["value"], color=styles[name][0], linestyle=styles[name][1], linewidth=2, label=name)
ax.set(xlabel="radius, km", ylabel="information theory index H", ylim=(0, None))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, ncols=2)
plt.show()

# %% [markdown]
# By tract, Sacramento County comes first; within five kilometres El Dorado does, and Sacramento third. Neither is *the* order.
# In a dense county five kilometres hold many more people than in a mountainous one, and the same number of people lives on much more
# land there: say which of the two is held alike, and why. A place that is first at every scale may be called first.
#
# Borders count, too: residents meet nobody beyond the county line here, whoever lives there.

# %% [markdown]
# ## Did it change, and is that known?
#
# D of the same states between 1960 and 1990. The intervals draw whole counties, those of both dates together: a few counties
# may carry a change.

# %%
changes = {
    name: sgt.difference(sgt.dissimilarity, state(name, 1960), state(name, 1990), of="units", draws=300, rng=7)
    for name in alike
}
moved = pd.DataFrame({name: [b.value, *b.interval()] for name, b in changes.items()}, ["change", "low", "high"]).T
moved = moved.sort_values("change", ascending=False)

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
known = (moved["low"] > 0) | (moved["high"] < 0)
rows = np.arange(len(moved))
ax.axvline(0, color="0.5", linewidth=0.8)
ax.hlines(rows, moved["low"], moved["high"], color="0.7", linewidth=2)
ax.scatter(moved["change"], rows, s=40, facecolor=np.where(known, "#2171b5", "white"), edgecolor="#2171b5", zorder=2)
ax.set_yticks(rows, moved.index)
ax.invert_yaxis()
ax.set_xlabel("change of D, 1960 to 1990, with 95 % intervals (filled: they leave out 0)")
ax.spines[["top", "right", "left"]].set_visible(False)
plt.show()

# %%
print(f"the interval leaves out 0 in {known.sum()} of {len(moved)} states")

# %% [markdown]
# Where a dot is open, too much hangs on a few counties to say that D rose or fell: Georgia's rise is the largest of all and yet open.
# Among fourteen intervals of 95 %, one may well leave out 0 by chance.

# %% [markdown]
# ## What may not be concluded
#
# - **That one city is worse to live in.** An index counts who lives beside whom, not schools, rents or fear.
# - **That a policy worked**, because places with it have lower values. They differ in much else.
# - **Anything about people from places.** A high D does not say that anyone chose it, or was made to.
# - **An order from point values.** Overlapping ranks are ties.
# - **That counties tell of streets.** By county these states differ at the scale of a day's drive; their cities may
#   have another order.
# - **That a category meant the same in 1960 and 1990**, or in two countries. "Other" is everyone else here, and changed.
#
# ## What you can now say to a council
#
# > Of the 14 states whose counties are of like size, Georgia is the tenth by D, and between the fourth and the sixth by H: the
# > place in the list depends on the question. D by county rose between 1960 and 1990, but so much of that hangs on a few
# > counties that we would not call it a trend. None of this tells how neighbourhoods differ within a county.
#
# **Next:** [which tier owns it, and why did it change?](which_tier_and_why.ipynb) How to write it down: `sgt.methods`, in
# [measure a city](measure_a_city.ipynb).
