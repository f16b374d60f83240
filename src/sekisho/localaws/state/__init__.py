"""The state of the account beside moto's, who holds which key, and what IAM has on them."""
