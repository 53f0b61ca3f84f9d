CREATE TABLE inventories (
    hash text COLLATE "C" PRIMARY KEY,
    compressed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- It is compressed already: do not try again, but keep it out of the row.
ALTER TABLE inventories ALTER COLUMN compressed SET STORAGE EXTERNAL;
COMMENT ON TABLE inventories IS
    'Compiled charts by the hash of their content, compressed as in the topic `inventories`.';

CREATE TABLE charts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    name text NOT NULL,
    drawing bytea NOT NULL,
    inventory text COLLATE "C" NOT NULL,
    outline json NOT NULL,
    validation json NOT NULL,
    archived boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace, key)
);
CREATE INDEX charts_newest ON charts (workspace, id);
COMMENT ON TABLE charts IS
    'The charts of a workspace. This is their truth: drawings do not go through the log.';
COMMENT ON COLUMN charts.workspace IS 'Key of the workspace.';
COMMENT ON COLUMN charts.drawing IS 'The published drawing, byte for byte as it came.';
COMMENT ON COLUMN charts.inventory IS 'Hash of what the published drawing compiles to.';
COMMENT ON COLUMN charts.outline IS
    'What answers show of the drawing, so that only who wants the drawing reads it.';
COMMENT ON COLUMN charts.validation IS 'What is wrong with the drawing: errors and warnings.';
