"""The distinctions that policies can make: keys, credentials, conditions, resources, callers."""
