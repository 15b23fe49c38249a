/** A server of its own process that sends what is due on the named database, until it is killed. */
import { openCatalog } from '../../../src/catalog/catalog.ts';
import { createLogger } from '../../../src/support/log.ts';
import { WebhookMetrics } from '../../../src/webhooks/metrics.ts';
import { WebhookSender } from '../../../src/webhooks/sender.ts';
import { SigningKeys } from '../../../src/webhooks/signing-keys.ts';

const log = createLogger('test', 'silent');
const { catalog } = await openCatalog({ url: process.argv[2] ?? '', log });
const sender = new WebhookSender({
  catalog,
  keys: new SigningKeys(catalog),
  reach: { allowed: ['127.0.0.0/8'] },
  fileUrlOf: () => null,
  timeoutMs: 30_000,
  windowMs: 3_600_000,
  metrics: new WebhookMetrics(),
  log,
});
await sender.sendDue();
