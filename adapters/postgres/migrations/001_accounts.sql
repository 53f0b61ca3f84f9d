CREATE TABLE companies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE companies IS 'Who owns workspaces and API keys.';

CREATE TABLE workspaces (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,
    company bigint NOT NULL REFERENCES companies,
    name text NOT NULL,
    is_test boolean NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_default boolean NOT NULL,
    for_sale_mode text CHECK (for_sale_mode IN ('RATE_LIMITED', 'UNLIMITED_BILLABLE')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX workspaces_default ON workspaces (company) WHERE is_default;
COMMENT ON TABLE workspaces IS
    'Event keys, charts and hold tokens belong to a workspace; `key` is its public name.';

COMMENT ON COLUMN workspaces.for_sale_mode IS 'What was asked for; null: nothing.';

CREATE TABLE api_keys (
    prefix text COLLATE "C" PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    company bigint NOT NULL REFERENCES companies,
    workspace bigint REFERENCES workspaces,
    sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE api_keys IS
    'API keys by the SHA-256 of their secret. Without a workspace: the admin key of a company.';
COMMENT ON COLUMN api_keys.prefix IS
    'First hex digits of the SHA-256: names a key to a person without telling anything of it.';

COMMENT ON COLUMN api_keys.sealed IS
    'The secret itself, encrypted with a key that is not in the database: the vendor''s clients are '
    'shown a workspace with its secret. Null: this secret was shown once, when it was made.';

CREATE FUNCTION notify_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('accounts', '');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION notify_accounts IS
    'Tells the ingress processes, which hold keys and workspaces in memory, to load them again.';

CREATE TRIGGER workspaces_changed
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON workspaces
    FOR EACH STATEMENT EXECUTE FUNCTION notify_accounts();
CREATE TRIGGER api_keys_changed
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION notify_accounts();
