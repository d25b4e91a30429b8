"""The only place where rows become domain objects and back: pure functions, no validators, no statements sent.

Values on the wire are the driver's (`Wire`); personal data passes the sealer; rows are in the tables' column order.
Flags go out as integers: exact types need no adapting. Enums are looked up and not called: a call costs ten times a
dictionary's answer, and `_value_` is an enum's plain value.
"""
