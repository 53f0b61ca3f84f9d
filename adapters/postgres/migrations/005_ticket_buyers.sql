CREATE TABLE ticket_buyers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company bigint NOT NULL REFERENCES companies,
    buyer uuid NOT NULL,
    UNIQUE (company, buyer)
);
CREATE INDEX ticket_buyers_newest ON ticket_buyers (company, id);
COMMENT ON TABLE ticket_buyers IS
    'The ticket buyers that a company has named. `id` counts them, for the pages of their list.';
