"""A labelled instrument: a seeded shop with known truth. No room may read it.

In: a seed, a size.
Out: events as a shop would send them, mailbox behaviour, and the truth beside them.
"""
