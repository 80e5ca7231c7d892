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
# # How segregated is a country, cell by cell?
#
# Censuses publish grids: how many people live in each cell of 100 metres. Cells are all alike, so that towns can be
# compared, and small, so that neighbourhoods of any size can be put together from them. One question, for a country that
# is invented: do its groups live apart by street, by quarter, or by town?
#
# *Assumed:* [is it chance?](is_it_chance.ipynb), [which scale](which_scale.ipynb).

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import segregation_tools as sgt

country = sgt.synthetic_country(rows=600, cols=500, towns=60, people=1_000_000, rng=4)
country

# %% [markdown]
# Most cells are empty, as in any country. Whole people, three groups; the array is that of the grid: groups × rows × columns.

# %%
print(country.counts.shape, f"{(country.sizes > 0).mean():.0%} of the cells are inhabited")
country.mix.round(3)

# %%
figure, ax = plt.subplots(figsize=(6, 6.6))
shown = ax.imshow(np.where(country.sizes > 0, country.sizes, np.nan), norm="log", cmap="viridis_r")
figure.colorbar(shown, ax=ax, label="people in a cell of 100 m", shrink=0.7)
ax.set(title="Where people live", xlabel="cells from the west", ylabel="cells from the north")
plt.show()

# %% [markdown]
# ## Cells alone say little
#
# In a cell of a few people, chance alone makes the mix uneven. What chance gives stands beside the value: most of the
# dissimilarity of single cells is no more than that.

# %%
sgt.summary(country, dimension="evenness")[["index", "value", "expected"]].round(3).head(3)

# %% [markdown]
# ## Whom people meet within a walk
#
# Everyone within 500 metres, then 1, 2 and 4 kilometres. Residents stay where they are; only whom they meet is changed. The
# environment of the grid is never stored: a few rows at a time go straight into the sums of all indices asked for.

# %%
near = country.within(sgt.Radius(1000))
sgt.measure(near, [sgt.dissimilarity, sgt.information_theory])

# %%
sgt.exposure(near).round(3)

# %%
radii = [0, 200, 500, 1000, 2000, 4000, 8000]
by_radius = sgt.profile(sgt.information_theory, country, radii=radii, rng=7, draws=3)
people = [100, 400, 1600, 6400, 25_600, 102_400]
by_people = sgt.profile(sgt.information_theory, country, people=people)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
left.plot(by_radius["scale"] / 1000, by_radius["value"], marker="o", label="measured")
left.plot(by_radius["scale"] / 1000, by_radius["high"], color="0.5", linestyle=":", label="by chance")
left.legend(frameon=False)
left.set(xlabel="kilometres around home", ylabel="H, information theory index", ylim=(0, None))
right.semilogx(by_people["scale"], by_people["value"], marker="o")
right.set(xlabel="nearest people")
figure.suptitle("How far from home does one have to go to meet the country?")
figure.tight_layout()
plt.show()

# %% [markdown]
# To the left everyone walks equally far; to the right everyone has as many neighbours, however far they live in a village.
# The fall from single cells to 200 metres is mostly chance evening out. What remains after it, and is gone at four kilometres,
# are the quarters of the towns.

# %% [markdown]
# ## A map of it
#
# The local values, whose mean over residents is the index. Above 0 those met are less diverse than the country, below 0 more.

# %%
local = sgt.information_theory.local(near)
rows, cols = np.nonzero(country.sizes == country.sizes.max())
window = np.s_[max(rows[0] - 60, 0) : rows[0] + 60, max(cols[0] - 60, 0) : cols[0] + 60]

figure, ax = plt.subplots(figsize=(6.2, 5))
shown = ax.imshow(local[window], cmap="PuOr_r", vmin=-0.6, vmax=0.6)
figure.colorbar(shown, ax=ax, label="local H within 1 km")
ax.set(title="The largest town", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## The same on a census
#
# The German census of 2011 for Cologne, where the file is at hand: people by citizenship in cells of 100 metres. Cells are
# perturbed to protect people, so that single ones are not to be read; neighbourhoods are.

# %%
file = Path(os.environ.get("SGT_TEST_DATA", ".")) / "cologne_100m_citizenship_2011.tif"
if file.exists():
    cologne = sgt.Population.from_raster(file, groups=["germans", "foreign"])
    table = sgt.profile(sgt.dissimilarity, cologne, radii=[0, 500, 1000, 2000]).round(3)
else:
    table = "no census file here: set SGT_TEST_DATA to its folder"
table

# %% [markdown]
# ## What you can now say to a government
#
# > In this invented country groups live apart by quarter: of what is there beyond chance within 200 metres of home, half is left
# > within 1 km and hardly anything within 4 km. Towns as wholes are nearly alike. Single cells say little but chance.
#
# **Next:** if the country is larger than one machine, [what then?](beyond_one_machine.ipynb); if you come from PySAL,
# [what is it called here?](from_pysal_segregation.ipynb)
