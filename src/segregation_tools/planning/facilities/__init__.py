"""Where facilities go: the best places, proven, and each candidate by itself. May import what planning may."""
