"""The tables of the simulated GitHub: one SQLite file, ids from one global sequence, times as ISO text in UTC.

It knows columns only; no query lives here, and URLs are never stored because the port may change at the next start.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE COLLATE NOCASE, type TEXT NOT NULL DEFAULT 'User',
  name TEXT, email TEXT, description TEXT, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
  org_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY (org_id, user_id));
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id INTEGER, installation_id INTEGER,
  permissions_json TEXT, repositories_json TEXT, expires_at TEXT);
CREATE TABLE IF NOT EXISTS apps (
  id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL, owner_id INTEGER NOT NULL,
  bot_id INTEGER NOT NULL, public_key TEXT NOT NULL, webhook_url TEXT, webhook_secret TEXT,
  permissions_json TEXT NOT NULL, events_json TEXT NOT NULL, hook_id INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS installations (
  id INTEGER PRIMARY KEY, app_id INTEGER NOT NULL, account_id INTEGER NOT NULL UNIQUE, selection TEXT NOT NULL,
  permissions_json TEXT NOT NULL, events_json TEXT NOT NULL, suspended_at TEXT, suspended_by INTEGER,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS installation_repositories (
  installation_id INTEGER NOT NULL, repo_id INTEGER NOT NULL, PRIMARY KEY (installation_id, repo_id));

CREATE TABLE IF NOT EXISTS repositories (
  id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, description TEXT,
  homepage TEXT,
  private INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0,
  default_branch TEXT NOT NULL DEFAULT 'main',
  topics_json TEXT NOT NULL DEFAULT '[]', settings_json TEXT NOT NULL DEFAULT '{}',
  next_number INTEGER NOT NULL DEFAULT 1,
  pushed_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (owner_id, name));
CREATE TABLE IF NOT EXISTS redirects (
  full_name TEXT PRIMARY KEY COLLATE NOCASE, repo_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS collaborators (
  repo_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY (repo_id, user_id));
CREATE TABLE IF NOT EXISTS signatures (
  repo_id INTEGER NOT NULL, sha TEXT NOT NULL, verified_at TEXT NOT NULL, user_id INTEGER NOT NULL,
  PRIMARY KEY (repo_id, sha));

-- An issue and a pull request share one number line; is_pull rows have a row in pulls with the same id.
CREATE TABLE IF NOT EXISTS issues (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, number INTEGER NOT NULL, is_pull INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL, body TEXT, state TEXT NOT NULL DEFAULT 'open', state_reason TEXT,
  locked INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL, app_id INTEGER, closed_by INTEGER, assignees_json TEXT NOT NULL DEFAULT '[]',
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, UNIQUE (repo_id, number));
CREATE TABLE IF NOT EXISTS pulls (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, number INTEGER NOT NULL,
  head_ref TEXT NOT NULL, head_sha TEXT NOT NULL, head_owner_id INTEGER NOT NULL,
  base_ref TEXT NOT NULL, base_sha TEXT NOT NULL, draft INTEGER NOT NULL DEFAULT 0,
  merged_at TEXT, merged_by INTEGER, merge_commit_sha TEXT, maintainer_can_modify INTEGER NOT NULL DEFAULT 0,
  requested_reviewers_json TEXT NOT NULL DEFAULT '[]', UNIQUE (repo_id, number));
CREATE TABLE IF NOT EXISTS reviews (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, pull_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  body TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, commit_sha TEXT NOT NULL, submitted_at TEXT, app_id INTEGER,
  updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS review_comments (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, pull_id INTEGER NOT NULL, review_id INTEGER, in_reply_to INTEGER,
  user_id INTEGER NOT NULL, app_id INTEGER, path TEXT NOT NULL, line INTEGER, start_line INTEGER,
  side TEXT NOT NULL DEFAULT 'RIGHT',
  start_side TEXT, diff_hunk TEXT NOT NULL, body TEXT NOT NULL, commit_sha TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL);

-- routes_issues.py
CREATE TABLE IF NOT EXISTS comments (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, issue_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  app_id INTEGER,
  body TEXT NOT NULL, minimized_reason TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reactions (
  id INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  content TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE (subject, subject_id, user_id, content));
CREATE TABLE IF NOT EXISTS labels (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
  color TEXT NOT NULL DEFAULT 'ededed',
  description TEXT, is_default INTEGER NOT NULL DEFAULT 0, UNIQUE (repo_id, name));
CREATE TABLE IF NOT EXISTS issue_labels (
  issue_id INTEGER NOT NULL, label_id INTEGER NOT NULL, PRIMARY KEY (issue_id, label_id));

-- routes_checks.py
CREATE TABLE IF NOT EXISTS check_suites (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, app_id INTEGER NOT NULL, head_sha TEXT NOT NULL, head_branch TEXT,
  before_sha TEXT, status TEXT NOT NULL DEFAULT 'queued', conclusion TEXT, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (repo_id, app_id, head_sha));
CREATE TABLE IF NOT EXISTS check_runs (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, suite_id INTEGER NOT NULL, app_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  head_sha TEXT NOT NULL, external_id TEXT NOT NULL DEFAULT '', details_url TEXT,
  status TEXT NOT NULL DEFAULT 'queued',
  conclusion TEXT, started_at TEXT, completed_at TEXT, output_title TEXT, output_summary TEXT, output_text TEXT,
  actions_json TEXT NOT NULL DEFAULT '[]', created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS annotations (
  id INTEGER PRIMARY KEY, check_run_id INTEGER NOT NULL, path TEXT NOT NULL, start_line INTEGER NOT NULL,
  end_line INTEGER NOT NULL,
  start_column INTEGER, end_column INTEGER, annotation_level TEXT NOT NULL, message TEXT NOT NULL, title TEXT,
  raw_details TEXT);

-- routes_releases.py
CREATE TABLE IF NOT EXISTS releases (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, tag_name TEXT NOT NULL, target_commitish TEXT NOT NULL,
  name TEXT, body TEXT,
  draft INTEGER NOT NULL DEFAULT 0, prerelease INTEGER NOT NULL DEFAULT 0, make_latest TEXT,
  author_id INTEGER NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT, published_at TEXT);
CREATE TABLE IF NOT EXISTS assets (
  id INTEGER PRIMARY KEY, repo_id INTEGER NOT NULL, release_id INTEGER NOT NULL, name TEXT NOT NULL, label TEXT,
  content_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, content BLOB NOT NULL,
  download_count INTEGER NOT NULL DEFAULT 0, uploader_id INTEGER NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (release_id, name));

-- webhooks, ledger, faults
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, guid TEXT NOT NULL, event TEXT NOT NULL, action TEXT, installation_id INTEGER,
  repo_id INTEGER,
  payload TEXT NOT NULL, redelivery INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 1, fault TEXT,
  status TEXT NOT NULL DEFAULT '', status_code INTEGER NOT NULL DEFAULT 0, duration REAL NOT NULL DEFAULT 0, url TEXT,
  request_headers_json TEXT NOT NULL DEFAULT '{}', response_headers_json TEXT NOT NULL DEFAULT '{}',
  response_body TEXT, created_at TEXT NOT NULL, delivered_at TEXT);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (pending, repo_id, id);
CREATE TABLE IF NOT EXISTS ledger (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail_json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, method TEXT, path TEXT, event TEXT, remaining INTEGER NOT NULL,
  seconds REAL NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS comments_issue ON comments (issue_id);
CREATE INDEX IF NOT EXISTS reactions_subject ON reactions (subject, subject_id);
CREATE INDEX IF NOT EXISTS check_runs_sha ON check_runs (repo_id, head_sha);
CREATE INDEX IF NOT EXISTS pulls_head ON pulls (repo_id, head_ref);
"""
