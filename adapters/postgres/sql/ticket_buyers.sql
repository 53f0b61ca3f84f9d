-- name: add
INSERT INTO ticket_buyers (company, buyer)
SELECT $1, buyer FROM unnest($2::uuid[]) WITH ORDINALITY AS given (buyer, place) ORDER BY place
ON CONFLICT DO NOTHING
RETURNING buyer

-- name: remove
DELETE FROM ticket_buyers WHERE company = $1 AND buyer = ANY ($2::uuid[]) RETURNING buyer

-- name: columns
id, buyer

-- name: of_company
FROM ticket_buyers WHERE company = $1

-- name: lock_company
SELECT FROM companies WHERE id = $1 FOR UPDATE
