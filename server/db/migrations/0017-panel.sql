-- A simulated shop has moved into this store: nothing in it is real.
ALTER TABLE store ADD COLUMN simulated_since timestamptz;

-- From when to when, in lists that are numbered as they grow or ordered by id.
CREATE INDEX ticket_ended ON ticket (end_time, number); -- which numbers a span of time has
CREATE INDEX audit_entry_at ON audit_entry (at, id); -- the same of the audit trail
CREATE INDEX alarm_started ON alarm (started_at DESC, id DESC); -- the list
