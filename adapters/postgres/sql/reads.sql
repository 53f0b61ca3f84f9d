-- name: say_awaited
NOTIFY awaited

-- name: positions
SELECT topic || '/' || partition AS name, next_offset FROM positions
WHERE topic || '/' || partition = ANY ($1)

-- name: event_columns
id, partition, workspace, key, chart_key, inventory, name, date, is_in_the_past, created_at,
updated_at, selling, season

-- name: events_of_workspace
FROM events WHERE workspace = $1

-- name: event
SELECT
    id, partition, workspace, key, chart_key, inventory, name, date, is_in_the_past, created_at,
    updated_at, selling, season
FROM events WHERE id = $1

-- name: events_of_charts
SELECT
    id, partition, workspace, key, newest.chart_key, inventory, name, date, is_in_the_past,
    created_at, updated_at, selling, season
FROM unnest($2::text[]) AS chart (chart_key), LATERAL (
    SELECT * FROM events
    WHERE events.workspace = $1 AND events.chart_key = chart.chart_key COLLATE "C"
    ORDER BY id DESC LIMIT $3
) AS newest
ORDER BY id DESC

-- name: events
SELECT
    id, partition, workspace, key, chart_key, inventory, name, date, is_in_the_past, created_at,
    updated_at, selling, season
FROM events WHERE id = ANY ($1::bigint[]) ORDER BY id

-- name: events_exist
SELECT id FROM events WHERE id = ANY ($1::bigint[])

-- name: objects
SELECT
    label, status, hold_token, order_id, ticket_type, extra_data, resale_listing_id, area
FROM objects WHERE event = $1 AND label = ANY ($2::text[])

-- name: season_overrides
SELECT event, label, season, places FROM season_overrides WHERE event = ANY ($1::bigint[])

-- name: not_free
SELECT event, label, area FROM objects
WHERE event = ANY ($1::bigint[]) AND label = ANY ($2::text[])
    AND (area IS NOT NULL OR status <> 'free')

-- name: area_holds
SELECT label, token, places FROM area_holds WHERE event = $1 AND label = ANY ($2::text[])

-- name: touched_objects
SELECT label, status, hold_token, order_id, ticket_type, extra_data::text, resale_listing_id
FROM objects WHERE event = $1 AND area IS NULL

-- name: touched_areas
SELECT
    label, status, hold_token, order_id, ticket_type, extra_data::text, resale_listing_id, area,
    (
        SELECT json_object_agg(token, places)::text FROM area_holds
        WHERE area_holds.event = objects.event AND area_holds.label = objects.label
    )
FROM objects WHERE event = $1 AND area IS NOT NULL

-- name: touched_object
SELECT
    label, status, hold_token, order_id, ticket_type, extra_data::text, resale_listing_id, area,
    (
        SELECT json_object_agg(token, places)::text FROM area_holds
        WHERE area_holds.event = objects.event AND area_holds.label = objects.label
    )
FROM objects WHERE event = $1 AND label = $2

-- name: labels_by_status
SELECT status, array_agg(label) FROM objects
WHERE event = $1 AND area IS NULL AND status <> 'free' GROUP BY status

-- name: counts_of_areas
SELECT label, area FROM objects WHERE event = $1 AND area IS NOT NULL

-- name: status_change_columns
event, id, seq, at, quantity, label, status, origin_type, origin_ip, hold_token, order_id,
extra_data

-- name: status_changes
FROM status_changes WHERE event = $1

-- name: status_changes_of_object
FROM status_changes WHERE event = $1 AND label = $2

-- name: status_changes_of_objects
FROM status_changes WHERE event = $1 AND label = ANY ($2::text[])

-- name: status_changes_filtered
FROM status_changes WHERE event = $1 AND strpos(label, $2) > 0

-- name: labels_filtered
SELECT label FROM objects WHERE event = $1 AND strpos(label, $2) > 0 LIMIT $3

-- name: result
SELECT partition, outbox_offset + $3 - command_offset AS outbox_offset
FROM (
    SELECT partition, command_offset, count, outbox_offset FROM results
    WHERE topic = $1 AND partition = $2 AND command_offset <= $3
    ORDER BY command_offset DESC
    LIMIT 1
) AS run
WHERE $3 < command_offset + count

-- name: keyed_result
SELECT fingerprint, outbox_topic, outbox_partition, outbox_offset FROM keyed_results
WHERE workspace = $1 AND command_id = $2
