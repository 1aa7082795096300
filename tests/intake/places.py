"""Some places of the demo directory: code, kind, division."""

PLACES = (
    ("630000-C1", "centre", "630000"),
    ("630104-C1", "centre", "630104"),
    ("620100-C1", "centre", "620100"),
    ("630104001-S1", "station", "630104001"),
    ("630103-P1", "agent", "630103"),
    ("513201-CL", "partner", "513201"),
)
