"""Charts: from the drawing of a venue to the seats that can be booked.

`drawing` reads a drawing, `validate` says what is wrong with it, `compile` makes the inventory
(schemas/inventory.py) of it, and `inventory` is the index that all events of a chart share.
"""
