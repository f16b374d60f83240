"""What an account is, and how to read one."""
