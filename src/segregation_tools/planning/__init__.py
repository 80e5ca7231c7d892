"""Changes the counts or the environment: school zones, homes, scenarios. May import analysis and below."""
