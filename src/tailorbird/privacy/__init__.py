"""The law: permits, consent receipts, encryption of personal fields.

In: consent states, a purpose, an instant.
Out: a permit, or a refusal with its reason.
"""
