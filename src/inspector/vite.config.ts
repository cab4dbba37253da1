import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/ui/',
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@rjsf/validator-ajv8': fileURLToPath(new URL('no-ajv.ts', import.meta.url)) } },
  build: {
    outDir: '../../dist/inspector',
    emptyOutDir: true,
    target: 'es2023',
    // Those that have light-dark().
    cssTarget: ['chrome125', 'firefox125', 'safari17.5'],
    // A data: URL would need a wider policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2_000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Shared by what is seen at first and by forms: left alone, it would bring the forms along.
      output: { codeSplitting: { groups: [{ name: 'json', test: /react-json-view-lite|inspector\/kit\/json/ }] } },
    },
  },
});
