"""How alike neighbours are. May import population and below, not indices or environments."""
