"""Other engines that run compiled statements, over a copy of the tables that these read.

In: Arrow tables of the facts; a `Statement` in the engine's dialect.
Out: an Arrow table, the same on every engine.
"""
