"""The console's pages that no public API of AWS has, as a small JSON API, and its client."""
