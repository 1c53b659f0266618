"""What a person's history says at an instant: typed terms, their SQL, and the named traits.

A ground package: segments, models and templates read the same definitions from here.

In: facts, the name of a trait (or a term), an instant, optionally the people asked about.
Out: one value a person, and the instant at which it can change by time alone.
"""
