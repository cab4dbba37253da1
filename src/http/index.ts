export { createApi, type ApiOptions } from './api.ts';
export { createLog } from './log.ts';
export { serveApi, type ApiServer, type ServeOptions } from './serve.ts';
