"""The benchmark lean-core: the library's own theorems, each in the environment of its own module."""
