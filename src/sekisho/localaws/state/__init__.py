"""The state of the account: what moto does not keep, IAM's policies and credentials, sessions."""
