-- A simulated shop has moved into this store: nothing in it is real.
ALTER TABLE store ADD COLUMN simulated_since timestamptz;

-- From when to when, in lists that are numbered as they grow or ordered by id.
CREATE INDEX ticket_ended ON ticket (end_time, number); -- which numbers a span of time has
CREATE INDEX audit_entry_at ON audit_entry (at, id); -- the same of the audit trail
CREATE INDEX alarm_started ON alarm (started_at DESC, id DESC); -- the list

-- A ticket that a reviewer has escalated: {"note", "by", "byName", "at"}; null: nobody has.
ALTER TABLE ticket ADD COLUMN escalation jsonb;

-- Weight changes that a reviewer has given to another visit: they are asked on the ticket of that visit.
CREATE TABLE assigned_weight_change (
  weight_change_id uuid PRIMARY KEY REFERENCES weight_change, -- one visit at a time; the latest word holds
  visit_id uuid NOT NULL REFERENCES visit, -- whose it is
  ticket_id uuid NOT NULL REFERENCES ticket -- on which it was said
);
CREATE INDEX assigned_weight_change_ticket ON assigned_weight_change (ticket_id); -- what a ticket has given away

-- What a product looks like, small, for eyes that review.
CREATE TABLE product_photo (
  product_id uuid PRIMARY KEY REFERENCES product,
  type text NOT NULL,
  content bytea NOT NULL CHECK (octet_length(content) <= 102400),
  updated_at timestamptz NOT NULL
);
