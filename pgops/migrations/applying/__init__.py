"""Carrying SQL out on a production server: planned, agreed to, in units, with short locks, proved and written down.

`planning` makes units of scripts, `questions` says how the catalogue proves each statement, `undoing` how to take it
back, `blockers` who is in the way; `proposing` puts it together for somebody to approve. `running` does it, on the
sessions of `sessions`, in the order and with the memory of the `ledger`, and `repairs` clears away what broken-off
statements leave.
"""
