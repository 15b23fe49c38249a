// Direction of dependency between the folders of src/ (docs/architecture.md, "Folders").
// Each rule names what a folder must NOT import; `processes/` and `cli/` are the composition roots and may import anything.
const only = (from, ...allowed) => ({
  name: `${from}-imports-only-${allowed.join('-') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: `^src/(${[from, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { path: '^(src|web)/' }, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      // Static pages import the built client from their server.
      to: { couldNotResolve: true, pathNot: '\\.(css|woff2)$|^/client\\.js$' },
    },
    only('domain'),
    only('support'),
    only('config', 'domain', 'support'),
    only('catalog', 'domain', 'support'),
    only('rooms', 'domain', 'support'),
    only('webhooks', 'catalog', 'domain', 'support'),
    only('jobs', 'domain', 'support'),
    {
      ...only('journal', 'domain', 'support'),
      name: 'journal-imports-only-domain-support',
    },
    {
      name: 'timeline-knows-journal-record-types-only',
      severity: 'error',
      from: { path: '^src/timeline/' },
      to: { path: '^src/', pathNot: '^src/(timeline|domain)/|^src/journal/record\\.ts$' },
    },
    {
      name: 'timeline-is-pure',
      severity: 'error',
      from: { path: '^src/(timeline|domain)/' },
      to: { dependencyTypes: ['core'] },
    },
    only('composition', 'timeline', 'domain', 'support'),
    only('packaging', 'domain', 'support'),
    {
      name: 'summary-is-made-of-transcripts-alone',
      severity: 'error',
      from: { path: '^src/transcription/summary/' },
      to: { path: '^src/', pathNot: '^src/(transcription/summary|domain|support)/' },
    },
    {
      name: 'digest-and-drafts-are-pure',
      severity: 'error',
      from: { path: '^src/transcription/summary/', pathNot: '^src/transcription/summary/endpoint/' },
      to: { dependencyTypes: ['core'] },
    },
    only('delivery', 'domain', 'support'),
    {
      name: 'copying-imports-only-timeline-domain-support',
      severity: 'error',
      from: { path: '^src/copying/' },
      to: {
        path: '^src/',
        pathNot: '^src/(copying|timeline|domain|support)/|^src/composition/(av|careful-decoding)\\.ts$',
      },
    },
    {
      name: 'transcription-imports-only-timeline-domain-support-and-decoding',
      severity: 'error',
      from: { path: '^src/transcription/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(transcription|timeline|domain|support)/|^src/composition/(careful-decoding|setbacks|stream-sound)\\.ts$',
      },
    },
    {
      name: 'recordings-coordinates-through-ports',
      severity: 'error',
      from: { path: '^src/recordings/' },
      to: { path: '^src/', pathNot: '^src/(recordings|catalog|domain|support)/' },
    },
    {
      name: 'api-reaches-the-system-through-its-own-interfaces',
      severity: 'error',
      from: { path: '^src/api/' },
      to: { path: '^src/', pathNot: '^src/(api|domain|support)/' },
    },
    {
      name: 'synthetic-participants-are-clients',
      severity: 'error',
      from: { path: '^src/synthetic/' },
      to: { path: '^src/', pathNot: '^src/(synthetic|domain|support)/|^src/rooms/protocol\\.ts$' },
    },
    {
      name: 'only-composition-roots-import-them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(processes|cli)/|^src/main\\.ts$' },
      to: { path: '^src/(processes|cli)/|^src/main\\.ts$' },
    },
    {
      name: 'only-catalog-talks-to-postgres',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/catalog/' },
      to: { path: 'node_modules/(pg|kysely)/' },
    },
    {
      name: 'only-jobs-talks-to-the-queue',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/jobs/' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'web-imports-wire-types-only',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/rooms/protocol\\.ts$|^src/domain/' },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      from: { path: '^(src|web)/' },
      to: { path: '^(test|bench|soak)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'web/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
