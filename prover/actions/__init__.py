"""What can be tried in a state: tactic forms, what fills them, and the premises that may be named."""
