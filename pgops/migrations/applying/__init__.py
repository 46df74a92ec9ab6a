"""Carrying SQL out on a production server: planned, agreed to, in units, with short locks, proved and written down.

Beforehand: `planning` makes units of scripts. `questions` says how the catalogue proves each statement, an ALTER TABLE
by `table_questions`; both are made of `lookups`. `undoing` says how to take it back, with `undoing_drops` and
`undoing_table_changes`, after what `undo_questions` ask. `blockers` are in the way, `definitions` are the words that
would be replaced. `proposing` puts it together for somebody to approve, `plan_document` shows it.

Then: `running` is the one call, on the sessions of `sessions`, with the memory of the `ledger`. `work` takes one unit
after the other: `in_transaction`, or `alone` where none is allowed, both made of `steps`; `repairs` clears away what
broken-off statements leave. `events` are told meanwhile, `watching` tells how far an index is. `verifying` holds files,
ledger and catalogue together afterwards.
"""
