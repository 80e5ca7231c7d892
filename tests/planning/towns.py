"""An invented district, with what `rezone` takes."""

import segregation_tools as sgt

GROUPS = ["a", "b", "c"]
RULES = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)]


class Town:
    """A district whose blocks, schools, travel and zones may be read and changed."""

    def __init__(self, blocks=200, schools=6, seed=3):
        self.district = sgt.synthetic_district(blocks, schools, rng=seed)
        self.blocks = self.district.blocks.set_crs(32610, allow_override=True)
        self.schools, self.travel = self.district.schools, self.district.travel

    @property
    def pupils(self):
        return sgt.Population.from_frame(self.blocks, [name for name in self.blocks if name in GROUPS])

    @property
    def today(self):
        return {"current": self.blocks["school"], "schools": self.schools, "travel": self.travel}

    def rezone(self, **given):
        return sgt.rezone(self.pupils, **({"constraints": RULES, "rng": 7, "steps": 400_000} | self.today | given))

    def score(self, assignment, **given):
        return sgt.score(self.pupils, assignment, **({"constraints": RULES} | self.today | given))

    def rolls(self, school):
        return self.blocks.groupby(school)[GROUPS].sum()
