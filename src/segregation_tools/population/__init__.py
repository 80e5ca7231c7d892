"""Who lives where: counts, groups, tiers, geography, reading. May import errors, tables and kernels."""
