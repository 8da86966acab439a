"""How good the maps are: the shipped model and its rivals against the truth and the bound."""
