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
# # Which tier owns it, and why did it change?
#
# A mayor answers for the quarters of a city, not for the distance between states. One question: between which places does
# segregation lie, and what moved it? The counties of the United States, black and all other residents, 1960 to 1990.
#
# *Assumed:* [measure a city](measure_a_city.ipynb), [comparing places](compare_cities.ipynb).

# %%
import matplotlib.pyplot as plt
import pandas as pd

import segregation_tools as sgt

counties = sgt.load("us_counties")
years = [1960, 1970, 1980, 1990]
then = {
    year: sgt.Population.from_frame(
        counties.rename(columns={f"black_{year}": "black", f"other_{year}": "other"}),
        ["black", "other"],
        tiers=["state"],
    )
    for year in years
}

# %% [markdown]
# ## Which tier?
#
# Between states, and between the counties of a state: the two parts add up to the whole.

# %%
parts = {year: sgt.decompose_tiers(sgt.information_theory, pop) for year, pop in then.items()}
by_year = pd.DataFrame({year: part.to_frame().set_index("tier")["value"] for year, part in parts.items()}).T
by_year["total"] = by_year.sum(axis=1)
by_year.round(4)

# %%
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.bar(years, by_year["state"], width=6, color="#2171b5", label="between states")
ax.bar(years, by_year["unit"], width=6, bottom=by_year["state"], color="#9ecae1", label="between counties of a state")
ax.set_xticks(years)
ax.set_ylabel("information theory H")
ax.spines[["top", "right"]].set_visible(False)
ax.set_ylim(0, 0.27)
ax.legend(frameon=False, loc="upper right", ncols=2)
plt.show()

# %% [markdown]
# What each state adds: *between* is how it differs from the country, *within* how its counties differ from each other.

# %%
parts[1990].places("state").sort_values("share", ascending=False).head(8).round(4)

# %% [markdown]
# ## Why did it change?
#
# Groups grew at different rates, and so did counties; what is left is *structure*: who lives where, whatever the sizes. This is
# an account of what changed, as in a book-keeper's why: it says which part moved, not what moved it.

# %%
change = sgt.decompose_change(then[1960], then[1990], index=sgt.information_theory)
change

# %%
sure = sgt.difference(sgt.information_theory, then[1960], then[1990], of="units", draws=500, rng=7)
sure

# %% [markdown]
# The interval asks what another set of counties would have shown, drawn together on both dates. And did H fall only because a
# group left? The list of such groups is empty:

# %%
change.fell_as_groups_left

# %% [markdown]
# County by county, the part that is structure. All counties together give the term of the table above.

# %%
local = change.local()
parts_of = counties.assign(structure=local["structure"] * 1e4).to_crs(5070)
bound = parts_of["structure"].abs().quantile(0.98)
fig, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
parts_of.plot(
    "structure",
    ax=ax,
    cmap="PuOr_r",
    vmin=-bound,
    vmax=bound,
    legend=True,
    legend_kwds={"shrink": 0.6, "label": "change owed to structure, ten-thousandths of H"},
)
ax.set_axis_off()
ax.set_title("Where structure raised H (above 0) and lowered it, 1960 to 1990")
plt.show()

# %% [markdown]
# Counties above 0 came to differ more from the country's mix than the growth of groups and counties explains, those below 0
# less. The largest counties weigh most.

# %% [markdown]
# ## What you can now say to a council
#
# > Counted by county, H was 0.211 in 1960 and 0.192 in 1990; another set of counties might have shown no fall. Beneath it two
# > things moved against each other: the part between states fell by a third, the part between counties of one state rose by a
# > fifth and is now the larger one. That is the tier which is ours.
#
# Segregation within counties, street by street, is not in these data. **Next:** [where do people of different groups
# meet?](work_and_leisure.ipynb)
