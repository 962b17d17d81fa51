-- A residual below the smallest difference that counts as a change is no missing event: the books need each scale's threshold at the cut.
ALTER TABLE machine_session_scale ADD COLUMN threshold_grams integer NOT NULL DEFAULT 0;
