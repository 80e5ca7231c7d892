"""Populations that lie in chunks, on disk or on many machines: the only folder that knows Dask."""
