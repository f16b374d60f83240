"""What is wrong with an account: findings with stable ids, the gravest first."""

from sekisho.audit.checks.run import check_account

__all__ = ["check_account"]
