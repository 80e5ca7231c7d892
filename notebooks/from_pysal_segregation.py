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
# # I use PySAL segregation: what is it called here, and will my numbers change?
#
# [PySAL segregation](https://github.com/pysal/segregation) taught many of us to measure segregation in Python, and many of this
# library's reference values are its. One question: for each of its classes, which verb is it here, does it give the same
# number, and where not, why?
#
# *Assumed:* you have used PySAL segregation. It need not be installed: its values, of version 2.6.0, are written down here, or come
# from the table that this library is tested against, `tests/oracles` in the repository. Ours are computed as you run this.

# %%
import ast
from pathlib import Path

import pandas as pd

import segregation_tools as sgt

pd.set_option("display.max_rows", 60, "display.max_colwidth", 120)
tracts = sgt.load("sacramento")
tracts = tracts.to_crs(tracts.estimate_utm_crs())  # metres
groups = ["white", "black", "asian", "hispanic"]

# %% [markdown]
# ## Every name
#
# `from_pysal("MultiInfoTheory")` gives the index itself; without a name, the list. `names["differs"]` says what to mind, such as
# `.local` for local classes. `ModifiedDissim`, `BiasCorrectedDissim` and `DensityCorrectedDissim` are not in it: a correction
# is a verb here, `adjusted(index, method=…)`.

# %%
names = sgt.from_pysal()
names["index"].rename("here").to_frame()

# %% [markdown]
# ## Two habits change
#
# 1. **Name the comparison.** PySAL takes a group and a total, `Dissim(tracts, "hispanic", "total")`, and compares the group with the
#    rest. Here a population says who is compared with whom, and every verb reads it.
# 2. **One verb for two groups and for many.** `Dissim` and `MultiDissim` are both `dissimilarity`.

# %%
four = sgt.Population.from_frame(tracts, groups)
hispanic = sgt.Population.from_frame(tracts, ["hispanic"], total="total").versus("hispanic")
pd.Series(
    {
        "MultiDissim(tracts, groups)": sgt.dissimilarity(four),
        'Dissim(tracts, "hispanic", "total")': sgt.dissimilarity(hispanic),
        "Hispanic against the three other groups, a third question": sgt.dissimilarity(four.versus("hispanic")),
    }
).round(4)

# %% [markdown]
# The last two differ because the four groups do not add up to the total: here it shows in the code which of them is meant.
#
# ## The numbers that agree
#
# Every reference value that PySAL confirms for the whole of Sacramento, and ours.

# %%
oracles = Path("..") / "tests" / "oracles"
rows = pd.concat([pd.read_csv(oracles / f"{name}.csv", dtype={"crs": str}, keep_default_na=False) for name in ("values", "maps")])
rows = rows[(rows["data"] == "sacramento") & rows["source"].str.contains("pysal", case=False) & ~rows["cell"].str.startswith("#")]
rows = rows[~rows["source"].str.contains("ignores b")]  # of one program only


def ours(row):
    """Measure what a row of the table says: an index with its options, of the groups it names."""
    options = {key: ast.literal_eval(value) for key, value in (part.split("=") for part in row.options.split(";") if part)}
    value = getattr(sgt, row.index)(hispanic if row.against else four, **options)
    return float(value[row.cell] if row.cell else value)


table = pd.DataFrame(
    {
        "PySAL class": rows["source"].str.removeprefix("PySAL segregation 2.6.0 ").str.extract(r"^(\w+)", expand=False),
        "here": rows["index"],
        "options": rows["options"],
        "PySAL": rows["value"],
        "ours": [ours(row) for row in rows.rename_axis(None).itertuples(name="Row")],
    }
).set_index("PySAL class")
table["to nine digits"] = (table["ours"] - table["PySAL"]).abs() < 1e-9
table.round(6)

# %% [markdown]
# How to reach these numbers in PySAL 2.6.0, where the class alone gives others: `Atkinson` with b = 0.9 is its function
# `_atkinson`; boundary measures and `GlobalDistortion` (with `normalize=False`) are those of a frame whose labels are
# 0, 1, 2 … in order; `ConProf` and `SpatialProxProf` are integrals, which the classes approximate by steps.
#
# ## The numbers that change
#
# What the classes of PySAL 2.6.0 gave on these very tracts, called as in the first column (`t` for the frame, its GEOIDs as
# labels), beside ours.

# %%
near = sgt.Radius(2000, kernel="triangular")
decay = sgt.distance_decay_exposure(hispanic, decay=1000)
changed = [
    ("Atkinson(t, 'hispanic', 'total', b=0.9)", 0.15079, sgt.atkinson(hispanic, b=0.9), "b is ignored there: always 0.5"),
    ("Dissim(…, distance=2000)", 0.29234, sgt.dissimilarity(hispanic.within(near)), "smoothing"),
    ("MultiInfoTheory(…, distance=2000)", 0.13667, sgt.information_theory(four.within(near)), "smoothing"),
    ("SpatialProximity(…)", 1.04678, sgt.spatial_proximity(hispanic, decay=1000), "proximity"),
    ("AbsoluteClustering(…)", 0.06070, sgt.absolute_clustering(hispanic, decay=1000), "proximity"),
    ("RelativeClustering(…)", 0.51728, sgt.relative_clustering(hispanic, decay=1000), "proximity"),
    ("DistanceDecayIsolation(…)", 0.20145, decay.iloc[0, 0], "proximity"),
    ("DistanceDecayInteraction(…)", 0.86208, decay.iloc[0, 1], "proximity"),
    ("BoundarySpatialDissim(…)", 0.22283, sgt.boundary_dissimilarity(hispanic, weights="border", standardize="rows"), "labels"),
    ("PARDissim(…)", 0.29599, sgt.boundary_dissimilarity(hispanic, weights="border_shape"), "labels"),
    ("GlobalDistortion(t, groups, normalize=False)", 15.29625,
     sgt.distortion(four, over="units", focal=False, normalized=False), "labels"),
    ("ConProf(…)", 0.13769, sgt.concentration_profile(hispanic), "steps; here in closed form"),
    ("SpatialProxProf(…)", 0.22847, sgt.spatial_proximity_profile(hispanic), "steps; here integrated exactly"),
    ("DensityCorrectedDissim(…)", 0.29521, sgt.adjusted(sgt.dissimilarity, method="density")(hispanic), "its search underflows"),
    ("ModifiedDissim(…)", 0.31051, sgt.adjusted(sgt.dissimilarity, method="carrington_troske")(hispanic), "one draw of chance"),
    ("BiasCorrectedDissim(…)", 0.32145, sgt.adjusted(sgt.dissimilarity, method="bias", rng=7)(hispanic), "draws of chance"),
]
pd.DataFrame(changed, columns=["called in PySAL 2.6.0", "PySAL", "ours", "why"]).set_index("called in PySAL 2.6.0").round(4)

# %% [markdown]
# ### Smoothing
#
# With a distance, PySAL smooths the people *and* those whom they meet. Here residents weigh where they live, and only whom they meet
# is smoothed (Reardon & O'Sullivan 2004). To get (nearly) its number, make the smoothed people a population:

# %%
smoothed = sgt.Population(hispanic.within(near).environment, hispanic.groups)
print(f"{sgt.dissimilarity(smoothed):.4f}")

# %% [markdown]
# ### Proximity
#
# Massey & Denton let proximity fall with distance, exp(−d). PySAL 2.6.0 takes 1 − exp(−d/Σd), which rises with it: its isolation
# and interaction of one group add up to 1.06 above, ours to 1. A checkerboard and two halves of 10 × 10 cells of 100 m get a
# `SpatialProximity` of 1.50 and 1.39 there, so that the checkerboard is the more clustered. Here:

# %%
patterns = {"checkerboard": "checkerboard", "two halves": "ghetto"}  # the second is its name in the literature
{
    name: round(sgt.spatial_proximity(sgt.synthetic_city(pattern, rows=10, cols=10, cell_size=100), decay=200), 3)
    for name, pattern in patterns.items()
}

# %% [markdown]
# The decay length has to be named, in metres, since it decides the value.
#
# ### Labels
#
# The boundary measures and `GlobalDistortion` put one table in the order of rows and another in the order of labels. On these
# tracts `BoundarySpatialDissim` gives .223 with GEOIDs, and .264, as here, after `reset_index(drop=True)`: do that first in PySAL.
# Here the order of rows plays no part:

# %%
shuffled = sgt.Population.from_frame(tracts.sample(frac=1, random_state=1), ["hispanic"], total="total").versus("hispanic")
print(f"{sgt.boundary_dissimilarity(shuffled, weights='border', standardize='rows'):.4f}")

# %% [markdown]
# ### Memory
#
# `MultiGini` holds a matrix of units × units: 1 MB here, 245 GB on the 181,408 areas of England and Wales. `gini` sorts.
#
# ## Is it chance? `SingleValueTest` → `null_test`
#
# | `null_approach` | here |
# |---|---|
# | `"evenness"` | `null="random_allocation"` |
# | `"systematic"` | `null="systematic"` |
# | `"person_permutation"` | `null="both_margins"` |
# | `"geographic_permutation"` | `null="permuted_units"` |
# | `"bootstrap"` | `bootstrap(index, pop, of="units")`, with an interval instead of a p-value |
# | `"even_permutation"`, `"systematic_permutation"` | none; nearest are the first two, of a population in an environment |
#
# The p-value is (k + 1)/(draws + 1), so never 0, and one-sided unless `alternative="two-sided"`. `.draws` is its `est_sim`.

# %%
test = sgt.null_test(sgt.dissimilarity, hispanic, null="random_allocation", draws=499, rng=7)
pd.Series({"value": test.value, "expected by chance": test.expected, "p": test.p_value}).round(4)

# %% [markdown]
# ## Do two differ? `TwoValueTest` → `difference`, and `compare` for many
#
# A difference comes with its interval, which says how large it is and not only that it is there. There is no test by shuffling
# units between two cities (`"random_label"`), nor one by counterfactual composition. For places of unlike size see
# [comparing places](compare_cities.ipynb).

# %%
births = sgt.load("nc_births")
before, after = (
    sgt.Population.from_frame(births.rename(columns={f"nonwhite_{y}": "nonwhite", f"white_{y}": "white"}), ["nonwhite", "white"])
    for y in (1974, 1979)
)
change = sgt.difference(sgt.information_theory, before, after, rng=7)
print(f"{change.value:.4f}, 95 % interval {change.interval()[0]:.4f} to {change.interval()[1]:.4f}")

# %% [markdown]
# ## Why do they differ? `DecomposeSegregation` → `decompose_change`
#
# This is another method, not another name: expect other numbers. PySAL exchanges the distributions of shares over units
# (`composition`, `share`, `dual_composition`) and tells a spatial and an attribute part: by `composition` 0.0043 and −0.0005 of
# the 0.0039 by which H fell. Here tables get the margins of one date and the odds ratios of the other, which tells what is
# owed to the growth of groups, to the growth of units, and to structure (Elbers 2021). Its structure is not PySAL's spatial part.

# %%
sgt.decompose_change(before, after, index=sgt.information_theory).to_frame().round(4)

# %% [markdown]
# ## At which scale? `compute_multiscalar_profile` → `profile`
#
# Any index, any kernel, streets (`NetworkRadius`) or nearest people too; with `rng=` the band of chance beside it. PySAL's values,
# which smooth residents as well, beside ours:

# %%
theirs = {0: 0.1710, 1000: 0.1661, 2000: 0.1367, 4000: 0.1030}  # MultiInfoTheory, distances=[1000, 2000, 4000]
scales = sgt.profile(sgt.information_theory, four, radii=list(theirs), kernel="triangular").set_index("scale")["value"]
pd.DataFrame({"PySAL": theirs, "ours": scales}).round(4)

# %% [markdown]
# ## All at once: `batch_compute_singlegroup`, `batch_compute_multigroup` → `summary`
#
# One table, with what chance gives beside each value. `shelf()` lists what there is; measures of the map, which need a decay
# length, a centre or borders, are asked for one by one, so that none is taken by default.

# %%
sgt.summary(four)[["index", "symbol", "value", "expected"]].round(4).head(9)

# %% [markdown]
# ## What you can now say
#
# > These figures were computed with segregation_tools. Without a map they equal those of PySAL segregation to nine digits
# > (Atkinson's b apart); where a distance, a decay or borders play a part they differ for a reason that we can name.
#
# **Next:** [measure a city](measure_a_city.ipynb), if you have not seen it, then [comparing places](compare_cities.ipynb).
# What other programs agree on is in the documentation, *Beside other software*.
