"""The benchmark `lean-magma`: does one law of magmas imply another? To prove, or to refute by a finite table.

`laws` makes the 4,694 laws with up to four operations.
"""
