"""The shipped model: maps without labels, element list or calibration."""
