"""The seats.io dialect: its routes, its JSON and its errors, translated to our commands and back.

Vendor words live here and nowhere else; what is supported stands in COMPAT.md.
"""
