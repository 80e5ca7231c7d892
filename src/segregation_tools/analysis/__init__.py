"""Asks more of any index: chance, certainty, scale, tiers, change. May import indices, environments and below."""
