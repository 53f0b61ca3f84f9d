-- name: by_month
SELECT
    extract(year FROM month)::integer AS year, extract(month FROM month)::integer AS month,
    sum(used)::bigint AS used
FROM (
    SELECT
        date_trunc('month', to_timestamp(used_at / 1000.0) AT TIME ZONE 'UTC') AS month, used
    FROM workspaces
    JOIN events ON events.workspace = workspaces.key
    JOIN objects ON objects.event = events.id
    WHERE workspaces.company = $1 AND used_at IS NOT NULL
) AS uses
GROUP BY uses.month ORDER BY uses.month

-- name: by_event
SELECT
    workspaces.id AS workspace, events.chart_key, published.name AS chart_name, events.id, events.key,
    sum(used)::bigint AS used
FROM workspaces
JOIN events ON events.workspace = workspaces.key
JOIN objects ON objects.event = events.id
LEFT JOIN charts ON charts.workspace = workspaces.key AND charts.key = events.chart_key
LEFT JOIN chart_versions AS published
    ON published.chart = charts.id AND published.version = 'published'
WHERE workspaces.company = $1 AND used_at >= $2 AND used_at < $3
GROUP BY workspaces.id, events.chart_key, published.name, events.id, events.key
ORDER BY workspaces.id, events.chart_key, events.id

-- name: is_event_of_company
SELECT EXISTS (
    SELECT FROM events JOIN workspaces ON workspaces.key = events.workspace
    WHERE events.id = $2 AND workspaces.company = $1
)

-- name: by_object
SELECT label, used FROM objects
WHERE event = $1 AND used_at >= $2 AND used_at < $3 ORDER BY label
