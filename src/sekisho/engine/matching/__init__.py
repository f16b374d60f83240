"""One statement and one request: does it match?

Patterns, ARNs, variables, condition operators, principals: each module is one page of the IAM User
Guide. The engine and the prover read policies with the same matchers.
"""
