-- A part of the projection (003_read_model.sql): emptied and filled again with all of it.

CREATE TABLE season_overrides (
    event bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    season bigint NOT NULL,
    places bigint NOT NULL,
    PRIMARY KEY (event, label, season)
);
COMMENT ON TABLE season_overrides IS
    'For how many places of an object an event does not go by a season that it is in; 1 of what is '
    'sold as one. Where it does, there is no row.';
