-- name: lock
LOCK TABLE event_log IN SHARE ROW EXCLUSIVE MODE

-- name: note_chart
INSERT INTO event_log (workspace, type, key, at)
VALUES ($1, $2, $3, extract(epoch FROM clock_timestamp()) * 1000)

-- name: forget_chart
DELETE FROM event_log WHERE workspace = $1 AND type = 'chart.created' AND key = $2

-- name: note_facts
INSERT INTO event_log (workspace, type, key, at, source)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
ON CONFLICT DO NOTHING

-- name: sellings
SELECT id, selling FROM events WHERE id = ANY ($1::bigint[])

-- name: columns
id, workspace, type, key, at

-- name: of_workspace
FROM event_log WHERE workspace = $1
