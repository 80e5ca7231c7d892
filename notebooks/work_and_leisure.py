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
# # Where do people of different groups meet?
#
# People sleep in one place, work in another, and spend the evening in a third. Most studies of segregation see only the first.
# One question: at home, at work or in their leisure, where do people of different groups have a chance to meet?
#
# The residents are those of the Sacramento area in 2000. **Where they go is invented**, by one rule for all groups and
# some dice: it says nothing of Sacramento. Put the flows of your own city in its place.
#
# *Assumed:* [measure a city](measure_a_city.ipynb), [which scale](which_scale.ipynb).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import segregation_tools as sgt

groups = ["white", "black", "asian", "hispanic"]
tracts = sgt.load("sacramento")
tracts = tracts.to_crs(tracts.estimate_utm_crs())  # metres
tracts = tracts[tracts[groups].sum(axis=1) > 0]
homes = sgt.Population.from_frame(tracts, groups=groups)
homes

# %% [markdown]
# ## Invented ways
#
# Twenty-five districts with jobs, twelve places to go out to. The nearer a place, the more go there. To which jobs people
# have access differs by group, by dice; to the places of leisure all of a tract go alike.

# %%
rng = np.random.default_rng(2000)
points = np.column_stack([tracts.centroid.x, tracts.centroid.y])
jobs, parks = rng.choice(len(tracts), 25, replace=False), rng.choice(len(tracts), 12, replace=False)


def near(places, metres):
    away = np.hypot(*(points[:, None] - points[places]).transpose(2, 0, 1))
    return np.exp(-away / metres)


size = rng.lognormal(sigma=0.8, size=len(jobs))
to_work = [
    pd.DataFrame(near(jobs, 12_000) * size * rng.lognormal(sigma=0.7, size=len(jobs)), tracts.index, tracts.index[jobs])
    for _ in groups
]
going_out = pd.DataFrame(near(parks, 6_000), tracts.index, tracts.index[parks])


def long(table):
    return table.rename_axis(index="home", columns="place").stack().rename("weight").reset_index()


commuters = pd.concat({group: long(table) for group, table in zip(groups, to_work)}, names=["group"]).reset_index("group")
commuters.sample(4, random_state=1)

# %% [markdown]
# ## Through the day
#
# `Visits` are flows by group, `Flows` those of everyone. How long people are at each place comes from a survey of time use;
# here 60 waking hours a week at home, 35 at work, 15 elsewhere.

# %%
work = sgt.Visits(commuters, origin="home", destination="place", weight="weight", group="group")
leisure = sgt.Flows(long(going_out), origin="home", destination="place", weight="weight")
day = sgt.meeting({"home": homes, "work": work, "leisure": leisure}, hours={"home": 60, "work": 35, "leisure": 15})
day

# %% [markdown]
# The last row is the week of the residents: whom they could meet in all of their time. It lies below the average of the rows
# above it, since those who are among their own at one place need not be so at another.

# %% [markdown]
# ## Who is among their own, and where?
#
# Isolation beyond an even spread: 0 where a group is no more among itself than its share of the people says, 1 where it
# meets only its own.

# %%
beyond = day.isolation["beyond"].unstack("domain")[["home", "work", "leisure"]].loc[groups]
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
rows = np.arange(len(groups))
ax.hlines(rows, beyond.min(axis=1), beyond.max(axis=1), color="0.8", linewidth=2, zorder=0)
for domain, mark, colour in (("home", "o", "#08519c"), ("work", "s", "#d95f0e"), ("leisure", "^", "#238b45")):
    ax.plot(beyond[domain], rows, mark, color=colour, markersize=8, label=domain)
ax.set_yticks(rows, groups)
ax.set_ylim(len(groups) - 0.5, -0.5)
ax.set_xlim(0, None)
ax.set_xlabel("isolation beyond an even spread")
ax.spines[["top", "right", "left"]].set_visible(False)
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1));

# %%
day.isolating().round(3)

# %% [markdown]
# ## Which places bridge groups?
#
# Each place has a part in the chance that somebody met is of another group: the time spent there, times the share of others
# there. The parts add up to that chance.

# %%
bridges = day.bridges()
bridges["contribution"].groupby("domain").sum().round(3), round(bridges["contribution"].sum(), 3)

# %%
bridges.head(6).round(3)

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.5, 4), layout="constrained")
at = pd.DataFrame(points, tracts.index, ["x", "y"])
for ax, (domain, colour) in zip(axes, {"home": "#08519c", "work": "#d95f0e", "leisure": "#238b45"}.items()):
    parts = bridges.loc[domain]
    tracts.plot(ax=ax, color="0.94", edgecolor="white", linewidth=0.2)
    spots = at.loc[parts.index]
    ax.scatter(spots["x"], spots["y"], s=5_000 * parts["share"], color=colour, alpha=0.55, linewidth=0)
    ax.set_title(f"{domain}: {parts['share'].sum():.0%}", fontsize=10)
    ax.set_axis_off()
    ax.set_xlim(points[:, 0].mean() - 45_000, points[:, 0].mean() + 45_000)
    ax.set_ylim(points[:, 1].mean() - 55_000, points[:, 1].mean() + 55_000)
fig.suptitle("Where people meet those of other groups: the part of each domain, and of each place (area of a dot)", fontsize=11);

# %% [markdown]
# Home is where most of it happens in this invented week, since most time is spent there, but in small parts: a few places of
# work have a larger part than any neighbourhood. They are larger, too.

# %% [markdown]
# ## Who one is, and whom one meets
#
# By how much more the members of a group meet of it than all others do (experienced isolation, Athey et al. 2021):

# %%
day.exposure_segregation().round(3)

# %% [markdown]
# ## How much hangs on the hours?
#
# Someone who works from home has other hours. All indices measure `day.population`, so that any question asked of a city can
# be asked of a day.

# %%
weeks = {
    "as above": {"home": 60, "work": 35, "leisure": 15},
    "works from home": {"home": 95, "work": 0, "leisure": 15},
    "out a lot": {"home": 40, "work": 35, "leisure": 35},
}
domains = {"home": homes, "work": work, "leisure": leisure}
pd.DataFrame(
    {
        name: [index(sgt.meeting(domains, hours=hours).population) for index in (sgt.dissimilarity, sgt.information_theory)]
        for name, hours in weeks.items()
    },
    index=["dissimilarity", "information theory"],
).T.round(3)

# %% [markdown]
# Being at one place is a chance to meet, not a meeting: a district with jobs holds many firms that never see each other. And
# places of different size cannot be set beside each other without thought, since the larger ones look the more mixed: here a
# place of leisure draws from many tracts.

# %% [markdown]
# ## What you can now say to a council
#
# With flows of your own city in place of these:
#
# > Counting where people live, the information theory index is 0.17; counting where they spend their waking hours, 0.07. Work and
# > leisure are 45 % of the time, and 48 % of the chances to meet across groups. Which places have most of them is in the table.
# > Whether anyone speaks to anyone there, we do not know.
#
# **Next:** [who has a library nearby?](audit_access_to_services.ipynb)
