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
# # Where to build?
#
# A region plans 5,000 homes: owned, rented and social. Sites are there for three times as many. One question: at which of them
# would people of all groups come to live nearer to each other, and how sure can a council be that no other choice does much
# better?
#
# Residents are real (tracts around Sacramento, census of 2000). Sites in Sacramento County, costs, and who lives in homes of
# which tenure are invented.
#
# *Assumed:* [which scale](which_scale.ipynb).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import segregation_tools as sgt

tracts = sgt.load("sacramento").to_crs(32610)
groups = ["white", "black", "asian", "hispanic"]
pop = sgt.Population.from_frame(tracts, groups=groups)

chance = np.random.default_rng(7)
some = chance.permutation(np.flatnonzero(tracts["county"] == "06067"))[:80]
sites = tracts.set_geometry(tracts.representative_point()).iloc[some][["geometry"]]
sites["capacity"] = chance.integers(50, 400, 80)
sites["cost"] = chance.uniform(0.2, 0.6, 80).round(2)  # millions a home
tenures = pd.DataFrame(
    [[1.3, 0.1, 0.5, 0.5], [0.8, 0.3, 0.4, 0.9], [0.5, 0.5, 0.4, 1.1]], index=["owned", "rented", "social"], columns=groups
)
tenures

# %% [markdown]
# ## A plan
#
# The goal is Theil's H of those present within 1 and 3 km, on average. Each site keeps a tenth of its homes social, and all
# homes together cost 1,900 millions at most.

# %%
wanted = {"owned": 2500, "rented": 1500, "social": 1000}
rules = [sgt.budget(1900), sgt.least_share("social", 0.1)]
plan = sgt.site_homes(pop, sites, units=wanted, tenures=tenures, bandwidths=[1000, 3000], constraints=rules, rng=7, draws=49)
plan

# %% [markdown]
# The bound is proven: no homes under these rules bring the goal lower. Plans drawn by lot under the same rules lower H, too,
# because new homes bring people of all groups to places where few of them live. The choice of sites makes the rest of it.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), width_ratios=(1.5, 1))
tracts.plot(ax=left, color="#f2f2f2", edgecolor="white", linewidth=0.3)
built = plan.to_frame()
built[built["homes"] == 0].plot(ax=left, color="none", edgecolor="#7f7f7f", markersize=14, linewidth=0.8)
built[built["homes"] > 0].plot(
    ax=left, color="#b35806", markersize=built.loc[built["homes"] > 0, "homes"] / 1.5, alpha=0.8, edgecolor="white"
)
west, south, east, north = sites.total_bounds
left.set_xlim(west - 4000, east + 4000)
left.set_ylim(south - 4000, north + 4000)
left.set_axis_off()
left.set_title("Homes of the plan (open circles: sites without)")
right.hist(plan.by_lot, bins=12, color="#b2abd2", edgecolor="white")
right.axvline(plan.value_before, color="#7f7f7f", linestyle=":", label="today")
right.axvline(plan.value, color="#b35806", label="the plan")
right.axvline(plan.bound, color="black", linestyle="--", linewidth=1, label="no plan is lower")
right.set_xlabel("H of those present, mean of 1 and 3 km")
right.set_ylabel("plans drawn by lot")
right.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=3)
right.set_title("Beside plans drawn by lot")
figure.tight_layout()

# %% [markdown]
# ## What binds
#
# What would be gained if a rule were looser by one: one more home of a tenure, one more million, room for one more home at a
# site that is full. A negative figure says that one more home of that tenure would raise H, wherever it stood.

# %%
plan.binding.head(8)

# %% [markdown]
# ## Whom the homes bring where
#
# The homes change counts, so every other measure can be asked: here exposure of each group to each other one within 1 km,
# today and with the plan.

# %%
near = sgt.Radius(1000, kernel="biweight")
(sgt.exposure(plan.population.within(near)) - sgt.exposure(pop.within(near))).round(4)

# %% [markdown]
# A plan like this is a proposal about numbers. Who moves in is not known, what those think who live there already is not in
# it, and a lower H is not an end in itself. It does show which sites are worth a closer look, and what leaving them out costs.

# %% [markdown]
# ## What you can now say to a council
#
# With your own sites, and the mix of your own homes:
#
# > 5,000 homes change the index of a region of 1.7 million people by little: from 0.1548 to 0.1506, and no choice among these
# > sites within these rules brings it below 0.1505. Homes dealt out by lot would reach 0.1524 on average. So which sites are
# > chosen matters nearly as much as building at all, and this choice cannot be bettered by much.
#
# **Next:** [how segregated is a country, cell by cell?](a_grid_of_a_country.ipynb), or back to [the list](README.md).
