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
# # Where does segregation cluster?
#
# An index says how unevenly groups are spread over a city, not where. *Local autocorrelation* looks for places where shares
# next door are more alike than chance explains. One question: where in Sacramento do tracts and their neighbours differ from
# the region together, for any of its groups?
#
# A caution first. A cluster is a finding about numbers: it does not say why, nor whether anybody chose it, and it is no name
# for an area or for those who live there. The same is asked of every group, the largest among them.
#
# *Assumed:* [measure a city](measure_a_city.ipynb), [is it chance?](is_it_chance.ipynb)

# %%
import matplotlib.pyplot as plt
import pandas as pd
import segregation_tools as sgt

tracts = sgt.load("sacramento")
groups = ["white", "black", "asian", "hispanic"]
pop = sgt.Population.from_frame(tracts, groups=groups)
pop

# %% [markdown]
# ## The whole place
#
# Moran's I: how much of the variance of shares neighbours have in common. By chance it would be just below 0.

# %%
whole = {group: sgt.moran(pop, group=group) for group in groups}
pd.DataFrame({"I": {group: float(found) for group, found in whole.items()},
              "by chance": {group: found.expected for group, found in whole.items()},
              "z": {group: found.z for group, found in whole.items()}}).round(3)

# %% [markdown]
# The shares of all groups cluster, far beyond chance. Small tracts vary by chance alone, which hides some of it; with shares
# standardized for the size of each tract the picture is the same here, as tracts hold some thousand people.

# %%
pd.Series({group: float(sgt.moran(pop, group=group, rates="empirical_bayes")) for group in groups}).round(3)

# %% [markdown]
# ## Tract by tract
#
# The others are dealt out to the neighbours of each tract 9,999 times. A twentieth of all tracts would look like a cluster in
# each tail though nothing were alike, a tenth in both: `fdr=0.05` limits the share of such false ones among those that are
# found.

# %%
found = {group: sgt.local_moran(pop, group=group, permutations=9999, rng=7, fdr=0.05) for group in groups}
clusters = pd.DataFrame({group: local.to_frame()["cluster"] for group, local in found.items()})
clusters.apply(pd.Series.value_counts).fillna(0).astype(int)

# %%
colours = {"High-High": "#b35806", "High-Low": "#fdb863", "Low-High": "#b2abd2", "Low-Low": "#542788"}
words = {"High-High": "above the mean, next door high", "High-Low": "above the mean, next door low",
         "Low-High": "below the mean, next door high", "Low-Low": "below the mean, next door low"}
projected = tracts.to_crs(tracts.estimate_utm_crs())
west, south, east, north = projected[projected["county"] == "06067"].total_bounds  # the mountains to the east are cut off
figure, axes = plt.subplots(2, 2, figsize=(8, 7.6))
for ax, group in zip(axes.flat, groups):
    projected.plot(ax=ax, color="#f2f2f2", edgecolor="white", linewidth=0.2)
    for kind, colour in colours.items():
        here = projected[(clusters[group] == kind).reindex(projected.index)]
        if len(here):
            here.plot(ax=ax, color=colour, edgecolor="white", linewidth=0.2)
    ax.set_title(f"Share of {group} residents")
    ax.set(xlim=(west - 15_000, east + 10_000), ylim=(south + 20_000, north + 15_000))
    ax.set_axis_off()
handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
figure.legend(handles, [words[kind] for kind in colours], loc="lower center", ncol=2, frameon=False)
figure.suptitle("Where shares differ from the mean, here and next door")
figure.tight_layout(rect=(0, 0.06, 1, 1))
plt.show()

# %% [markdown]
# Every group has its two sides: where the share of one is above the mean, that of others is below it. What such a map is good
# for is the next question: are there schools, buses and homes on both sides of these lines, and who can cross them?
#
# ## Where does the mix change sharply?
#
# Geary's c asks how much a tract differs from its neighbours, whatever the mean. `Negative` are tracts that differ from those
# around them more than chance explains.

# %%
contrasts = {group: sgt.local_geary(pop, group=group, permutations=9999, rng=7, fdr=0.05).to_frame()["cluster"] for group in groups}
pd.DataFrame({group: kinds.value_counts() for group, kinds in contrasts.items()}).fillna(0).astype(int)

# %% [markdown]
# Few do, at the size of tracts. `sgt.social_frontiers` goes on from here and tests each border line by itself.

# %% [markdown]
# ## What you can now say to a council
#
# > The share of every group is more alike between neighbouring tracts than chance explains, and these are the tracts where that
# > is so; up to one in twenty of them may be a false alarm. The map says where to look, not why it is so; and it is no name
# > for a place.
#
# **Next:** [which place is more segregated?](compare_cities.ipynb)
