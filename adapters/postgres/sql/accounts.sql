-- name: create_company
INSERT INTO companies DEFAULT VALUES RETURNING id

-- name: no_default
UPDATE workspaces SET is_default = false WHERE company = $1 AND is_default

-- name: create_workspace
INSERT INTO workspaces (key, company, name, is_test, is_default, for_sale_mode)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, key, name, is_test, is_active, is_default, company, for_sale_mode

-- name: create_api_key
INSERT INTO api_keys (prefix, sha256, company, workspace, sealed) VALUES ($1, $2, $3, $4, $5)

-- name: revoke_api_key
DELETE FROM api_keys WHERE prefix = $1

-- name: revoke_api_keys_of_workspace
DELETE FROM api_keys WHERE workspace = $1

-- name: load_api_keys
SELECT api_keys.sha256, api_keys.company, workspaces.key AS workspace_key
FROM api_keys LEFT JOIN workspaces ON workspaces.id = api_keys.workspace

-- name: load_workspaces
SELECT id, key, name, is_test, is_active, is_default, company, for_sale_mode
FROM workspaces ORDER BY id

-- name: workspace_columns
id, key, name, is_test, is_active, is_default, company, for_sale_mode

-- name: workspaces_of_company
FROM workspaces
WHERE company = $1 AND ($2::boolean IS NULL OR is_active = $2)
    AND strpos(lower(name), lower($3)) > 0

-- name: workspace
SELECT id, key, name, is_test, is_active, is_default, company, for_sale_mode
FROM workspaces WHERE company = $1 AND key = $2

-- name: lock_company
SELECT FROM companies WHERE id = $1 FOR UPDATE

-- name: update_workspace
UPDATE workspaces SET name = $2, for_sale_mode = coalesce($3, for_sale_mode) WHERE id = $1

-- name: set_active
UPDATE workspaces SET is_active = $2 WHERE id = $1

-- name: set_default
UPDATE workspaces SET is_default = true WHERE id = $1

-- name: delete_workspace
DELETE FROM workspaces WHERE id = $1

-- name: sealed_secrets
SELECT workspace, sha256, sealed FROM api_keys
WHERE workspace = ANY ($1::bigint[]) ORDER BY created_at, prefix
