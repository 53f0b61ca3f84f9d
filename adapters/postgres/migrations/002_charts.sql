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
    revision bigint NOT NULL DEFAULT 0,
    archived boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace, key)
);
CREATE INDEX charts_newest ON charts (workspace, archived, id);
COMMENT ON TABLE charts IS
    'The charts of a workspace. This is their truth: drawings do not go through the log.';
COMMENT ON COLUMN charts.workspace IS 'Key of the workspace.';
COMMENT ON COLUMN charts.revision IS
    'Counts the changes of its versions, so that none is based on a version that is gone.';

CREATE TABLE chart_versions (
    chart bigint NOT NULL REFERENCES charts ON DELETE CASCADE,
    version text NOT NULL CHECK (version IN ('published', 'draft')),
    name text NOT NULL,
    drawing bytea NOT NULL,
    drawing_hash text COLLATE "C" NOT NULL,
    thumbnail bytea,
    inventory text COLLATE "C" NOT NULL,
    outline json NOT NULL,
    validation json NOT NULL,
    PRIMARY KEY (chart, version)
);
CREATE INDEX chart_versions_by_drawing ON chart_versions (drawing_hash);
COMMENT ON TABLE chart_versions IS
    'A chart''s published version, which every chart has, and its draft, if it has one.';
COMMENT ON COLUMN chart_versions.drawing IS 'The drawing, byte for byte as it came.';
COMMENT ON COLUMN chart_versions.drawing_hash IS
    'Names the drawing, and so its thumbnail, to who has either.';
COMMENT ON COLUMN chart_versions.thumbnail IS 'A picture of the drawing; null: not asked for yet.';
COMMENT ON COLUMN chart_versions.inventory IS 'Hash of what the drawing compiles to.';
COMMENT ON COLUMN chart_versions.outline IS
    'What answers show of the drawing, so that only who wants the drawing reads it.';
COMMENT ON COLUMN chart_versions.validation IS
    'What is wrong with the drawing: errors and warnings.';
