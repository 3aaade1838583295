"""The benchmarks lean-core and lean-std: the library's own theorems, each in the environment of its own module."""
