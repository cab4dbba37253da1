import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync, globSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { BuildContext, BuildLayer } from '@trigger.dev/core/v3/build';
import { build, type Message, type Plugin } from 'esbuild-of-trigger';
import config from '../../../trigger.config.ts';

export const ROOT = join(import.meta.dirname, '../../..');

/** What the CLI of Trigger.dev makes of the tasks. */
export interface Bundle {
  /** The bundled files of `trigger/`. */
  files: string[];
  /** What an image's package.json asks for. */
  dependencies: Record<string, string>;
  warnings: Message[];
  /** Files that went into it, as paths from the project's folder. */
  sources: string[];
}

interface Package {
  name: string;
  folder: string;
  manifest: Manifest;
}

interface Manifest {
  version: string;
  main?: string;
  module?: string;
  browser?: unknown;
  files?: string[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** What the CLI always leaves out of a bundle. */
const ALWAYS_EXTERNAL = ['import-in-the-middle', 'header-generator'];

/** Bundles `trigger/` with the options of the CLI 4.8.3 (`packages/cli-v3/src/build`) and the esbuild that it brings, for `dev` and `deploy` alike. */
export async function bundleTasks(target: 'dev' | 'deploy', outdir: string): Promise<Bundle> {
  const externals = new Map<string, string>();
  const files = globSync(
    (config.dirs ?? []).map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  ).toSorted();
  const shim = join(outdir, 'shim.mjs');
  await mkdir(outdir, { recursive: true });
  await writeFile(shim, SHIM);
  const { metafile, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...files, 'trigger.config.ts'],
    outdir,
    bundle: true,
    metafile: true,
    minify: false,
    splitting: true,
    charset: 'utf8',
    platform: 'node',
    sourcemap: true,
    sourcesContent: target === 'dev',
    conditions: [...(config.build?.conditions ?? []), 'trigger.dev', 'module', 'node'],
    keepNames: true,
    format: 'esm',
    target: ['node20', 'es2022'],
    loader: { '.js': 'jsx', '.mjs': 'jsx', '.cjs': 'jsx', '.wasm': 'copy' },
    outExtension: { '.js': '.mjs' },
    inject: [shim],
    logLevel: 'silent',
    logOverride: { 'empty-glob': 'silent', 'package.json': 'silent' },
    plugins: [externalsPlugin(externals), configPlugin],
  });
  return {
    files: files.map((file) => join(outdir, file.replace(/\.ts$/, '.mjs'))),
    dependencies: { ...Object.fromEntries(externals), ...(await layers(target)) },
    warnings,
    sources: Object.keys(metafile.inputs),
  };
}

/** Node's CommonJS names, for bundled code that asks for them. */
const SHIM = `import { createRequire } from 'node:module';
import path from 'node:path';
import url from 'node:url';
globalThis.require = createRequire(import.meta.url);
globalThis.__filename = url.fileURLToPath(import.meta.url);
globalThis.__dirname = path.dirname(__filename);
`;

/** The CLI takes \`build\` out of the configuration before it is bundled. */
const configPlugin: Plugin = {
  name: 'config',
  setup: ({ onLoad }) => {
    onLoad({ filter: /trigger\.config\.ts$/ }, () => ({ contents: 'export default {}', loader: 'ts' }));
  },
};

/** Packages that are named in the configuration, or have native parts, stay packages; they are noted when something imports them. */
function externalsPlugin(externals: Map<string, string>): Plugin {
  const named = new Set([...ALWAYS_EXTERNAL, ...(config.build?.external ?? [])]);
  return {
    name: 'externals',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^[^./~]/, namespace: 'file' }, async ({ path, resolveDir, kind }) => {
        if (kind === 'entry-point' || path.includes(':') || builtinModules.includes(path)) return undefined;
        const found = await findPackage(path, resolveDir);
        if (found === undefined || !(named.has(found.name) || isNative(found, path))) return undefined;
        externals.set(found.name, found.manifest.version);
        return { path, external: true };
      });
    },
  };
}

async function findPackage(specifier: string, from: string): Promise<Package | undefined> {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    const manifest = join(candidate, 'package.json');
    if (existsSync(manifest))
      return { name, folder: candidate, manifest: JSON.parse(await readFile(manifest, 'utf8')) as Manifest };
    if (folder === dirname(folder)) return undefined;
  }
}

function isNative({ folder, manifest }: Package, path: string): boolean {
  const named = [...(manifest.files ?? []), manifest.main, manifest.module, manifest.browser];
  return (
    /\.(wasm|node)$/.test(path) ||
    named.some((file) => typeof file === 'string' && /\.(wasm|node|gyp|c|cc|cpp|cxx|h|hpp|hxx)$/.test(file)) ||
    existsSync(join(folder, 'binding.gyp'))
  );
}

/** What the extensions of the configuration have an image install. */
async function layers(target: 'dev' | 'deploy'): Promise<Record<string, string>> {
  const added: BuildLayer[] = [];
  const context = {
    target,
    config: { packageJsonPath: join(ROOT, 'package.json') },
    workingDir: ROOT,
    addLayer: (layer: BuildLayer) => void added.push(layer),
  } as unknown as BuildContext;
  for (const extension of config.build?.extensions ?? []) await extension.onBuildComplete?.(context, {} as never);
  return Object.assign({}, ...added.map(({ dependencies }) => dependencies)) as Record<string, string>;
}

/** Puts packages into a folder as `npm install` does in an image: these, what they depend on, and nothing else. */
export async function installInto(folder: string, dependencies: Record<string, string>): Promise<void> {
  const done = new Set<string>();
  const install = async (name: string, from: string): Promise<void> => {
    const found = await findPackage(name, from);
    if (found === undefined || done.has(found.folder)) return;
    done.add(found.folder);
    await copyPackage(found.folder, join(folder, relative(ROOT, found.folder)));
    const { dependencies: needed = {}, optionalDependencies = {} } = found.manifest;
    for (const other of Object.keys({ ...needed, ...optionalDependencies })) await install(other, found.folder);
  };
  for (const name of Object.keys(dependencies)) await install(name, ROOT);
}

/** Without what is nested in it: that is installed where something depends on it. */
async function copyPackage(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from))
    if (entry !== 'node_modules') await cp(join(from, entry), join(to, entry), { recursive: true });
}
