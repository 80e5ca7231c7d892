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
# # Measure a city: who lives with whom?
#
# One question, from a file to an answer that can be put before a council: in the Sacramento area of 2000, who lived in the
# same census tract as whom, and how far is that from what chance alone would give?
#
# *Assumed:* you have seen a table read with pandas or geopandas. This is the first notebook of [a course](README.md).

# %%
import segregation_tools as sgt

tracts = sgt.load("sacramento")
tracts.head(3)

# %% [markdown]
# A *population* is who lives where, by group. It is checked when it is made: a negative count, a suppressed cell or a
# doubled tract would be refused here, with the rows named. The groups do not cover everyone, so the total is stated.

# %%
groups = ["white", "black", "asian", "hispanic"]
pop = sgt.Population.from_frame(tracts, groups=groups, tiers=["county"], total="total")
pop

# %% [markdown]
# ## All at once
#
# Beside each value stands what chance alone would give if the same people were allotted at random to tracts of the same
# size. Tracts are large, so chance explains next to nothing here; in blocks of 50 people it explains a good part.

# %%
sgt.summary(pop).drop(columns=["units", "median_unit", "source"]).round(4)

# %% [markdown]
# ## Whom people meet
#
# Row by row: among those who live in the same tract as the average member of the group on the left, the share of each group.
# If everyone were spread evenly, every row would be the mix of the region. *Meet* is short for that, here as in all
# notebooks: living near someone is a chance to meet, and nobody has counted meetings.

# %%
sgt.exposure(pop).round(3)

# %%
pop.mix.round(3)

# %% [markdown]
# ## Say whom you compare
#
# Three questions, three numbers: all four groups, black against white, black against everyone else.

# %%
{
    "all four groups": sgt.dissimilarity(pop),
    "black against white": sgt.dissimilarity(pop[["black", "white"]]),
    "black against everyone else": sgt.dissimilarity(pop.versus("black")),
}

# %% [markdown]
# ## Where
#
# A local value for each tract: how much less diverse it is than the region. Weighted with residents, the mean of the map is
# the index. Below 0 a tract is *more* diverse than the region.

# %%
local = sgt.information_theory.local(pop)
ax = tracts.to_crs(32610).assign(local=local).plot("local", cmap="PuOr_r", vmin=-1, vmax=1, legend=True, figsize=(7, 4), legend_kwds={"shrink": 0.6})
ax.set_axis_off()
ax.set_title("How much less diverse than the region (local H)");

# %%
mean = (local * pop.sizes).sum() / pop.sizes.sum()
print(f"mean over residents {mean:.6f}, index {sgt.information_theory(pop):.6f}")

# %% [markdown]
# ## Place by place
#
# Four counties in one call. The same people counted in fewer, larger units would give lower values:
# [compare only places measured alike](compare_cities.ipynb).

# %%
by_county = sgt.summary(tracts.groupby("county"), groups=groups, dimension="evenness")
by_county.pivot(index="county", columns="symbol", values="value").round(3)

# %% [markdown]
# Is one place less segregated whichever measure is asked that does not depend on how large the groups are? Their curves
# tell, if they do not cross.

# %%
black_white = {
    county: sgt.Population.from_frame(part, groups=["black", "white"]) for county, part in tracts.groupby("county")
}
sgt.lorenz_dominance(black_white["06067"], black_white["06113"])

# %% [markdown]
# *Neither*: the curves of these two counties cross, so that their order depends on the measure.

# %% [markdown]
# ## Incomes and other ordered groups
#
# Where groups have an order, from low to high, moving between neighbours counts less than moving from one end to the other.
# Here an invented city in which incomes rise from west to east.

# %%
city = sgt.synthetic_city("gradient", groups=["low", "high"], rows=5, cols=12)
middle = sgt.Population(
    [city.counts[0] ** 2 / 100, 2 * city.counts[0] * city.counts[1] / 100, city.counts[1] ** 2 / 100], ["low", "middle", "high"]
)
sgt.rank_order_table(middle).round(4)

# %% [markdown]
# ## A school plan is an environment
#
# Children meet at school whom they do not meet at home. On invented pupils and schools: where they live, where they learn.

# %%
blocks = sgt.load("sacramento_district")
pupils = sgt.Population.from_frame(blocks, groups=groups)
at_school = pupils.within(sgt.Zones(blocks["school"]))
print(f"at home   D = {sgt.dissimilarity(pupils):.3f}, of which chance {sgt.dissimilarity.expected(pupils):.3f}")
print(f"at school D = {sgt.dissimilarity(at_school):.3f}")

# %% [markdown]
# ## A page to hand out

# %%
import tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
page = sgt.report(pop, Path(folder.name) / "report.html", title="Sacramento, census tracts, 2000")
print(page.name, f"{page.stat().st_size / 1000:.0f} kB")
folder.cleanup()

# %% [markdown]
# ## For the paper

# %%
print(sgt.methods(pop, sgt.dissimilarity, sgt.information_theory, data="US Census 2000, Summary File 3"))

# %%
print(sgt.cite(sgt.dissimilarity)[:420])

# %% [markdown]
# ## What you can now say to a council
#
# > In 2000, 58 in 100 black residents, or as many in 100 white ones, would have had to live in another census tract for both to
# > be spread alike. In the tract of the average black resident 17 in 100 were black, in a region of 7 in 100. Chance explains
# > next to none of it. Neither figure says why.
#
# **Next:** [is it chance?](is_it_chance.ipynb)
