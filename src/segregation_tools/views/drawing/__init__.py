"""Pictures of results: one file a kind, and the door that picks by type. May import everything below, and its neighbours."""
