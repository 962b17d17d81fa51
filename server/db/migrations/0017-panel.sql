-- A simulated shop has moved into this store: nothing in it is real.
ALTER TABLE store ADD COLUMN simulated_since timestamptz;
