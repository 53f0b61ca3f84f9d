-- name: begin_positions
INSERT INTO positions (topic, partition, next_offset, term)
SELECT topic, partition, 0, -1 FROM unnest($1::text[], $2::integer[]) AS given (topic, partition)
ON CONFLICT DO NOTHING

-- name: positions
SELECT topic, partition, next_offset, term FROM positions

-- name: move_positions
WITH moved AS (
    UPDATE positions SET next_offset = run.next_offset, term = run.term
    FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS run (topic, partition, expected, next_offset, term)
    WHERE positions.topic = run.topic AND positions.partition = run.partition
        AND positions.next_offset = run.expected
    RETURNING 1
)
SELECT count(*), pg_notify('projected', $6) FROM moved

-- name: update_event
UPDATE events SET
    key = $2,
    name = coalesce($3, name),
    date = coalesce($4, date),
    is_in_the_past = coalesce($5, is_in_the_past),
    updated_at = $6,
    selling = coalesce($7, selling),
    season = coalesce($8, season),
    inventory = coalesce($9, inventory),
    chart_key = coalesce($10, chart_key)
WHERE id = $1

-- name: delete_events
DELETE FROM events WHERE id = ANY ($1::bigint[])

-- name: delete_objects
DELETE FROM objects WHERE event = ANY ($1::bigint[])

-- name: delete_area_holds
DELETE FROM area_holds WHERE event = ANY ($1::bigint[])

-- name: delete_season_overrides
DELETE FROM season_overrides WHERE event = ANY ($1::bigint[])

-- name: delete_status_changes
DELETE FROM status_changes WHERE event = ANY ($1::bigint[])

-- name: put_objects
INSERT INTO objects (
    event, label, status, hold_token, order_id, ticket_type, extra_data, area, used_at, used,
    resale_listing_id
)
SELECT
    event, label, status, hold_token, order_id, ticket_type, extra_data, area,
    nullif(used_at, 0), used, resale_listing_id
FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[],
    $8::json[], $9::bigint[], $10::bigint[], $11::text[]
) AS given (
    event, label, status, hold_token, order_id, ticket_type, extra_data, area, used_at, used,
    resale_listing_id
)
ON CONFLICT (event, label) DO UPDATE SET
    status = excluded.status,
    hold_token = excluded.hold_token,
    order_id = excluded.order_id,
    ticket_type = excluded.ticket_type,
    extra_data = excluded.extra_data,
    area = excluded.area,
    resale_listing_id = excluded.resale_listing_id,
    used_at = coalesce(objects.used_at, excluded.used_at),
    used = greatest(objects.used, excluded.used)

-- name: put_area_holds
INSERT INTO area_holds (event, label, token, places)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::json[])
ON CONFLICT (event, label, token) DO UPDATE SET places = excluded.places

-- name: end_area_holds
DELETE FROM area_holds USING unnest($1::bigint[], $2::text[], $3::text[]) AS ended (event, label, token)
WHERE area_holds.event = ended.event AND area_holds.label = ended.label
    AND area_holds.token = ended.token

-- name: put_season_overrides
INSERT INTO season_overrides (event, label, season, places)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
ON CONFLICT (event, label, season) DO UPDATE SET places = excluded.places

-- name: end_season_overrides
DELETE FROM season_overrides
USING unnest($1::bigint[], $2::text[], $3::bigint[]) AS given (event, label, season)
WHERE season_overrides.event = given.event AND season_overrides.label = given.label
    AND season_overrides.season = given.season AND season_overrides.places = 0

-- name: put_extra_data
INSERT INTO objects (event, label, status, extra_data)
SELECT event, label, 'free', extra_data
FROM unnest($1::bigint[], $2::text[], $3::json[]) AS given (event, label, extra_data)
ON CONFLICT (event, label) DO UPDATE SET extra_data = excluded.extra_data

-- name: put_results
INSERT INTO results (topic, partition, command_offset, count, outbox_offset, at)
SELECT * FROM unnest(
    $1::text[], $2::integer[], $3::bigint[], $4::integer[], $5::bigint[], $6::bigint[]
) AS run (topic, partition, command_offset, count, outbox_offset, at)
WHERE coalesce(
    (
        SELECT earlier.command_offset + earlier.count <= run.command_offset FROM results AS earlier
        WHERE earlier.topic = run.topic AND earlier.partition = run.partition
            AND earlier.command_offset < run.command_offset + run.count
        ORDER BY earlier.command_offset DESC
        LIMIT 1
    ),
    true
)

-- name: put_keyed_results
INSERT INTO keyed_results (
    workspace, command_id, fingerprint, outbox_topic, outbox_partition, outbox_offset, at
)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[]
)
-- When the read model is filled again, the answer before this one may not be forgotten yet.
ON CONFLICT (workspace, command_id) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    outbox_topic = excluded.outbox_topic,
    outbox_partition = excluded.outbox_partition,
    outbox_offset = excluded.outbox_offset,
    at = excluded.at
WHERE excluded.at >= keyed_results.at + $8

-- name: forget_status_changes
DELETE FROM status_changes
WHERE ctid = ANY (ARRAY(SELECT ctid FROM status_changes WHERE at < $1 LIMIT $2))

-- name: forget_results
DELETE FROM results WHERE ctid = ANY (ARRAY(SELECT ctid FROM results WHERE at < $1 LIMIT $2))

-- name: forget_keyed_results
DELETE FROM keyed_results
WHERE ctid = ANY (ARRAY(SELECT ctid FROM keyed_results WHERE at < $1 LIMIT $2))

-- name: forget_event_log
DELETE FROM event_log WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_log WHERE at < $1 LIMIT $2))
