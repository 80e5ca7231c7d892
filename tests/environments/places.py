"""Four squares in a row, the last one apart."""

import geopandas
import shapely

import segregation_tools as sgt


def squares(xs=(0, 1, 2, 5), crs=32610):
    frame = geopandas.GeoDataFrame(
        {"a": [10.0, 20, 30, 40][: len(xs)], "b": [40.0, 30, 20, 10][: len(xs)]},
        geometry=[shapely.box(x * 100, 0, x * 100 + 100, 100) for x in xs],
        crs=crs,
    )
    return frame.set_axis(list("stuv")[: len(xs)])


def read(frame):
    return sgt.Population.from_frame(frame, ["a", "b"])
