"""Reading logs of CloudTrail: how long it takes."""
