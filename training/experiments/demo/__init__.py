"""What `flywheel demo` does before its two runs: a first proof, a look at the machine, a subset that fits it."""
