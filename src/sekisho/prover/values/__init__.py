"""What policies can tell apart: actions, resources, texts, condition keys, who calls."""
