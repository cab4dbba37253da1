import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const LICENSES = 'licenses.md';

/** Vite lists the packages whose modules are in the page. Tailwind has only styles in it, and is added here. */
const licenseOfStyles: Plugin = {
  name: 'license-of-styles',
  apply: 'build',
  generateBundle: {
    order: 'post',
    async handler(_, bundle) {
      const list = bundle[LICENSES];
      if (list?.type !== 'asset') throw new Error(`Vite has not written ${LICENSES}.`);
      const tailwind = import.meta.resolve('tailwindcss/package.json');
      const text = async (file: string): Promise<string> => readFile(new URL(file, tailwind), 'utf8');
      const { version, license } = JSON.parse(await text('package.json')) as { version: string; license: string };
      list.source = `${String(list.source).trimEnd()}\n\n## tailwindcss - ${version} (${license})\n\n${(await text('LICENSE')).trim()}\n\nThe source of each is at https://www.npmjs.com/package/<name>/v/<version>.\n`;
    },
  },
};

export default defineConfig({
  base: '/ui/',
  plugins: [react(), tailwindcss(), licenseOfStyles],
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
    license: { fileName: LICENSES },
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Shared by what is seen at first and by forms: left alone, it would bring the forms along.
      output: { codeSplitting: { groups: [{ name: 'json', test: /react-json-view-lite|inspector\/kit\/json/ }] } },
    },
  },
});
