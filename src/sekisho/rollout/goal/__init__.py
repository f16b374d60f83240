"""Goals of an administrator: read from a file, checked against an account."""
