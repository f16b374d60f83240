"""What AWS has: actions, access levels, resource types; API operations and their IAM actions."""
