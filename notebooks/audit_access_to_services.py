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
# # Who has a library nearby, and where should the next one go?
#
# One question in two parts: how far is the nearest library for the residents of a county, group by group; and if three more can
# be opened, where do they shorten ways most, and where could they bring people of different groups into one room?
#
# Residents are real (census tracts of Sacramento County, 2000). The libraries, the candidate sites and the street network are
# invented, so nothing here says anything about Sacramento's libraries.
#
# What differs between groups is a *disparity*. It is not *discrimination*: distances do not tell why.
#
# *Assumed:* [measure a city](measure_a_city.ipynb), [is it chance?](is_it_chance.ipynb)

# %%
import matplotlib.pyplot as plt
import numpy as np
import segregation_tools as sgt

tracts = sgt.load("sacramento").to_crs(32610)
tracts = tracts[tracts["county"] == "06067"]
groups = ["white", "black", "asian", "hispanic"]
pop = sgt.Population.from_frame(tracts, groups=groups)

chance = np.random.default_rng(5)
inside = tracts.set_geometry(tracts.representative_point())
libraries = inside.iloc[chance.permutation(len(tracts))[:25]][["geometry"]]
sites = inside.drop(libraries.index).iloc[::3][["geometry"]]
streets = sgt.load("sacramento_streets")

# %% [markdown]
# ## The audit
#
# By street, not as the crow flies. Two standards, because a standard is a choice: 2 km is a walk of about 25 minutes, 4 km a bus
# or bicycle ride.

# %%
audit = sgt.access(pop, libraries, cost=streets, standard=[2000, 4000])
audit.groups()[["people", "nearest", "nearest_median", "within_2000", "within_4000"]].round(3)

# %% [markdown]
# How sure is a gap? The intervals draw whole tracts: neighbours share their way, so a few tracts can carry a difference.

# %%
gaps = audit.gaps(of="units", rng=7).set_index(["measure", "group"])
near = gaps.loc["within_4000"]
near[["value", "reference", "gap", "gap_low", "gap_high"]].round(3)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5), width_ratios=(1.25, 1), layout="constrained")
ways = audit.to_frame()
ways = ways.assign(km=(ways["nearest"] / 1000).clip(upper=10))
ways.plot("km", ax=left, cmap="YlGnBu", edgecolor="white", linewidth=0.2, legend=True,
          legend_kwds={"label": "km to the nearest library by street (10 and more alike)", "shrink": 0.7})
libraries.plot(ax=left, color="#b35806", markersize=26, edgecolor="white", linewidth=0.6, zorder=3)
north = tracts.total_bounds[3]


def city(ax):
    """Show the built-up north of the county; the ways of all residents count."""
    ax.set_xlim(libraries.total_bounds[0] - 5000, libraries.total_bounds[2] + 13000)
    ax.set_ylim(libraries.total_bounds[1] - 3000, north + 500)
    ax.set_axis_off()


city(left)
left.set_title("Ways to the nearest library (dots), north of the county")

rows = np.arange(len(groups))
gap = 100 * near.loc[groups]
right.axvline(0, color="#7f7f7f", linewidth=0.8)
right.errorbar(gap["gap"], rows, xerr=[gap["gap"] - gap["gap_low"], gap["gap_high"] - gap["gap"]],
               fmt="o", color="#2166ac", capsize=3)
right.set_yticks(rows, groups)
right.set_ylim(len(groups) - 0.5, -0.5)
right.set_xlabel("percentage points more (right) or fewer (left)\nthan everyone else, with 95 % intervals")
right.set_title("Share with a library within 4 km")
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Three more libraries
#
# Three aims, three answers, each proven to be the best there is among all choices of three of the sites: the shortest mean way;
# the most people within 4 km; the shortest mean way for that group which has it farthest.

# %%
plans = {
    goal: sgt.place_facilities(pop, sites, number=3, standard=4000, existing=libraries, cost=streets, goal=goal)
    for goal in ("p_median", "coverage", "worst_group")
}
for plan in plans.values():
    print(plan, end="\n\n")

# %% [markdown]
# ## Whom would a library bring together?
#
# Meetings are the expected visitors of a site for whom the next visitor is of another group; the near count more than the far.
# Moving the three libraries towards such places makes the mean way longer. Each point is the best plan with at least so many
# meetings, and no plan lies to the lower right of any of them.

# %%
frontier = sgt.facility_frontier(
    pop, sites, number=3, standard=4000, existing=libraries, cost=streets, kernel="biweight", points=7
)
table = frontier.to_frame()
figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5), width_ratios=(1, 1.1), layout="constrained")
left.plot(table["meetings"] / 1000, table["p_median"] / 1000, "o-", color="#2166ac")
left.set_xlabel("expected meetings across groups, thousands")
left.set_ylabel("mean way to the nearest library, km")
left.set_title("What the one costs in terms of the other")
left.spines[["top", "right"]].set_visible(False)
tracts.plot(ax=right, color="#f0f0f0", edgecolor="white", linewidth=0.3)
libraries.plot(ax=right, color="#7f7f7f", markersize=14, label="open today")
frontier.plans[0].sites.plot(ax=right, color="#2166ac", marker="s", markersize=60, edgecolor="white", label="shortest mean way")
frontier.plans[-1].sites.plot(ax=right, color="#b35806", marker="^", markersize=75, edgecolor="white", label="most meetings")
city(right)
right.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncol=3)
right.set_title("The two ends of the line")
plt.show()

# %% [markdown]
# The plan with the most meetings puts libraries side by side in the most mixed neighbourhoods: each is counted with all who
# live around it, though one person will hardly go to both. So read the right end of the line as a direction, not as a proposal.
#
# Which point to take is for a council, not for a program. The figures leave out what they cannot know: who will come, opening
# hours, buses, the room there is, and whether people who share a room speak to each other.

# %% [markdown]
# ## What you can now say to a council
#
# With your own libraries and streets:
#
# > 56 in 100 residents have a library within 4 km by street: 66 of black residents, 53 of white ones; the intervals of these two gaps
# > leave out 0, that of Asian residents does not. Three more libraries can raise it to 67, not higher with these sites. The three
# > that shorten the mean way are not those that reach most people, and each choice has its price in the other.
#
# **Next:** [could other school zones bring pupils together?](redraw_the_school_zones.ipynb)
