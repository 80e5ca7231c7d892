"""What we ask of a population: formulas, driver and shelf. May import population and below, not environments."""
