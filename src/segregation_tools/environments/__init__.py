"""Whom residents meet: recipes that bind to a geography. May import population and below, not indices."""
