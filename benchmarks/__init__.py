"""Benchmarks of skxrf: problems, estimators, one command to run, one to report."""
