"""How healthy the wheel is: figures of each generation, alarms on them, and what is done about these."""
