-- People trackers: devices that say where people stand. What they say is kept for two days: longer than any ticket is inferred anew.
CREATE TABLE tracker (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  device_key_hash bytea NOT NULL,
  last_sighting_at timestamptz,
  created_at timestamptz NOT NULL,
  retired_at timestamptz,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE sighting (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tracker_id uuid NOT NULL REFERENCES tracker,
  at timestamptz NOT NULL,
  people jsonb NOT NULL -- [{"trackId", "x", "y"}] in metres
);
CREATE INDEX sighting_at ON sighting (at); -- those of a span; clean-up

-- The floor plan, in metres: where one stands to reach a scale, and where one stands at a scanner.
CREATE TABLE scale_spot (
  machine_id text NOT NULL REFERENCES machine,
  scale_id text NOT NULL,
  x double precision NOT NULL,
  y double precision NOT NULL,
  PRIMARY KEY (machine_id, scale_id)
);
ALTER TABLE scanner ADD COLUMN x double precision, ADD COLUMN y double precision;
