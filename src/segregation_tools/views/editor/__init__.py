"""The zone editor and the page for residents: a map on which blocks are chosen. May import what views may, and anywidget."""
