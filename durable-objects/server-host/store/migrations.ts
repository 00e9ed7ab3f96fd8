/** The tables of a server host; docs/storage.md describes each. */
export const STEPS: readonly string[] = [
  `CREATE TABLE sessions (
     id TEXT PRIMARY KEY, server TEXT NOT NULL, principal TEXT NOT NULL, protocol TEXT NOT NULL,
     initialize TEXT NOT NULL, log_level TEXT, subscriptions TEXT NOT NULL DEFAULT '[]',
     created INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE streams (
     session TEXT NOT NULL, stream INTEGER NOT NULL, request TEXT, done INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (session, stream)) WITHOUT ROWID;
   CREATE TABLE events (
     position INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, stream INTEGER NOT NULL,
     seq INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (session, stream, seq));
   CREATE TABLE eras (
     digest TEXT PRIMARY KEY, discover TEXT, initialize TEXT, probed INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;`,
  `ALTER TABLE streams ADD COLUMN filter TEXT;
   ALTER TABLE sessions ADD COLUMN access TEXT;`,
  `ALTER TABLE streams ADD COLUMN server TEXT;
   ALTER TABLE sessions ADD COLUMN catalog TEXT;
   CREATE TABLE lists (
     digest TEXT NOT NULL, capabilities TEXT NOT NULL, kind TEXT NOT NULL, entries TEXT NOT NULL,
     fetched INTEGER NOT NULL, PRIMARY KEY (digest, capabilities, kind)) WITHOUT ROWID;`,
  `CREATE TABLE breakers (
     server TEXT NOT NULL, principal TEXT NOT NULL, phase TEXT NOT NULL, since INTEGER NOT NULL,
     until INTEGER, digest TEXT NOT NULL, failure TEXT, failed INTEGER,
     PRIMARY KEY (server, principal)) WITHOUT ROWID;`,
  `ALTER TABLE streams ADD COLUMN transform TEXT;
   CREATE TABLE spills (
     position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, server TEXT NOT NULL,
     principal TEXT NOT NULL, mime_type TEXT NOT NULL, bytes INTEGER NOT NULL,
     ends_at INTEGER NOT NULL);
   CREATE TABLE spill_pieces (
     id TEXT NOT NULL, piece INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (id, piece));`,
  `CREATE TABLE tool_documents (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
   CREATE VIRTUAL TABLE tool_words USING fts5(
     name, description, arguments, content = '', contentless_delete = 1,
     tokenize = 'porter unicode61');
   CREATE TABLE tool_pins (
     server TEXT NOT NULL, tool TEXT NOT NULL, fingerprint TEXT NOT NULL, definition TEXT NOT NULL,
     state TEXT NOT NULL, seen_as TEXT NOT NULL, first_seen INTEGER NOT NULL, approved_at INTEGER,
     renamed_from TEXT, PRIMARY KEY (server, tool, fingerprint)) WITHOUT ROWID;`,
  `CREATE TABLE placements (name TEXT PRIMARY KEY) WITHOUT ROWID;`,
  `ALTER TABLE streams ADD COLUMN call TEXT;`,
  // A server that was wrongly taken for a modern one had empty lists: they are asked for again.
  `DELETE FROM lists WHERE entries = '[]';
   ALTER TABLE lists ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';`,
  `CREATE TABLE pinned_servers (
     server TEXT PRIMARY KEY, first_seen INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO pinned_servers SELECT server, MIN(first_seen) FROM tool_pins GROUP BY server;`,
  `CREATE TABLE late_lists (
     digest TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, noted INTEGER NOT NULL,
     PRIMARY KEY (digest, kind)) WITHOUT ROWID;`,
  // Its words are made in another way now: the next search makes it again.
  `DELETE FROM tool_words;
   DELETE FROM tool_documents;`,
]
