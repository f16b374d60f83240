"""What no policy says: the rules of STS, MFA devices and console sign-in."""
