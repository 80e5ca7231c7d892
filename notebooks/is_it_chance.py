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
# # Is it chance?
#
# Deal people out at random, and no unit gets exactly the mix of the city: the smaller the units, the more segregated they
# look. One question: how much of what we measure would be there if everyone lived where a lot had put them?
#
# *Assumed:* [measure a city](measure_a_city.ipynb).

# %%
import matplotlib.pyplot as plt
import pandas as pd

import segregation_tools as sgt

groups = ["white", "black", "asian", "hispanic"]
tracts = sgt.load("sacramento")  # some 4,000 people a tract
blocks = sgt.load("sacramento_district")  # invented pupils, a few dozen a block
people = sgt.Population.from_frame(tracts, groups=groups, tiers=["county"])
pupils = sgt.Population.from_frame(blocks, groups=groups)

# %% [markdown]
# ## What chance alone would give
#
# Beside each value, the same people dealt out at random to units of the same size. Dissimilarity counts every deviation
# of a small unit, information theory and the variance ratio less so.

# %%
rows = [
    {
        "where": name,
        "median unit": round(float(pd.Series(pop.sizes).median())),
        "index": index.symbol,
        "value": index(pop),
        "by chance": sgt.expected(index, pop),
        "adjusted": sgt.adjusted(index)(pop),
    }
    for name, pop in (("tracts, residents", people), ("blocks, pupils", pupils))
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio)
]
pd.DataFrame(rows).set_index(["where", "index"]).round(3)

# %% [markdown]
# Adjusted values are 0 where people live as chance would have them and 1 where groups never share a unit (Winship 1977). They
# are safer than raw ones where units differ in size, but no cure: between 0 and 1 they take out too much of D, as
# [comparing places](compare_cities.ipynb) shows.

# %% [markdown]
# ## A thousand cities by lot
#
# A null model says what chance may move. With *both margins* fixed, everyone changes places with everyone, units keep their
# sizes and groups their numbers.

# %%
test = sgt.null_test(sgt.dissimilarity, pupils, null="both_margins", draws=999, rng=7)
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.hist(test.draws[:, 0], bins=30, color="0.75", label="999 draws of chance")
ax.axvline(test.value, color="#2171b5", linewidth=2, label="measured")
ax.set_xlim(0, None)
ax.set_xlabel("dissimilarity of pupils, by block")
ax.set_yticks([])
ax.spines[["left", "top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()

# %%
test

# %% [markdown]
# None of the draws comes near, so that p is the smallest 999 draws can give, 0.001. That only says that it is not chance alone,
# and with many people it nearly always is small; how much there is beyond chance is said by the adjusted value.

# %% [markdown]
# ## Chance in other forms
#
# *Within tiers* everyone stays in the county: what is left then is owed to differences between counties. *Permuted units* keep
# the mix of every unit and deal out the places, for measures of a neighbourhood: does it matter where the units lie?

# %%
place = sgt.Population.from_frame(tracts.to_crs(tracts.estimate_utm_crs()), groups=groups, tiers=["county"])
near = place.within(sgt.Radius(2000))
forms = {
    null: sgt.null_test(sgt.information_theory, near, null=null, draws=199, rng=7)
    for null in ("both_margins", "within_tiers", "permuted_units")
}
pd.DataFrame({null: {"value": t.value, "expected": t.expected, "p": t.p_value} for null, t in forms.items()}).T.round(4)

# %% [markdown]
# More than half of this segregation would be there if the very same tracts lay anywhere; the rest is owed to like tracts lying
# side by side.

# %% [markdown]
# ## How sure is the value itself?
#
# Other people might have been counted, or other tracts: two questions, two intervals. The second is the wider one here,
# since there are 403 tracts and 1.7 million people.

# %%
sure = {of: sgt.bootstrap(sgt.dissimilarity, people, of=of, rng=7) for of in ("people", "units")}
pd.concat({of: b.to_frame() for of, b in sure.items()}).droplevel(1).round(4)

# %% [markdown]
# ## What you can now say to a council
#
# > By block, pupils have a dissimilarity of 0.37, of which 0.12 would be there by lot, because blocks are small. By tract it is
# > 0.41, of which 0.02 is chance. We report both figures, always together.
#
# The pupils are invented, the tracts are not. **Next:** [who meets whom, at which scale?](which_scale.ipynb)
