"""Benchmarks of the prover."""
