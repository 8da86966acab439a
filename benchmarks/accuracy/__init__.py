"""Accuracy of maps: the shipped model and its rivals against the truth and the bound."""
