import { createTheme } from '@grafana/data';
import { recordsAsCsv, recordsAsJson, shownRecords } from './shownRecords';
import { summaryFrame, timeFrame } from './testFrames';
import { toTiles } from './tiles';
import { ENGLISH } from '../words/words';

const theme = createTheme({ colors: { mode: 'light' } });
const tiles = toTiles(
  [
    timeFrame([{ values: [1.5], labels: { __name__: 'up', path: '=1,"a"' } }]),
    summaryFrame({ values: [], mark: { noDataReason: 'gone' } }),
  ],
  { calculations: ['last'], theme, words: ENGLISH }
);

it('has a record for each value, and none for what has no value', () => {
  expect(shownRecords(tiles, 'mysql')).toEqual([
    {
      metric_name: 'up',
      metric_value: 1.5,
      timestamp: '2026-01-02T03:04:00.000Z',
      labels: { path: '=1,"a"' },
      source: 'mysql',
      data_type: 'metric',
    },
  ]);
  expect(JSON.parse(recordsAsJson(shownRecords(tiles, 'mysql')))).toMatchObject([
    { source: 'mysql', metric_value: 1.5 },
  ]);
});

it('quotes commas and quotes, and disarms formulas', () => {
  const [record] = shownRecords(tiles, 'prometheus');
  expect(recordsAsCsv([{ ...record, metric_name: '=cmd' }]).split('\r\n')).toEqual([
    'metric_name,metric_value,timestamp,labels,source,data_type',
    `"'=cmd",1.5,2026-01-02T03:04:00.000Z,"{""path"":""=1,\\""a\\""""}",prometheus,metric`,
    '',
  ]);
});
