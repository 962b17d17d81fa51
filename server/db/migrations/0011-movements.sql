-- What a scale felt below its threshold: no weight change and in no list, but evidence for inference (server/domain/iot/faint.ts).
CREATE TABLE faint_shift (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  machine_id text NOT NULL,
  scale_id text NOT NULL,
  before_grams integer NOT NULL,
  after_grams integer NOT NULL,
  occurred_at timestamptz NOT NULL
);
CREATE INDEX faint_shift_time ON faint_shift (occurred_at); -- those of a span; clean-up

-- One action of one shopper as inferred from weight changes. Inferred again as more is known: the row is then rewritten.
CREATE TABLE movement (
  id uuid PRIMARY KEY,
  anchor text NOT NULL UNIQUE, -- what it is recognised by when it is inferred again: its largest step
  machine_id text NOT NULL,
  visit_id uuid REFERENCES visit, -- who most likely did it; null: nobody was inside
  product_id uuid REFERENCES product, -- null: something, nobody knows what
  quantity integer NOT NULL CHECK (quantity <> 0), -- negative: put back
  returned integer NOT NULL DEFAULT 0 CHECK (returned >= 0), -- of those taken, how many were put back later
  grams integer NOT NULL, -- signed
  occurred_from timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  confidence double precision NOT NULL CHECK (confidence >= 0 AND confidence <= 1), -- that product, quantity and visit are right
  shares jsonb NOT NULL, -- visit → how likely it was
  candidates jsonb NOT NULL,
  reasons text[] NOT NULL,
  scale_ids text[] NOT NULL,
  place double precision NOT NULL, -- where along the machine
  unit_grams double precision NOT NULL, -- what one unit weighed
  lying boolean NOT NULL DEFAULT false, -- put down where its product has no facing, and not taken by who was inside then
  taken_at timestamptz, -- since when somebody else has been inside who took it from there
  version integer NOT NULL DEFAULT 1,
  CHECK (occurred_from <= occurred_at)
);
CREATE INDEX movement_time ON movement (occurred_at DESC, id DESC); -- the list; those of a span
CREATE INDEX movement_machine ON movement (machine_id, occurred_at DESC, id DESC); -- the list by machine
CREATE INDEX movement_visit ON movement (visit_id, occurred_at DESC, id DESC); -- a visit's proposal; the list by visit
CREATE INDEX movement_lying ON movement (occurred_at) WHERE lying; -- what lies where it does not belong

-- Which weight changes inference has looked at, as they were then, and what it made of them.
CREATE TABLE movement_weight_change (
  weight_change_id uuid NOT NULL REFERENCES weight_change,
  movement_id uuid REFERENCES movement ON DELETE CASCADE, -- null: nobody did anything
  grams integer NOT NULL, -- signed, as it was looked at
  UNIQUE NULLS NOT DISTINCT (weight_change_id, movement_id)
);
CREATE INDEX movement_weight_change_movement ON movement_weight_change (movement_id); -- a movement's evidence

-- A share of the tickets that inference would complete goes to people all the same: what it would have said, and whether they agreed.
ALTER TABLE ticket ADD COLUMN double_check jsonb, ADD COLUMN double_check_agreed boolean;
CREATE INDEX ticket_double_check ON ticket (double_check_agreed) WHERE double_check_agreed IS NOT NULL; -- how often people agree
