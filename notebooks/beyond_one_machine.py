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
# # What if the country does not fit into memory?
#
# *Assumed:* [A grid of a country](a_grid_of_a_country.ipynb), and `pip install "segregation-tools[distributed]"`.
#
# A country in cells of 100 metres has some hundred million of them, and a survey of a continent more than any machine holds. The
# counts stay on disk, in chunks; [Dask](https://docs.dask.org) brings the work to them, here on the threads of this machine, in
# earnest on a cluster. Everything below is invented, and small, so that it runs anywhere; nothing in it changes with size.

# %%
import tempfile
from pathlib import Path

import dask.array
import numpy as np
import zarr

import segregation_tools as sgt

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## A country on disk
#
# An array of three groups, 1,200 × 1,000 cells, stored in chunks of 300 × 300. Where nobody counted, the file holds −1.

# %%
country = sgt.synthetic_country(rows=1200, cols=1000, groups=["north", "south", "coast"], rng=7)
stored = zarr.create_array(folder / "country.zarr", shape=country.counts.shape, chunks=(3, 300, 300), dtype="float32", fill_value=-1)
stored[:] = country.counts
stored[:, :200, :150] = -1

# %% [markdown]
# The population is made of the file, not of its contents. The chunks are read once, to refuse what cannot be people and to count
# the groups.

# %%
cells = sgt.Population.from_raster(zarr.open_array(folder / "country.zarr"), groups=list(country.groups), cell_size=100, nodata=-1)
cells

# %% [markdown]
# ## The same verbs, the same numbers
#
# Everyone within a kilometre is met. A chunk is read with as much around it as its residents look, so that no border between
# chunks is felt. Both indices come of one reading.

# %%
near = cells.within(sgt.Radius(1000))
in_chunks = sgt.measure(near, [sgt.information_theory, sgt.exposure])
in_memory = sgt.measure(near.compute(), [sgt.information_theory, sgt.exposure])

print(f"H in chunks    {in_chunks['information_theory']:.15f}")
print(f"H in memory    {in_memory['information_theory']:.15f}")
in_chunks["exposure"].round(3)

# %% [markdown]
# Neighbourhoods of people reach as far as they must: a kilometre in a town, many in the countryside. People are counted in tiles
# first, which tells how far that is.

# %%
sgt.profile(sgt.information_theory, cells, people=[100, 1000, 10_000]).round(4)

# %% [markdown]
# ## What cannot be added up
#
# The Gini index compares everyone with everyone, in order. Residents are counted in buckets instead; the value lies between two
# bounds that are at most a millionth apart.

# %%
low, high = sgt.gini.between(near)
print(f"between {low:.9f} and {high:.9f}; all units in order: {sgt.gini(near.compute()):.9f}")

# %% [markdown]
# Measures that read the whole map say that they cannot, and what to do.

# %%
try:
    sgt.delta(cells[["north", "south"]])
except sgt.CapabilityError as refusal:
    print(refusal)

# %% [markdown]
# ## A map that is larger than memory
#
# Local values are worked out when they are stored, chunk by chunk.

# %%
local = sgt.information_theory.local(near)
dask.array.to_zarr(local, folder / "local.zarr")
written = zarr.open_array(folder / "local.zarr")
print(written.shape, f"{np.nanmin(written[:]):.2f} to {np.nanmax(written[:]):.2f}")

# %% [markdown]
# ## On a cluster
#
# One line more, before all others, with the address of the cluster. Nothing else changes, the numbers neither; a worker that is
# lost costs time.
#
# ```python
# client = dask.distributed.Client("tcp://scheduler.example.org:8786")
# ```
#
# Draws go there, too, where a population is small and draws are many: `sgt.bootstrap(..., rng=7, client=client)` makes the same
# draws as without.
#
# ## What you can now say to a council, or a ministry
#
# - "These values are of every cell of the country, not of a sample, and they are those that one large machine would give."
# - "The neighbourhood is a kilometre everywhere, across every border by which the files are cut."
#
# **Next:** how large, how long, and how chunks are best cut, says the page "Past one machine" of the documentation; if you come from
# PySAL, [what is it called here?](from_pysal_segregation.ipynb)
