import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';

test('has defaults', () => {
  expect(readConfig({})).toEqual({
    databaseUrl: undefined,
    host: '127.0.0.1',
    port: 7370,
    apiToken: undefined,
    secretsToken: undefined,
    dashboard: 'https://cloud.trigger.dev',
    dataDir: '.durachart',
    concurrency: undefined,
    logLevel: 'info',
    url: 'http://127.0.0.1:7370',
  });
  expect(readConfig({ DATABASE_URL: '', DURACHART_API_TOKEN: '', DURACHART_PORT: '8000' })).toMatchObject({
    databaseUrl: undefined,
    apiToken: undefined,
    secretsToken: undefined,
    dashboard: 'https://cloud.trigger.dev',
    url: 'http://127.0.0.1:8000',
  });
});

test('reads the environment', () => {
  expect(
    readConfig({
      DATABASE_URL: 'postgresql://u:p@db.example:5432/x?sslmode=require',
      DURACHART_HOST: '0.0.0.0',
      DURACHART_PORT: '0',
      DURACHART_API_TOKEN: '0123456789abcdef',
      DURACHART_DATA_DIR: '/data',
      DURACHART_CONCURRENCY: '8',
      DURACHART_LOG_LEVEL: 'debug',
      DURACHART_URL: 'https://durachart.example/',
    }),
  ).toEqual({
    databaseUrl: 'postgresql://u:p@db.example:5432/x?sslmode=require',
    host: '0.0.0.0',
    port: 0,
    apiToken: '0123456789abcdef',
    secretsToken: undefined,
    dashboard: 'https://cloud.trigger.dev',
    dataDir: '/data',
    concurrency: 8,
    logLevel: 'debug',
    url: 'https://durachart.example',
  });
});

test('lists all that is wrong, without the values', () => {
  const wrong = {
    DATABASE_URL: 'mysql://secret-1',
    DURACHART_PORT: '70000',
    DURACHART_API_TOKEN: 'secret-2',
    DURACHART_CONCURRENCY: '0',
    DURACHART_LOG_LEVEL: 'loud',
    DURACHART_URL: 'ftp://x',
  };
  const error = (() => {
    try {
      readConfig(wrong);
    } catch (thrown) {
      return thrown as Error & { code: string };
    }
    throw new Error('nothing was wrong');
  })();
  expect(error.code).toBe('INVALID_CONFIG');
  for (const name of Object.keys(wrong)) expect(error.message).toContain(`\n  ${name} must`);
  expect(error.message).not.toMatch(/secret|70000|loud/);
});
