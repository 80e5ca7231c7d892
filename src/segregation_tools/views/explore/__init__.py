"""Interactive maps: one page that needs nothing else. May import every room."""
