"""Arrays in, arrays out, and the only numba of the package. Imports nothing of the package."""
