-- name: create
INSERT INTO charts (workspace, key) VALUES ($1, $2) RETURNING id

-- name: columns
charts.id, charts.key, charts.workspace, charts.revision, charts.archived, charts.tags,
charts.created_at,
EXISTS (
    SELECT FROM events WHERE events.workspace = charts.workspace AND events.chart_key = charts.key
) AS used,
published.name, published.drawing_hash, published.inventory, published.outline, published.validation,
draft.name AS draft_name, draft.drawing_hash AS draft_drawing_hash,
draft.inventory AS draft_inventory, draft.outline AS draft_outline,
draft.validation AS draft_validation

-- name: charts
FROM charts
JOIN chart_versions AS published ON published.chart = charts.id AND published.version = 'published'
LEFT JOIN chart_versions AS draft ON draft.chart = charts.id AND draft.version = 'draft'

-- name: drawing
SELECT drawing FROM charts JOIN chart_versions ON chart = id
WHERE workspace = $1 AND key = $2 AND version = $3

-- name: next_revision
UPDATE charts SET revision = revision + 1 WHERE id = $1 AND revision = $2

-- name: put_version
INSERT INTO chart_versions (
    chart, version, name, drawing_hash, inventory, outline, validation, drawing
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (chart, version) DO UPDATE SET
    name = excluded.name,
    inventory = excluded.inventory,
    outline = excluded.outline,
    validation = excluded.validation,
    drawing = excluded.drawing,
    drawing_hash = excluded.drawing_hash,
    thumbnail = NULL

-- name: thumbnail
SELECT thumbnail FROM chart_versions WHERE drawing_hash = $1 AND thumbnail IS NOT NULL LIMIT 1

-- name: drawing_by_hash
SELECT drawing FROM chart_versions WHERE drawing_hash = $1 LIMIT 1

-- name: put_thumbnail
UPDATE chart_versions SET thumbnail = $2 WHERE drawing_hash = $1

-- name: delete_version
DELETE FROM chart_versions WHERE chart = $1 AND version = $2

-- name: draft_becomes_published
UPDATE chart_versions SET version = 'published' WHERE chart = $1 AND version = 'draft'

-- name: archive
UPDATE charts SET archived = $3 WHERE workspace = $1 AND key = $2

-- name: remove
DELETE FROM charts WHERE id = $1 AND revision = $2 AND NOT EXISTS (
    SELECT FROM events WHERE events.workspace = charts.workspace AND events.chart_key = charts.key
)

-- name: tag
UPDATE charts SET tags = array_append(array_remove(tags, $3), $3) WHERE workspace = $1 AND key = $2

-- name: untag
UPDATE charts SET tags = array_remove(tags, $3) WHERE workspace = $1 AND key = $2

-- name: tags
SELECT DISTINCT tag COLLATE "C" AS tag FROM charts, unnest(tags) AS given (tag)
WHERE workspace = $1 ORDER BY tag

-- name: has_inventory
SELECT EXISTS (SELECT FROM inventories WHERE hash = $1)

-- name: put_inventory
INSERT INTO inventories (hash, compressed) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: inventory
SELECT compressed FROM inventories WHERE hash = $1
