"""What holds for every request, and for every sequence of sign-in steps."""
