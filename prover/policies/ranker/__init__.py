"""The default policy: a small network that scores every action of a state."""
