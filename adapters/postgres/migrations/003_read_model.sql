-- All tables of this file are a projection: they can be emptied, all together, and are filled
-- again from the outboxes with the same rows and the same ids.

CREATE TABLE positions (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    term bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE positions IS
    'How far the projection has read each outbox partition; written in one transaction with what '
    'the records say, and only from the position that the projector read before, so that of two '
    'projectors one is turned away.';
COMMENT ON COLUMN positions.term IS
    'Offset of the newest OwnershipTaken before next_offset, -1 for none: records of any other '
    'term are void.';

CREATE TABLE events (
    id bigint PRIMARY KEY,
    partition integer NOT NULL,
    workspace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    chart_key text COLLATE "C" NOT NULL,
    inventory text COLLATE "C" NOT NULL,
    name text,
    date text,
    is_in_the_past boolean NOT NULL DEFAULT false,
    created_at bigint NOT NULL,
    updated_at bigint,
    selling json NOT NULL DEFAULT '{}',
    season json
);
CREATE INDEX events_newest ON events (workspace, id);
CREATE INDEX events_of_chart ON events (workspace, chart_key, id);
COMMENT ON TABLE events IS
    'The events that exist, as their own partitions tell it. Keys are not unique here: partitions '
    'are projected one apart from the other, so a new event may show before the deletion of the '
    'one that had its key; the directory (groups.outbox) gives keys out.';
COMMENT ON COLUMN events.created_at IS 'In ms since the epoch, like every bigint time here.';
COMMENT ON COLUMN events.selling IS
    'What the event adds to its chart (Selling of schemas/selling.py).';
COMMENT ON COLUMN events.season IS
    'What the event is in a season (SeasonPlace of schemas/seasons.py); null if it is in none.';

CREATE TABLE objects (
    event bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    status text NOT NULL,
    hold_token text,
    order_id text,
    ticket_type text,
    extra_data json,
    resale_listing_id text,
    area json,
    used_at bigint,
    used bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event, label)
) WITH (fillfactor = 80);
COMMENT ON TABLE objects IS
    'The state of every object that was ever touched; one that has no row is free. What the '
    'inventory says of an object is not repeated here.';
COMMENT ON COLUMN objects.area IS
    'Of an area: its places by status (taken) and how many of them tokens hold (held), and how many '
    'of each came from a channel (channels, by its id); null for other objects. What each token holds is in area_holds.';
COMMENT ON COLUMN objects.used_at IS
    'When it was first anything but free, in ms since the epoch; null: never. Later changes keep it.';
COMMENT ON COLUMN objects.used IS
    'How many of its places were in use at once, at the most: 1 for a seat, the peak of an area.';

CREATE TABLE area_holds (
    event bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL,
    places json NOT NULL,
    PRIMARY KEY (event, label, token)
) WITH (fillfactor = 80);
COMMENT ON TABLE area_holds IS
    'What each hold token holds of an area, by ticket type; a token that holds nothing has no row.';

CREATE TABLE status_changes (
    event bigint NOT NULL,
    id bigint NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    quantity bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    origin_type text NOT NULL,
    origin_ip text,
    hold_token text,
    order_id text,
    extra_data json,
    PRIMARY KEY (event, id)
);
-- One for each order of the listing but that by date, which is the ids' own; the first also finds
-- what became of an object.
CREATE INDEX status_changes_by_label ON status_changes (event, label, id);
CREATE INDEX status_changes_by_status ON status_changes (event, status, id);
CREATE INDEX status_changes_at ON status_changes USING brin (at) WITH (pages_per_range = 32);
COMMENT ON TABLE status_changes IS
    'The status changes of the last 365 days of the events that exist. The id is the place in the log (partition, '
    'offset, number of the fact), so within an event it counts up with seq.';

CREATE TABLE results (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    command_offset bigint NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    outbox_offset bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (topic, partition, command_offset)
);
CREATE INDEX results_at ON results USING brin (at) WITH (pages_per_range = 32);
COMMENT ON TABLE results IS
    'Where the answers to the commands of the last 24 hours stand, in runs: of partition n of a '
    'commands topic, command_offset + i is answered in partition n of its outbox at '
    'outbox_offset + i, for each i below count. No two runs share a command.';
COMMENT ON COLUMN results.at IS 'Time of the last answer.';

CREATE TABLE keyed_results (
    workspace text COLLATE "C" NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    fingerprint text NOT NULL,
    outbox_topic text NOT NULL,
    outbox_partition integer NOT NULL,
    outbox_offset bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (workspace, command_id)
);
CREATE INDEX keyed_results_at ON keyed_results USING brin (at) WITH (pages_per_range = 32);
COMMENT ON TABLE keyed_results IS
    'Where the first answer to each idempotency key of the last 24 hours stands.';
