import { expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { createDatabase } from '../support/database.ts';

test('arrays go to the database and come back as they were', async () => {
  const { url, drop } = await createDatabase();
  const { pool, close } = openDatabase(url);
  const texts = ['', 'a b', 'a,b', '{}', '"', String.raw`\ "\ `, 'NULL', 'null', "it's", 'ü€\n'];
  const [row] = await pool.unsafe(
    `select $1::text[] as texts, $2::int[] as ints, $3::float8[] as floats, $4::bigint[] as bigints, $5::jsonb[] as jsons,
       array['a', null] as nulls, array[array[1, 2], array[3, 4]] as nested, '{}'::text[] as empty, '[0:1]={a,b}'::text[] as bounds,
       array[true, false] as bools, array['1970-01-01 00:00:00.005+00'::timestamptz] as dates`,
    [texts, [1, -2], [1.5, 2], ['9007199254740993'], [{ a: '"' }, { b: [1] }]] as never[],
  );
  expect(row).toEqual({
    texts,
    ints: [1, -2],
    bools: [true, false],
    floats: [1.5, 2],
    bigints: ['9007199254740993'],
    jsons: [{ a: '"' }, { b: [1] }],
    nulls: ['a', null],
    nested: [
      [1, 2],
      [3, 4],
    ],
    empty: [],
    bounds: ['a', 'b'],
    dates: [new Date(5)],
  });
  expect(await pool`select 1 as one where 'b' = any(${['a', 'b']})`).toEqual([{ one: 1 }]);
  await close();
  await drop();
});
