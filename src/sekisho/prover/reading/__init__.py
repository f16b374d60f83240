"""What policies can tell apart: keys, credentials, conditions, resources, callers."""
