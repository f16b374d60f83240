"""Operations of IAM and STS that moto lacks or gets wrong, set on moto's own classes."""
