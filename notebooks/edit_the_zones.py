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
# # What does it cost to change a plan by hand?
#
# A search finds zones that are good by what was asked. People know more than was asked: a road that nobody crosses, a block
# that was promised to stay. How are such changes made, and what do they cost? Blocks are real tracts of Sacramento; pupils and
# schools are invented.
#
# *Assumed:* [Could other zones bring pupils together?](redraw_the_school_zones.ipynb), and
# `pip install "segregation-tools[interactive]"`.

# %%
import segregation_tools as sgt

blocks = sgt.load("sacramento_district")
today = dict(
    current=blocks["school"],
    schools=sgt.load("sacramento_district", layer="schools"),
    travel=sgt.load("sacramento_district", layer="travel"),
)
pupils = sgt.Population.from_frame(blocks, groups=["white", "black", "asian", "hispanic"])
rules = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)]
plan = sgt.rezone(pupils, **today, constraints=rules, rng=7, steps=400_000)
plan

# %% [markdown]
# ## The editor
#
# Choose a school, then click or drag over blocks. Numbers follow at once; a zone that falls apart is told, with the blocks that
# are cut off. Lock what must stay; *Improve from here* searches on around it. Everything can be done with keys, too, and
# undone. Where this notebook is only read, a picture of the zones stands here.
#
# It needs one more package: `pip install "segregation-tools[interactive]"`.

# %%
editor = sgt.edit(plan, rng=7)
editor

# %% [markdown]
# ## The same from Python
#
# What the buttons do has a name here, and the map follows. A block that the plan moves is given back to the school of today,
# and locked.

# %%
moved = plan.to_frame().query("moved")
block = moved.index[0]
editor.paint({block: moved.loc[block, "current"]})
editor.lock([block])
sgt.check(editor.plan)

# %%
editor.improve(steps=400_000)
editor.plan

# %% [markdown]
# The block stays, and all rules are kept. `editor.plan` is a plan like any other, at any time.

# %%
editor.plan.to_frame().loc[[block], ["current", "school", "moved"]]

# %%
sgt.compare_plans({"found": plan, "by hand": editor.plan}).round(4)

# %% [markdown]
# ## For those whom it concerns
#
# A page on which residents find their block, with its school today and in the plan: one file, that asks nothing of the network.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    page = sgt.standalone(editor.plan, Path(folder) / "plan.html", title="Sacramento, an invented district")
    editor.save(Path(folder) / "plan.zip")
    again = sgt.load_plan(Path(folder) / "plan.zip")
    size = page.stat().st_size

print(f"{size / 1000:.0f} kB", "· saved and read:", (again.zone == editor.plan.zone).all())

# %% [markdown]
# ## What you can now say to a school board
#
# - "We changed these blocks by hand, for these reasons; this is what it costs, group by group, and every rule was tried again."
# - "What was locked stayed where it was, and the search made the best of the rest that it found in the time it had."
#
# The plan is no better founded than the numbers of pupils are, and nothing here says what families will choose.
#
# **Next:** [where to build](where_to_build.ipynb), since zones can only share out who lives there.
