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
# All groups are clustered, and far from chance. Small tracts vary by chance alone, which hides some of it: with shares
# standardized for the size of each tract it is hardly another picture here, as tracts hold some thousand people.

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
figure, axes = plt.subplots(2, 2, figsize=(9.5, 7.6))
for ax, group in zip(axes.flat, groups):
    projected.plot(ax=ax, color="#f2f2f2", edgecolor="white", linewidth=0.2)
    for kind, colour in colours.items():
        here = projected[(clusters[group] == kind).reindex(projected.index)]
        if len(here):
            here.plot(ax=ax, color=colour, edgecolor="white", linewidth=0.2)
    ax.set_title(f"Share of {group}")
    ax.set_axis_off()
handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
figure.legend(handles, [words[kind] for kind in colours], loc="lower center", ncol=2, frameon=False)
figure.suptitle("Where shares and those next door leave the mean together")
figure.tight_layout(rect=(0, 0.06, 1, 1))
plt.show()

# %% [markdown]
# Every group has its two sides: where one is above the mean, others are below it. What such a map is good for is the next
# question: are there schools, buses and homes on both sides of these lines, and who can cross them?
#
# ## Is it the tract, or its surroundings?
#
# G* asks which share of a group lives in a tract and those next to it: large where many are, whatever the share. Geary's c
# asks how much a tract differs from its neighbours, and finds borders: where it is large, a street may be one.

# %%
borders = sgt.local_geary(pop, group="black", permutations=9999, rng=7, fdr=0.05).to_frame()
borders["cluster"].value_counts()

# %% [markdown]
# Tracts of the kind `Negative` differ from those around them more than chance explains. `sgt.social_frontiers` goes on from
# here and tests each border line by itself.
