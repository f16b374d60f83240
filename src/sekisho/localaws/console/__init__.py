"""The console's pages without a public API at AWS, as a small JSON API, and its client."""
