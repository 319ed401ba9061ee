"""Compiler options for code that simulations spend their time in."""

# Simulations run millions of steps: they are worth optimising in every kind of build.
SIMULATED = ["-O2"]
