/** Adds a wake-up that is due in two seconds, says so, and waits to be killed: `node add-and-wait.ts postgres|redis URL`. */
import { queueAt } from './queues.ts';

const [name = '', url = ''] = process.argv.slice(2);
const queue = queueAt(name === 'redis' ? 'redis' : 'postgres', url);
queue.open(() => undefined);
const wakeUp = { kind: 'left-behind', id: 'a', at: new Date(Date.now() + 2_000) };
for (let added = false; !added; ) {
  added = await queue.add(wakeUp).then(
    () => true,
    () => new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20)),
  );
}
console.log('added');
