-- name: create
INSERT INTO charts (workspace, key, name, drawing, inventory, outline, validation)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id, key, workspace, name, inventory, outline, validation, archived, tags, created_at,
EXISTS (
    SELECT FROM events WHERE events.workspace = charts.workspace AND events.chart_key = charts.key
) AS used

-- name: columns
id, key, workspace, name, inventory, outline, validation, archived, tags, created_at,
EXISTS (
    SELECT FROM events WHERE events.workspace = charts.workspace AND events.chart_key = charts.key
) AS used

-- name: page_rows
FROM charts
WHERE workspace = $1 AND archived = $2 AND strpos(lower(name), lower($3)) > 0

-- name: retrieve
SELECT id, key, workspace, name, inventory, outline, validation, archived, tags, created_at,
EXISTS (
    SELECT FROM events WHERE events.workspace = charts.workspace AND events.chart_key = charts.key
) AS used
FROM charts WHERE workspace = $1 AND key = $2

-- name: drawing
SELECT drawing FROM charts WHERE workspace = $1 AND key = $2

-- name: has_inventory
SELECT EXISTS (SELECT FROM inventories WHERE hash = $1)

-- name: put_inventory
INSERT INTO inventories (hash, compressed) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: inventory
SELECT compressed FROM inventories WHERE hash = $1
