"""Takes what happened elsewhere: decodes, validates, cleans, and holds back what is wrong.

In: raw bodies of the log; files with a mapping.
Out: events, refused records, bodies for the log.
"""
