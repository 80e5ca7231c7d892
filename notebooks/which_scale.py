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
# # Who meets whom, at which scale?
#
# Two cities may be equally segregated by census tract, one street by street, the other quarter by quarter. In the first,
# a walk to the shop may bring people together; in the second, nobody else lives within a walk. One question, for the
# Sacramento area of 2000: how far from home does one have to go to meet the city?
#
# *Assumed:* [measure a city](measure_a_city.ipynb); what *by chance* means is in [is it chance?](is_it_chance.ipynb)

# %%
import matplotlib.pyplot as plt
import segregation_tools as sgt

tracts = sgt.load("sacramento")
tracts = tracts.to_crs(tracts.estimate_utm_crs())  # metres
groups = ["white", "black", "asian", "hispanic"]
pop = sgt.Population.from_frame(tracts, groups=groups)
pop

# %% [markdown]
# ## The neighbourhood as an environment
#
# Those who live within two kilometres, the near counting more than the far. Residents stay where they are; only whom they
# meet is changed, and every index reads it.

# %%
near = pop.within(sgt.Radius(2000, kernel="biweight"))
sgt.summary(near, dimension="evenness")[["index", "value"]].round(3).head(4)

# %%
sgt.exposure(near).round(3)

# %% [markdown]
# Read a row: of those whom the average black resident meets within two kilometres, 16 in 100 are black, in a region of
# 7 in 100.

# %%
pop.mix.round(3)

# %% [markdown]
# ## All scales at once
#
# A profile measures one radius after the other. Beside it, the band in which 95 of 100 cities lie where chance alone has
# allotted the same tracts their people: here it is so narrow and so low that chance explains next to none of this.

# %%
radii = [0, 500, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000, 24_000]
by_scale = sgt.profile(sgt.information_theory, pop, radii=radii, rng=7)
by_scale.round(4)

# %%
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.fill_between(by_scale["scale"] / 1000, by_scale["low"], by_scale["high"], color="0.7", label="by chance (95 %)")
ax.plot(by_scale["scale"] / 1000, by_scale["value"], "o-", color="black", label="measured")
ax.set(xlabel="radius, km", ylabel="information theory index H", ylim=(-0.01, None))
ax.set_title("How much less diverse than the region those around are")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False);

# %% [markdown]
# The curve starts flat for a reason that is not the city's: tracts are wider than 500 metres, so that small radii reach
# nobody else. Half of the tracts first meet a neighbour at about 1,500 metres.

# %%
alone = {r: int((pop.within(sgt.Radius(r)).environment == pop.counts).all(axis=0).sum()) for r in radii[:6]}
alone  # tracts, of 403, whose residents meet nobody else within the radius

# %% [markdown]
# ## Group by group
#
# Whom does the average member of each group meet of its own, the further one looks? Each line falls towards the group's
# share of the region, shown by the dotted line.

# %%
own = sgt.profile(sgt.isolation, pop, radii=radii)
fig, axes = plt.subplots(1, 4, figsize=(9, 2.8), sharex=True, layout="constrained")
for ax, group in zip(axes, groups):
    line = own[own["group"] == group]
    ax.plot(line["scale"] / 1000, line["value"], color="black")
    ax.axhline(pop.mix[group], color="black", linestyle=":")
    ax.set(title=group, xlabel="radius, km", ylim=(0, 0.8))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("share of own group met");

# %% [markdown]
# ## The same number of people instead of the same distance
#
# Two kilometres hold 45,000 people downtown and ninety in the hills. If everyone is to have as many neighbours, take the
# nearest people.

# %%
by_people = sgt.profile(sgt.information_theory, pop, people=[1, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000])
by_people.round(4)

# %% [markdown]
# ## Streets or quarters?
#
# The value in large neighbourhoods over that in small ones: near 1 where whole quarters differ, near 0 where it is a matter
# of streets. Tracts cannot see streets, so that the small radius is 2 km here; with blocks the customary 500 m and 4 km can
# be taken. The ratio differs between pairs of groups.

# %%
pairs = [["black", "white"], ["asian", "white"], ["hispanic", "white"], ["black", "asian"]]
{
    " and ".join(pair): round(sgt.macro_micro(sgt.information_theory, pop[pair], macro=8000, micro=2000), 3)
    for pair in pairs
}

# %% [markdown]
# Two invented cities show what the ratio tells: a checkerboard and two halves, equally uneven cell by cell.

# %%
for name, pattern in {"checkerboard": "checkerboard", "two halves": "ghetto"}.items():  # the second is its name in the literature
    city = sgt.synthetic_city(pattern, rows=24, cols=24, cell_size=250)
    cells, ratio = sgt.information_theory(city), sgt.macro_micro(sgt.information_theory, city, macro=1000, micro=100)
    print(f"{name}: H of the cells {cells:.2f}, of which {ratio:.0%} remains within one kilometre")

# %% [markdown]
# ## Where
#
# The map of a local index changes with the scale: at two kilometres it shows quarters, at eight, sides of the city. Here the part
# around Sacramento County.

# %%
west, south, east, north = tracts[tracts["county"] == "06067"].total_bounds
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for ax, metres in zip(axes, (2000, 8000)):
    local = sgt.information_theory.local(pop.within(sgt.Radius(metres)))
    tracts.assign(local=local).plot("local", cmap="PuOr_r", vmin=-1, vmax=1, ax=ax)
    ax.set_title(f"within {metres / 1000:g} km")
    ax.set(xlim=(west, east), ylim=(south, north))
    ax.set_axis_off()
fig.colorbar(axes[0].collections[0], ax=axes, shrink=0.7, label="less diverse than the region (local H)");

# %% [markdown]
# ## What you can now say to a council
#
# > Segregation here reaches far: within 2 km of home, those around are 14 % less diverse than the region on average, within 8 km
# > still 10 %. To meet the region takes a bus, not a walk. What happens within a tract these data cannot show.
#
# **Next:** [where does segregation cluster?](where_segregation_clusters.ipynb)
