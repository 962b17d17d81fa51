-- Cameras, and the clips of their feed. A clip's file lies below DATA_DIR/clips; its row is made when it opens and finished when it closes.
CREATE TABLE camera (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  tag text NOT NULL CHECK (tag IN ('ENTRY', 'EXIT', 'IN_STORE', 'OUT_OF_STORE')),
  shown_url text NOT NULL, -- as people may see it: passwords are ***
  sealed_url bytea NOT NULL, -- the whole of it, encrypted with DATA_DIR/keys/cameras.key
  transport text NOT NULL DEFAULT 'tcp' CHECK (transport IN ('tcp', 'udp')), -- of RTSP
  enabled boolean NOT NULL DEFAULT true,
  online boolean NOT NULL DEFAULT false,
  last_frame_at timestamptz, -- flushed every few seconds
  created_at timestamptz NOT NULL,
  retired_at timestamptz,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE camera_machine (
  camera_id uuid NOT NULL REFERENCES camera,
  machine_id text NOT NULL REFERENCES machine,
  unlinked_at timestamptz, -- what was recorded before stays the machine's evidence
  PRIMARY KEY (camera_id, machine_id)
);
CREATE INDEX camera_machine_machine ON camera_machine (machine_id); -- the cameras of a ticket's machine

CREATE TABLE video (
  id uuid PRIMARY KEY,
  camera_id uuid NOT NULL REFERENCES camera,
  tag text NOT NULL, -- the camera's when it was recorded: a camera that moves takes no evidence along
  file text NOT NULL UNIQUE, -- below DATA_DIR/clips
  started_at timestamptz NOT NULL, -- its first frame
  ended_at timestamptz, -- after its last frame; null while it is open
  bytes bigint NOT NULL DEFAULT 0,
  codecs text, -- RFC 6381, as HLS and browsers name it
  width integer,
  height integer,
  timescale integer, -- ticks per second
  head_bytes integer, -- ftyp and moov: what must come before any fragment
  fragment_bytes integer[], -- of each fragment; they follow the head without a break
  fragment_ticks integer[], -- how long each of them lasts
  recovered boolean NOT NULL DEFAULT false, -- its recorder died: the end was read from the file
  missing_at timestamptz, -- since when its file is known to be gone
  CHECK (ended_at >= started_at),
  CHECK (cardinality(fragment_bytes) = cardinality(fragment_ticks))
);
CREATE INDEX video_camera ON video (camera_id, started_at DESC, id DESC); -- a window's clips: started_at > from − longest clip; list by camera
CREATE INDEX video_started ON video (started_at DESC, id DESC); -- the list of all; the oldest first
CREATE INDEX video_open ON video (camera_id) WHERE ended_at IS NULL; -- clips being recorded; orphans after a crash

CREATE TABLE video_gap (
  id uuid PRIMARY KEY,
  camera_id uuid NOT NULL REFERENCES camera,
  started_at timestamptz NOT NULL,
  ended_at timestamptz, -- null while it lasts
  cause text NOT NULL CHECK (cause IN ('offline', 'restart', 'disk', 'clock', 'disabled')),
  CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX video_gap_open ON video_gap (camera_id) WHERE ended_at IS NULL; -- one at a time
CREATE INDEX video_gap_camera ON video_gap (camera_id, started_at); -- the gaps of a window

-- Which videos a version of a ticket knows, and whether each was open or closed then: compared as its evidence is, never shown.
ALTER TABLE ticket ADD COLUMN known_videos jsonb NOT NULL DEFAULT '{}';
