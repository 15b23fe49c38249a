#!/usr/bin/env node
/** The `roomtape` command. Each of its commands is loaded when it is called: the supervisor is to stay small, and `token` to be quick. */
import { Command, InvalidArgumentError } from 'commander';

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is needed.`);
  }
  return value;
};

/** A refusal is a sentence for whoever typed the command; where it stands in our code would only hide it. */
const wordsOf = (error: unknown): string => {
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(wordsOf)].join('\n');
  if (!(error instanceof Error)) return String(error);
  const isBug = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(error.name);
  return isBug ? (error.stack ?? error.message) : error.message;
};

const program = new Command('roomtape').description('Records video rooms: write down first, render behind.');

program
  .command('serve', { isDefault: true })
  .description('serve until told to stop')
  .action(async () => (await import('./cli/serve.ts')).runServe());

program
  .command('token')
  .description("print a participant's token, or one for the API")
  .option('--room <id>', 'the room it is good for')
  .option('--name <name>', 'display name')
  .option('--participant <id>', 'participant id')
  .option('--moderator', 'may pin, and start and stop recordings')
  .option('--api', 'a token for REST calls instead')
  .option('--hours <n>', 'how long it is valid', wholeNumber(1, 24 * 365), 24)
  .action(async (options) => (await import('./cli/token.ts')).runToken(options));

const keys = program
  .command('keys')
  .description('print the key and the secret that webhooks are verified with')
  .action(async () => (await import('./cli/keys.ts')).runKeys());

keys
  .command('rotate')
  .description('make another key, which is announced at once and in force a day later')
  .option('--after <duration>', 'when it comes into force', '24h')
  .option('--now', 'at once, and drop the former ones: they are in wrong hands')
  .action(async (options) => (await import('./cli/keys.ts')).runRotate(options));

program
  .command('doctor')
  .description('check ports, disk, database, models, fonts, browser')
  .action(async () => (await import('./cli/doctor.ts')).runDoctor());

program
  .command('backup <folder>')
  .description('copy the data folder and the embedded database, also while they are in use')
  .action(async (folder) => (await import('./cli/backup.ts')).runBackup(folder));

program
  .command('restore <folder>')
  .description('put a backup where the data folder is to be')
  .action(async (folder) => (await import('./cli/backup.ts')).runRestore(folder));

const models = program.command('models').description('the models that find and understand speech');

models
  .command('list', { isDefault: true })
  .description('which there are, which are here, and whether they are whole')
  .action(async () => (await import('./cli/models.ts')).runList());

models
  .command('pull [name]')
  .description('fetch a model, and the one that finds speech; without a name the one of the settings')
  .option('--file <role,url,sha256...>', 'a model of your own: where each of its files is, and its SHA-256')
  .option('--kind <kind>', 'how a model of your own is run: moonshine, whisper, sense-voice or transducer')
  .option('--languages <list>', 'what a model of your own understands, such as de,en; left out: nobody knows')
  .option('--again', 'also where it is here already')
  .action(async (name, options) => (await import('./cli/models.ts')).runPull(name, options));

program
  .command('demo')
  .description('record synthetic participants in a room and print where the file is')
  .option('--seconds <n>', 'how long to record', wholeNumber(1, 3600), 15)
  .option('--participants <n>', 'how many join', wholeNumber(1, 9), 4)
  .option('--out <dir>', 'data folder and result', './demo-out')
  .action(async (options) => (await import('./cli/demo.ts')).runDemo(options));

try {
  await program.parseAsync();
} catch (error) {
  console.error(wordsOf(error));
  process.exit(1);
}
