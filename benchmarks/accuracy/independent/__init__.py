"""A check of the shipped model on paintings that were written down before any evaluation on them.

The rule of this folder: its palettes, instruments, tables and seeds are not changed to suit a
model, and no model is chosen or tuned by what it finds here. Whoever breaks that rule writes new
ones, under new seeds.
"""
