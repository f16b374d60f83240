"""What moto lacks of IAM and STS: a module for each subject, set on moto's own classes."""
