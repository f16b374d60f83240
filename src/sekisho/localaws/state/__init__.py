"""The state of the account: the parts that moto lacks, IAM's policies, credentials, sessions."""
