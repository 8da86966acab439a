"""The open benchmark: any method from cubes to maps, on frozen scans of two simulators."""
