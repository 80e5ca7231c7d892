"""Windows, nearest people and scores on grids: strips of rows in, strips of rows out."""
