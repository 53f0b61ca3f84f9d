"""The limits of the ingress, each with its reason.

Rules of this file:

1. A limit is the quantity, then `_max`; a duration ends in its unit.
"""

body_bytes_max = 256 * 1024
"""Of a request body: the largest command (100 objects with extra data) needs a quarter of it."""
event_body_bytes_max = 4 * 1024 * 1024
"""For creating and updating events: 100 of them at once, each with its own description."""
drawing_body_bytes_max = 16 * 1024 * 1024
"""For chart drawings: a stadium of 100,000 seats is under 12 MiB."""
body_wait_s = 10.0
"""A body that is not here by then will not come: its sender is gone, or means ill."""
authorization_characters_max = 1_024
"""Of the header: ten times the longest API key that is given out."""
workspace_key_characters_max = 100
"""Of the header, to be repeated in a refusal: three times those that are given out."""
drawings_in_work_max = 2
"""Read, compiled and stored at once, 16 MiB each: they take the processor from the bookings."""
thumbnails_in_work_max = 2
"""Looked up or drawn at once: their addresses are open to everybody."""
objects_per_command_max = 100
"""Bounds an outbox record, and how long one command keeps the others of its partition waiting."""
quantity_max = 10_000_000
"""The largest capacity that a chart may give an area."""
events_per_group_max = 20
"""Bounds how many owners one command can keep waiting."""
events_created_at_once_max = 100
"""The vendor's limit."""
charts_with_events_max = 100
"""On a page that shows the events of its charts, too: with those it is long enough."""
events_of_chart_max = 100
"""Shown with a chart, the newest ones: `GET /events` lists all."""
tags_per_chart_max = 100
"""They stand in every answer that shows the chart."""
label_characters_max = 100
"""Of labels, event keys and ids, after normalization."""
ticket_buyers_at_once_max = 1_000
"""The vendor's limit."""
page_items_max = 1_000
"""The vendor's limit."""
report_taken_s = 60.0
"""How long a client may take to read a report, which is in memory until then."""
idempotency_key_characters_max = 255
"""Printable ASCII."""

answer_deadline_s = 8.5
"""The clients give up at 10 s; before that they shall hear where the answer will stand."""
append_deadline_s = 8.0
"""Before the deadline of the answer: whose append is in doubt is told so, not that it is late."""
deadlines_looked_at_every_s = 0.1
"""One look at all deadlines costs less than a timer for each request."""
in_flight_max = 1_000
"""Commands without an answer, in one ingress: at 10,000 commands a second they wait 0.1 s."""
in_flight_starting_max = 800
"""The last fifth is kept for commands that finish something: bookings of held seats, releases."""
priority_requests_max = 1_000
"""Of one workspace at once, in one ingress: all of `in_flight_max`, for a drop is one workspace.
The vendor has 100 for an account; a setting lowers it where several workspaces share an ingress."""
regular_requests_max = 10
"""The vendor's number, and the database connections of an ingress; a setting, too."""
retry_after_s = 1
"""What a refused client is asked to wait, at least."""
retry_jitter_s = 2
"""Up to so much more, so that refused clients do not come back all at once."""

directory_wait_s = 3.0
"""How long an unknown event key waits for the directory's current end."""
ends_wait_s = 4.0
"""How long a read waits for the end offsets of the outboxes."""
inventory_wait_s = 5.0
"""How long a reader waits for an inventory that the log must hold."""
api_keys_refreshed_every_s = 5.0
"""A revoked API key ends within this, even where the notification of it was lost."""
drain_s = 2.0
"""How long a stopping ingress waits for open answers; `seatlog serve` kills it after 3.5 s."""
close_s = 0.5
"""How long it waits after that, at each of two steps, for what is still under way."""
lingering_s = 1.0
"""How long a refused body is still read and thrown away, so that its sender sees the refusal."""
keepalive_s = 75.0
"""Longer than the 60 s of usual proxies, so that they close idle connections and we do not."""
