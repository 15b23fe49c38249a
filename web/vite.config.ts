/**
 * Builds the room page: `vite build web` writes web/dist. `index.html` is what `/room/{roomId}` answers; everything else in
 * web/dist is served from the root (`/assets/…`, names carry a hash of their content; `/favicon.svg`).
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The page is served with a content security policy of 'self': nothing inline, no data: addresses.
    assetsInlineLimit: 0,
    // Chromium 111, Firefox 113, Safari 16.4: the first with everything that the room client uses.
    target: ['chrome111', 'firefox113', 'safari16.4'],
  },
});
