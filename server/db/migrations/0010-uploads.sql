-- Videos of tickets go to an S3 store, where one is set. What is there is there for good: the box removes nothing from it.
ALTER TABLE video ADD COLUMN uploaded_at timestamptz; -- since when a copy is known to be there, whole
CREATE INDEX video_lost ON video (missing_at) WHERE removed_for IS NOT NULL AND uploaded_at IS NULL; -- removed before they were uploaded, lately

-- One row for each video on its way or there. Written after each part, so that an upload goes on where the power went.
CREATE TABLE video_upload (
  video_id uuid PRIMARY KEY REFERENCES video ON DELETE CASCADE,
  place text NOT NULL, -- endpoint and bucket, whatever the settings say later
  object_key text NOT NULL,
  part_bytes integer NOT NULL, -- of every part but the last
  upload_id text, -- the store's, while it is under way
  part_md5s text[] NOT NULL DEFAULT '{}', -- of parts 1, 2, … that the store has acknowledged
  part_etags text[] NOT NULL DEFAULT '{}', -- what it calls them
  failures integer NOT NULL DEFAULT 0, -- of this video, not of the store
  retry_at timestamptz, -- not before
  CHECK (cardinality(part_md5s) = cardinality(part_etags))
);
