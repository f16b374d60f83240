"""What an administrator wants: read from a file, checked against an account."""
