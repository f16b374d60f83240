"""What is asked: enforcement, self-service, invariants, differences."""
