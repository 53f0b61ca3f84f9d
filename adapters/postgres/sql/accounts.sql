-- name: create_company
INSERT INTO companies DEFAULT VALUES RETURNING id

-- name: no_default
UPDATE workspaces SET is_default = false WHERE company = $1 AND is_default

-- name: create_workspace
INSERT INTO workspaces (key, company, name, is_test, is_default)
VALUES ($1, $2, $3, $4, $5)
RETURNING id, key, name, is_test, is_active, is_default, company

-- name: create_api_key
INSERT INTO api_keys (prefix, sha256, company) VALUES ($1, $2, $3)

-- name: create_api_key_of_workspace
INSERT INTO api_keys (prefix, sha256, company, workspace)
SELECT $1, $2, $3, id FROM workspaces WHERE key = $4 AND company = $3

-- name: revoke_api_key
DELETE FROM api_keys WHERE prefix = $1

-- name: load_api_keys
SELECT api_keys.sha256, api_keys.company, workspaces.key AS workspace_key
FROM api_keys LEFT JOIN workspaces ON workspaces.id = api_keys.workspace

-- name: load_workspaces
SELECT id, key, name, is_test, is_active, is_default, company FROM workspaces ORDER BY id
