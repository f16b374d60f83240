"""What a policy means: request and policies to a decision with its causes."""
