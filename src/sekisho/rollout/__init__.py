"""How to get from here to there: goal, plan, execution with a journal, roll-back."""
