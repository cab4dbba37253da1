import { serveHost } from '../../support/trigger-host/server.ts';
import { TriggerHost } from '../../support/trigger-host/host.ts';

/** A worker of the platform in a process of its own: loads the bundled files that it is given, and runs their tasks. Prints the address of its API and the tasks. */
const files = process.argv.slice(2);
const tasks: string[] = [];
const host = await TriggerHost.start(
  files.map((file) => async () => {
    for (const exported of Object.values((await import(file)) as Record<string, unknown>))
      tasks.push(...[exported].flat().flatMap((task) => (task as { id?: string }).id ?? []));
  }),
);
const { url } = await serveHost(host);
// Read by the SDK in the bundle, which is another copy than the host's.
process.env['TRIGGER_API_URL'] = url;
process.stdout.write(`${JSON.stringify({ url, tasks })}\n`);
