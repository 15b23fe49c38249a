/**
 * What a product that has nothing to do should not have: processes nobody needs, files nobody names, rows that wait for ever. Found by
 * listing everything, so that what nobody thought of is found, too.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { processesOf } from './running.ts';

/** At the top of a data folder. */
const KNOWN = new Set([
  'credentials.json',
  'journals',
  'lock',
  // SQLite's, as long as the lock is held.
  'lock-journal',
  'postgres',
  'postgres.json',
  'postgres.log',
  'recordings',
  'resume-secret',
  'run',
]);
const RUNNING = /^(?:supervisor\.sock|media|media\.pid|server\.pid|media-settings\.json)$/;

const query = async <T extends pg.QueryResultRow>(dataDir: string, text: string): Promise<T[]> => {
  const { port, password } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8'));
  const client = new pg.Client({ connectionString: `postgres://roomtape:${password}@127.0.0.1:${port}/postgres` });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
};

/** Rows that no state should leave once every recording is over, a sentence each. */
const ROWS: readonly (readonly [what: string, sql: string])[] = [
  ['recording is not done', `select id from recordings where status <> 'done' and deleted_at is null`],
  [
    'recording has not one composition, done',
    `select r.id from recordings r left join compositions c on c.recording_id = r.id and c.request is null
      where r.deleted_at is null group by r.id having count(c.id) <> 1 or bool_or(c.status <> 'done')`,
  ],
  [
    'recording has not one file',
    `select r.id from recordings r left join files f on f.recording_id = r.id and f.deleted_at is null
      where r.deleted_at is null group by r.id having count(f.id) <> 1`,
  ],
  [
    'recording has not one end that is told',
    `select r.id from recordings r left join events e on e.recording_id = r.id
      where r.deleted_at is null group by r.id
      having count(*) filter (where e.type in ('recording-stopped', 'recording-failed')) <> 1`,
  ],
  [
    'recording is told of twice',
    `select recording_id as id from events
      where type in ('recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped')
      group by recording_id, type having count(*) > 1`,
  ],
  [
    'room has more than one session that goes on',
    `select room_id as id from sessions where ended_at is null group by room_id having count(*) > 1`,
  ],
  [
    'participant is there twice',
    `select participant_id as id from stays where left_at is null group by session_id, participant_id having count(*) > 1`,
  ],
  [
    'stay goes on in a session that has ended',
    `select y.participant_id as id from stays y join sessions s on s.id = y.session_id
      where y.left_at is null and s.ended_at is not null`,
  ],
];

const rowsLeft = async (dataDir: string): Promise<string[]> => {
  const left: string[] = [];
  for (const [what, sql] of ROWS)
    for (const { id } of await query<{ id: string }>(dataDir, sql)) left.push(`A ${what}: ${id}.`);
  return left;
};

const filesLeft = async (dataDir: string): Promise<string[]> => {
  const left: string[] = [];
  for (const name of await readdir(dataDir)) if (!KNOWN.has(name)) left.push(`${name} lies in the data folder.`);
  const rows = await query<{ path: string }>(dataDir, 'select path from files where deleted_at is null');
  const known = new Set(rows.map(({ path }) => path));
  for (const recording of await readdir(join(dataDir, 'recordings'))) {
    for (const name of await readdir(join(dataDir, 'recordings', recording), { recursive: true })) {
      const path = join('recordings', recording, name);
      if (name !== 'files' && !known.delete(path)) left.push(`${path} belongs to nobody.`);
    }
  }
  for (const path of known) left.push(`${path} is a file that is not there.`);
  for (const session of await readdir(join(dataDir, 'journals'))) {
    for (const name of await readdir(join(dataDir, 'journals', session))) {
      if (!name.endsWith('.rtj')) left.push(`journals/${session}/${name} is not sealed.`);
    }
  }
  return left;
};

const processesLeft = async (dataDir: string): Promise<string[]> => {
  const lines = await processesOf(dataDir);
  const left = lines
    .filter((line) => /processes\/(?:compositor|transcriber)\.ts/.test(line))
    .map((line) => `It runs on: ${line}`);
  for (const name of ['processes/server.ts', 'processes/media.ts', 'main.ts serve']) {
    const count = lines.filter((line) => line.includes(name)).length;
    if (count !== 1) left.push(`${count} processes run ${name}.`);
  }
  const postmasters = lines.filter((line) => / -D /.test(line)).length;
  if (postmasters > 1) left.push(`${postmasters} Postgres servers run.`);
  const sockets = (await readdir(join(dataDir, 'run'))).filter((name) => !RUNNING.test(name));
  const names = sockets.toSorted().join(', ');
  if (!/^listen-(\d+)\.sock, work-\1\.sock$/.test(names)) {
    left.push(`The run folder holds ${names || 'no sockets'}, not one server's two.`);
  }
  return left;
};

/** Sentences; empty: all is as it should be. To be asked while the product runs and nothing is recorded or composed. */
export const leftovers = async (dataDir: string): Promise<string[]> => [
  ...(await processesLeft(dataDir)),
  ...(await filesLeft(dataDir)),
  ...(await rowsLeft(dataDir)),
];
