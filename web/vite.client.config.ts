/**
 * Builds the browser client as one module that pages of any origin import: `vite build web --config web/vite.client.config.ts` writes
 * web/dist/client.js beside what `vite.config.ts` has built. It has no dependency, and its name no hash: pages name it.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  // The static files are the other build's.
  publicDir: false,
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    target: ['chrome111', 'firefox113', 'safari16.4'],
    rolldownOptions: {
      input: { client: new URL('client/index.ts', import.meta.url).pathname },
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: '[name].js' },
    },
  },
});
