-- What products cost before, carts that are settled anew, contests, and what stands on the shelves.

-- What a product cost until a moment. What it costs now is in its own row; a price that never changed has no row here.
CREATE TABLE product_price (
  product_id uuid NOT NULL REFERENCES product,
  until timestamptz NOT NULL,
  price_minor integer NOT NULL CHECK (price_minor >= 0),
  PRIMARY KEY (product_id, until) -- what it cost at the moment of picking
);

-- A receipt says what things were called when they were sold; lines from before this migration have no names of their own.
ALTER TABLE cart_line ADD COLUMN sku text, ADD COLUMN name text;

-- One row for each time a settled cart was settled anew: what there is to give back, or to charge beyond what was charged.
CREATE TABLE cart_correction (
  cart_id uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
  version integer NOT NULL, -- the cart's
  total_minor bigint NOT NULL CHECK (total_minor >= 0),
  difference_minor bigint NOT NULL, -- to the settlement before; negative: a refund
  corrected_at timestamptz NOT NULL,
  PRIMARY KEY (cart_id, version) -- the promise that nothing is refunded or charged twice; a cart's corrections
);

-- A shopper's complaint about a settled cart. It ends with the next settlement.
CREATE TABLE contest (
  id uuid PRIMARY KEY,
  visit_id uuid NOT NULL REFERENCES visit,
  message text NOT NULL, -- the shopper's own words; empty once he is forgotten
  lines jsonb NOT NULL DEFAULT '[]', -- what he says he took: [{"productId", "quantity"}]
  status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'UPHELD', 'REFUSED')),
  opened_by text NOT NULL, -- account id
  opened_at timestamptz NOT NULL,
  answer text, -- the reviewers' notes
  difference_minor bigint, -- negative: he gets it back
  closed_at timestamptz,
  CHECK ((status = 'OPEN') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX contest_open ON contest (visit_id) WHERE closed_at IS NULL; -- one at a time; is a visit contested
CREATE INDEX contest_visit ON contest (visit_id, opened_at DESC); -- a visit's contests

ALTER TABLE facing
  ADD COLUMN capacity integer CHECK (capacity > 0), -- units when full; null: the most that was counted since it was put
  ADD COLUMN low_at integer CHECK (low_at >= 0), -- units at which it is low; null: a quarter of full
  ADD COLUMN empty_grams integer NOT NULL DEFAULT 0; -- what its scales show when nothing stands on them: trays, pushers

-- What a facing held when it was last looked at: what low stock is told by, once for each crossing.
CREATE TABLE facing_stock (
  facing_id uuid PRIMARY KEY REFERENCES facing ON DELETE CASCADE,
  on_hand integer NOT NULL CHECK (on_hand >= 0),
  most integer NOT NULL CHECK (most >= on_hand), -- the most it ever held
  is_low boolean NOT NULL,
  looked_at timestamptz NOT NULL,
  refilled_at timestamptz
);
