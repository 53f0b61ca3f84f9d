CREATE TABLE event_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace text COLLATE "C" NOT NULL,
    type text NOT NULL,
    key text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    source bigint,
    UNIQUE (source, type)
);
CREATE INDEX event_log_oldest ON event_log (workspace, id);
CREATE INDEX event_log_at ON event_log USING brin (at) WITH (pages_per_range = 32);
COMMENT ON TABLE event_log IS
    'What became of charts and of how events are sold in the last 365 days. Who writes here locks '
    'the table until the end of its transaction, so ids are in the order in which rows show: who '
    'reads from an id on misses none. It is no projection: what it says of charts stands nowhere '
    'else.';
COMMENT ON COLUMN event_log.source IS
    'The place of the fact in the log, so that one that is projected again is not told twice; '
    'null for what did not come through the log.';
