"""Compiles templates once and renders each person's mail fast.

In: template sources, blocks, plain values.
Out: subject, HTML, text.
"""
