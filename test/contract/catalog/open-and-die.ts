/** A parent that opens the embedded database, writes a row, says who it is and dies by kill -9, leaving the server behind. */
import { openCatalog } from '../../../src/catalog/database.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import type { RoomId } from '../../../src/domain/ids.ts';
import { createLogger } from '../../../src/support/log.ts';

const [dataDir = ''] = process.argv.slice(2);
const log = createLogger('parent', 'silent');
const postgres = await openEmbeddedPostgres({ dataDir, log });
const { catalog } = await openCatalog({ url: postgres.url, log });
await createRoom(catalog, {
  id: 'a'.repeat(24),
  roomId: 'aaaa-bbbb-cccc' as RoomId,
  customRoomId: null,
  webhook: null,
});
process.stdout.write(`${JSON.stringify({ pid: postgres.pid, started: postgres.started })}\n`, () =>
  process.kill(process.pid, 'SIGKILL'),
);
