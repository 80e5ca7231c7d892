"""Where homes are built and who lives in them: sites, allocation, scenarios. Reads planning's goals, analysis and below."""
