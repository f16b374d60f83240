"""What is written: policy documents, and the Force_MFA family."""
