"""Signs links and pixels, and tells people from machines.

In: tokens, requests.
Out: opens, clicks and unsubscribes as events.
"""
