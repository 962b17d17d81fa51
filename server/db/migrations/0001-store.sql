-- The first store: staff, catalogue, shelves, people, tickets, the event log. Forward only. Every index names the query it serves.
-- Times are UTC (timestamptz); weights integer grams; money integer minor units; ids UUIDv7 made by the server, so rows of one
-- moment lie side by side in every index.

CREATE TABLE store (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  store_id text NOT NULL,
  name text NOT NULL,
  mode text NOT NULL DEFAULT 'MAINTENANCE_MODE' CHECK (mode IN ('CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE')),
  mode_since timestamptz NOT NULL,
  last_ticket_number bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL
);

-- ── staff ────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE staff_account (
  id uuid PRIMARY KEY,
  username text NOT NULL,
  email text,
  role text NOT NULL CHECK (role IN ('admin', 'operations', 'reviewer')),
  password_hash text NOT NULL,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX staff_account_username ON staff_account (lower(username)); -- sign-in by name, whatever its case

CREATE TABLE staff_session (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE, -- each request with a cookie
  account_id uuid NOT NULL REFERENCES staff_account,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  ended_at timestamptz,
  address text
);
CREATE INDEX staff_session_account ON staff_session (account_id) WHERE ended_at IS NULL; -- end all of a disabled account

CREATE TABLE api_token (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES staff_account,
  name text NOT NULL,
  token_hash bytea NOT NULL UNIQUE, -- each request with a token
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE login_throttle (
  key text PRIMARY KEY, -- 'account:NAME' or 'address:IP'
  failures integer NOT NULL,
  last_failed_at timestamptz NOT NULL,
  blocked_until timestamptz
);

CREATE TABLE audit_entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'device', 'system')),
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  action text NOT NULL,
  resource text NOT NULL,
  resource_id text NOT NULL,
  before jsonb,
  after jsonb,
  request_id text,
  previous_hash bytea,
  hash bytea NOT NULL
);
CREATE INDEX audit_entry_resource ON audit_entry (resource, resource_id, id); -- the history of one thing

CREATE TABLE idempotency_key (
  account_id uuid NOT NULL,
  key text NOT NULL,
  route text NOT NULL,
  body_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  carried_out boolean NOT NULL DEFAULT false, -- set in the transaction of what the request did
  status integer, -- null while running
  response jsonb,
  PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_key_created ON idempotency_key (created_at); -- clean-up

-- ── catalog ──────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE product (
  id uuid PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  barcode text,
  name text NOT NULL,
  weight_grams integer NOT NULL CHECK (weight_grams > 0),
  weight_tolerance_grams integer NOT NULL DEFAULT 0 CHECK (weight_tolerance_grams >= 0),
  price_minor integer NOT NULL CHECK (price_minor >= 0),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX product_name ON product (name, id); -- the list

CREATE TABLE facing (
  id uuid PRIMARY KEY,
  machine_id text NOT NULL,
  product_id uuid NOT NULL REFERENCES product,
  position integer NOT NULL, -- order in the planogram as it was put
  scale_ids text[] NOT NULL CHECK (cardinality(scale_ids) > 0)
);
CREATE INDEX facing_machine ON facing (machine_id, position); -- one machine's planogram; thresholds
CREATE INDEX facing_product ON facing (product_id); -- where a product stands

-- ── iot ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE machine (
  machine_id text PRIMARY KEY,
  display_name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('shelf', 'cooler', 'cabinet')),
  device_key_hash bytea NOT NULL,
  locked boolean NOT NULL DEFAULT false,
  operation_status text NOT NULL DEFAULT 'OPERATIONAL',
  online boolean NOT NULL DEFAULT false,
  last_heartbeat_at timestamptz, -- receive time, flushed every few seconds and with each change
  usual_interval_ms integer,
  clock_offset_ms integer,
  boot_id text,
  past_boot_ids text[] NOT NULL DEFAULT '{}', -- messages of these are old
  boot_epoch integer NOT NULL DEFAULT 0, -- grows with every boot seen
  last_seq bigint, -- high-water mark within boot_epoch
  last_device_at timestamptz, -- the device's clock at its last message
  created_at timestamptz NOT NULL,
  retired_at timestamptz,
  version integer NOT NULL DEFAULT 1
) WITH (fillfactor = 50); -- rewritten with each change

CREATE TABLE scale (
  machine_id text NOT NULL REFERENCES machine,
  scale_id text NOT NULL,
  weight_grams integer, -- last reading
  baseline_grams double precision, -- last settled weight, with creep
  noise_grams double precision NOT NULL DEFAULT 0,
  threshold_grams integer NOT NULL,
  last_reading_at timestamptz,
  last_change_at timestamptz,
  detector jsonb NOT NULL DEFAULT '{}', -- the detector's own state, written with the changes it made
  disabled_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (machine_id, scale_id)
) WITH (fillfactor = 50); -- rewritten with each change

CREATE TABLE machine_session (
  id uuid PRIMARY KEY,
  machine_id text NOT NULL REFERENCES machine,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  store_mode text NOT NULL,
  heartbeats_seen integer NOT NULL DEFAULT 0,
  heartbeats_missed integer NOT NULL DEFAULT 0,
  CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX machine_session_running ON machine_session (machine_id) WHERE ended_at IS NULL; -- one runs at a time
CREATE INDEX machine_session_time ON machine_session (machine_id, started_at DESC); -- a machine's list; those a window overlaps
CREATE INDEX machine_session_started ON machine_session (started_at DESC, id DESC); -- the list of all

CREATE TABLE machine_session_scale (
  machine_session_id uuid NOT NULL REFERENCES machine_session ON DELETE CASCADE,
  scale_id text NOT NULL,
  opening_grams integer,
  closing_grams integer,
  noise_grams double precision NOT NULL DEFAULT 0,
  creep_grams double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (machine_session_id, scale_id)
);

CREATE TABLE weight_change (
  id uuid PRIMARY KEY,
  machine_id text NOT NULL,
  scale_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('PICKED', 'PLACED')),
  grams integer NOT NULL CHECK (grams >= 0),
  weight_before integer,
  weight_after integer,
  occurred_at timestamptz NOT NULL,
  occurred_from timestamptz NOT NULL, -- with found_late: it happened between the two
  received_at timestamptz NOT NULL,
  machine_session_id uuid,
  source text NOT NULL CHECK (source IN ('heartbeat', 'samples', 'device')),
  settled boolean NOT NULL,
  found_late boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  withdrawn_at timestamptz,
  boot_epoch integer,
  seq bigint,
  device_change_id text,
  CHECK (occurred_from <= occurred_at)
) WITH (fillfactor = 85); -- the confirmation of a row touches no indexed column and finds room beside it (a heap-only update)
-- At ten million rows (about 1 800 changes a day for fifteen years) every list reads one of the first four in order:
CREATE INDEX weight_change_machine ON weight_change (machine_id, occurred_at DESC, id DESC) WHERE withdrawn_at IS NULL; -- a ticket's window; list by machine
CREATE INDEX weight_change_scale ON weight_change (machine_id, scale_id, occurred_at DESC, id DESC) WHERE withdrawn_at IS NULL; -- list by scale
CREATE INDEX weight_change_time ON weight_change (occurred_at DESC, id DESC) WHERE withdrawn_at IS NULL; -- list of all; by a visit's time
CREATE INDEX weight_change_late ON weight_change USING gist (tstzrange(occurred_from, occurred_at, '[]')) WHERE found_late AND withdrawn_at IS NULL; -- spans that reach into a window
CREATE INDEX weight_change_session ON weight_change (machine_session_id) WHERE withdrawn_at IS NULL; -- the sum of a machine session
CREATE UNIQUE INDEX weight_change_message ON weight_change (machine_id, scale_id, boot_epoch, seq) WHERE seq IS NOT NULL AND device_change_id IS NULL; -- one row a message
CREATE UNIQUE INDEX weight_change_device ON weight_change (machine_id, device_change_id) WHERE device_change_id IS NOT NULL; -- a change's id counts once

CREATE TABLE device_command (
  id uuid PRIMARY KEY,
  machine_id text NOT NULL REFERENCES machine,
  command text NOT NULL CHECK (command IN ('lock', 'unlock', 'tare')),
  scale_id text,
  status text NOT NULL DEFAULT 'sent' CHECK (status IN ('sent', 'acknowledged', 'refused', 'silent')),
  reason text,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  answered_at timestamptz
);
CREATE INDEX device_command_waiting ON device_command (requested_at) WHERE status = 'sent'; -- silence after 10 s

CREATE TABLE alarm (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  subject text NOT NULL,
  message text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) WHERE ended_at IS NULL; -- one open alarm of a kind on a thing

-- ── user ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE scanner (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  tag text NOT NULL CHECK (tag IN ('ENTRY', 'EXIT')),
  device_key_hash bytea NOT NULL,
  online boolean NOT NULL DEFAULT false,
  last_scan_at timestamptz,
  created_at timestamptz NOT NULL,
  retired_at timestamptz,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE store_mode_change (
  id uuid PRIMARY KEY,
  from_mode text NOT NULL,
  to_mode text NOT NULL,
  at timestamptz NOT NULL,
  changed_by text NOT NULL,
  forced boolean NOT NULL DEFAULT false
);
CREATE INDEX store_mode_change_at ON store_mode_change (at DESC, id DESC); -- the list

CREATE TABLE user_detail (
  id uuid PRIMARY KEY,
  phone_number text NOT NULL,
  role text NOT NULL CHECK (role IN ('customer', 'operations', 'admin')),
  blocked_at timestamptz,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX user_detail_seen ON user_detail (last_seen_at DESC, id DESC); -- the list

CREATE TABLE visit (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES user_detail,
  role text NOT NULL CHECK (role IN ('customer', 'operations', 'admin')),
  entered_at timestamptz NOT NULL,
  exited_at timestamptz,
  entry_scanner_id uuid REFERENCES scanner,
  exit_scanner_id uuid REFERENCES scanner,
  version integer NOT NULL DEFAULT 1,
  CHECK (exited_at >= entered_at)
);
CREATE UNIQUE INDEX visit_open ON visit (user_id) WHERE exited_at IS NULL; -- nobody is inside twice; who is inside
CREATE INDEX visit_span ON visit USING gist (tstzrange(entered_at, exited_at, '[]')); -- who was inside at a moment
CREATE INDEX visit_entered ON visit (entered_at DESC, id DESC); -- the list
CREATE INDEX visit_user ON visit (user_id, entered_at DESC); -- a user's visits

CREATE TABLE user_session (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES user_detail,
  visit_id uuid NOT NULL REFERENCES visit,
  type text NOT NULL CHECK (type IN ('ENTRY_AUTHENTICATED', 'EXIT_AUTHENTICATED')),
  scanner_id uuid REFERENCES scanner,
  at timestamptz NOT NULL
);
CREATE INDEX user_session_at ON user_session (at DESC, id DESC); -- the list
CREATE INDEX user_session_user ON user_session (user_id, at DESC, id DESC); -- a user's logins and logouts

CREATE TABLE used_code (
  jti text PRIMARY KEY, -- one code, one entry or exit
  user_id uuid NOT NULL,
  used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX used_code_expires ON used_code (expires_at); -- clean-up, well after no such code can be valid

CREATE TABLE cart (
  id uuid PRIMARY KEY,
  visit_id uuid NOT NULL UNIQUE REFERENCES visit,
  user_id uuid NOT NULL REFERENCES user_detail,
  status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'SETTLED', 'REOPENED')),
  currency text NOT NULL,
  total_minor bigint NOT NULL DEFAULT 0 CHECK (total_minor >= 0),
  first_settled_at timestamptz, -- visit.settled was emitted in the transaction that set this
  settled_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX cart_created ON cart (created_at DESC, id DESC); -- the list
CREATE INDEX cart_user ON cart (user_id, created_at DESC, id DESC); -- a user's carts

CREATE TABLE cart_line (
  cart_id uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
  position integer NOT NULL,
  product_id uuid NOT NULL REFERENCES product,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price_minor integer NOT NULL CHECK (unit_price_minor >= 0),
  PRIMARY KEY (cart_id, position)
);

-- ── ticket ───────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE ticket (
  id uuid PRIMARY KEY,
  number bigint NOT NULL UNIQUE, -- T-000123
  visit_id uuid NOT NULL REFERENCES visit,
  machine_id text NOT NULL REFERENCES machine,
  user_id uuid NOT NULL REFERENCES user_detail,
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  window_kind text NOT NULL CHECK (window_kind IN ('visit', 'machine-session')),
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'TO_BE_REVIEWED' CHECK (status IN ('TO_BE_REVIEWED', 'UNDER_REVIEW', 'REVIEW_COMPLETE')),
  claimed_by uuid REFERENCES staff_account,
  lease_expires_at timestamptz,
  auto_review_due_at timestamptz, -- an empty ticket completes itself once its machine was heard after the exit, or at this time
  completed_at timestamptz,
  completed_by text, -- account id, or 'system'
  note text,
  reopen_reason text,
  version integer NOT NULL DEFAULT 1,
  UNIQUE (visit_id, machine_id),
  CHECK (window_start <= window_end),
  CHECK ((status = 'UNDER_REVIEW') = (claimed_by IS NOT NULL))
);
CREATE INDEX ticket_status ON ticket (status, number DESC); -- the queue; list by status
CREATE INDEX ticket_machine ON ticket (machine_id, number DESC); -- list by machine
CREATE INDEX ticket_machine_status ON ticket (machine_id, status, number DESC); -- list by machine and status
CREATE INDEX ticket_user ON ticket (user_id, number DESC); -- list by user
CREATE INDEX ticket_window ON ticket (machine_id, window_end); -- tickets that late evidence belongs to
CREATE INDEX ticket_lease ON ticket (lease_expires_at) WHERE status = 'UNDER_REVIEW'; -- leases that ran out
CREATE INDEX ticket_auto_review ON ticket (auto_review_due_at) WHERE auto_review_due_at IS NOT NULL; -- empty tickets waiting to complete

CREATE TABLE ticket_line (
  ticket_id uuid NOT NULL REFERENCES ticket,
  position integer NOT NULL,
  product_id uuid NOT NULL REFERENCES product,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price_minor integer NOT NULL CHECK (unit_price_minor >= 0),
  PRIMARY KEY (ticket_id, position)
);

CREATE TABLE billed_weight_change (
  weight_change_id uuid PRIMARY KEY REFERENCES weight_change, -- the primary key is the promise: nothing is billed twice
  ticket_id uuid NOT NULL REFERENCES ticket,
  position integer NOT NULL
);
CREATE INDEX billed_weight_change_ticket ON billed_weight_change (ticket_id); -- a ticket's lines; freed when it is reopened

CREATE TABLE ticket_revision (
  ticket_id uuid NOT NULL REFERENCES ticket,
  version integer NOT NULL,
  status text NOT NULL,
  reason text NOT NULL, -- opened, claimed, completed, late-evidence, …
  lines jsonb,
  note text,
  author text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (ticket_id, version)
);

-- ── the house ────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE event_log (
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  payload jsonb NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (transaction_id, id) -- every follower reads in this order, below the oldest running transaction
);
CREATE INDEX event_log_at ON event_log (at); -- retention

CREATE TABLE event_cursor (
  follower text PRIMARY KEY,
  transaction_id xid8 NOT NULL,
  id bigint NOT NULL
);

CREATE TABLE job_run (
  name text PRIMARY KEY,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_duration_ms integer,
  last_error text,
  runs bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  next_run_at timestamptz
);
