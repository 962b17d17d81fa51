-- What went because time or space ran out. The row of such a video stays as long as a ticket tells of it.
ALTER TABLE video ADD COLUMN removed_for text CHECK (removed_for IN ('age', 'quota', 'space')); -- its file was removed on purpose, and why
CREATE INDEX video_kept ON video (started_at, id) INCLUDE (bytes) WHERE ended_at IS NOT NULL AND missing_at IS NULL; -- the oldest that could go; how much there is
CREATE INDEX ticket_open_window ON ticket (window_end) WHERE status <> 'REVIEW_COMPLETE'; -- which clips an open ticket pins
