-- Webhooks: programs elsewhere that are told of events, and what they were told.
CREATE TABLE webhook_endpoint (
  id uuid PRIMARY KEY,
  url text NOT NULL,
  description text,
  events text[] NOT NULL, -- by name; empty: all
  enabled boolean NOT NULL DEFAULT true,
  gone_at timestamptz, -- it answered 410, which disabled it
  sealed_key bytea NOT NULL, -- what deliveries are signed with, encrypted with DATA_DIR/keys/cameras.key
  failures integer NOT NULL DEFAULT 0, -- in a row
  failing_since timestamptz,
  retry_at timestamptz, -- nothing is sent before
  last_delivered_at timestamptz,
  created_at timestamptz NOT NULL,
  retired_at timestamptz,
  version integer NOT NULL DEFAULT 1
);

-- One event for one endpoint. Made in the order of the event log, in the transaction that moves its follower's cursor.
CREATE TABLE webhook_delivery (
  id uuid PRIMARY KEY,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoint,
  position bigint GENERATED ALWAYS AS IDENTITY, -- the order in which they are sent
  event_number bigint, -- null: a test
  name text NOT NULL,
  payload jsonb NOT NULL,
  at timestamptz NOT NULL, -- of the event
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  created_at timestamptz NOT NULL,
  due_since timestamptz NOT NULL, -- since when it waits: when it was made, or replayed
  tries integer NOT NULL DEFAULT 0, -- since then
  retry_at timestamptz, -- not before
  attempt_count integer NOT NULL DEFAULT 0,
  attempts jsonb NOT NULL DEFAULT '[]', -- the last of them: at, durationMs, status, error, answer
  ended_at timestamptz, -- delivered, or given up
  forgotten_as uuid, -- the user it names was forgotten meanwhile: who he becomes once it was told
  UNIQUE (endpoint_id, event_number) -- an event is told an endpoint as one delivery, whatever crashes
);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (endpoint_id, position) WHERE state = 'pending'; -- what is next; how many wait
CREATE INDEX webhook_delivery_failed ON webhook_delivery (endpoint_id, position) WHERE state = 'failed'; -- how many were given up; the list of them
CREATE INDEX webhook_delivery_list ON webhook_delivery (endpoint_id, position DESC); -- the list of an endpoint; retention
CREATE INDEX webhook_delivery_user ON webhook_delivery ((payload ->> 'userId')) WHERE payload ? 'userId'; -- a user who is forgotten
