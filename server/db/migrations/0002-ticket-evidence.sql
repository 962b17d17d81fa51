-- What a version of a ticket knows of its evidence: weight change id → signed grams (negative = picked). Never shown, only compared:
-- evidence itself is always read where it lies. A difference is late evidence, however often and in whatever order one is told of it.
ALTER TABLE ticket ADD COLUMN evidence jsonb NOT NULL DEFAULT '{}';
