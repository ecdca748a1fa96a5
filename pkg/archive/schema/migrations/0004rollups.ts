const COLUMNS = ['metric_name', 'labels', 'source', 'org_id', 'source_name', 'query'];

/** `(end - width, end]`: a sample on the border belongs to the bucket that ends there, as Prometheus' ranges do. */
const bucket = (width: string): string =>
  `date_bin(${width}, m."timestamp" - interval '1 microsecond', '1970-01-01 00:00:00+00') + ${width}`;

const view = (name: string, width: string, text: string): string => `
CREATE VIEW {schema}.${name} AS
SELECT ${bucket(`interval '${width}'`)} AS "timestamp", ${COLUMNS.map((column) => `m.${column}`).join(', ')},
       min(m.metric_value) AS min_value, max(m.metric_value) AS max_value, sum(m.metric_value) AS sum_value,
       count(m.metric_value) AS sample_count, (array_agg(m.metric_value ORDER BY m."timestamp" DESC))[1] AS last_value
FROM {schema}.promkeep_metrics m
GROUP BY 1, ${COLUMNS.map((column) => `m.${column}`).join(', ')};
COMMENT ON VIEW {schema}.${name} IS 'min, max, sum, count and last of every series per ${text}, computed when read, hence always of what is stored now.';
${describe(name)}`;

function describe(name: string): string {
  const comments = [
    ['"timestamp"', 'End of the bucket, which belongs to it; its start does not.'],
    ...COLUMNS.map((column) => [column, 'As in metrics_data.']),
    ['min_value', 'Smallest value; NaN only where there is nothing else.'],
    ['max_value', 'Largest value; NaN where there is one, since PostgreSQL sorts it above all numbers.'],
    ['sum_value', 'Sum.'],
    ['sample_count', 'Number of samples that are not null.'],
    ['last_value', 'Value of the last sample.'],
  ];
  return comments.map(([column, text]) => `COMMENT ON COLUMN {schema}.${name}.${column} IS '${text}';`).join('\n');
}

/** Third schema: rollups per 5 minutes and hour, as views, and the same over a range by function. */
export const rollupViews = `${view('metrics_5m', '5 minutes', '5 minutes')}
${view('metrics_1h', '1 hour', 'hour')}

CREATE FUNCTION {schema}.metrics_rollup(width interval, from_time timestamptz, to_time timestamptz)
RETURNS SETOF {schema}.metrics_5m
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
  SELECT ${bucket('$1')}, ${COLUMNS.map((column) => `m.${column}`).join(', ')},
         min(m.metric_value), max(m.metric_value), sum(m.metric_value), count(m.metric_value),
         (array_agg(m.metric_value ORDER BY m."timestamp" DESC))[1]
  FROM {schema}.promkeep_metrics m
  WHERE m."timestamp" > $2 AND m."timestamp" <= $3
    AND m.part_from <= $3 AND m.part_from > $2 - interval '672 hours' AND m.part_to > $2
  GROUP BY 1, ${COLUMNS.map((column) => `m.${column}`).join(', ')}
$$;
COMMENT ON FUNCTION {schema}.metrics_rollup(interval, timestamptz, timestamptz) IS 'Rollups of any width over the samples after from_time and up to to_time, reading only the packed rows that lie there. Buckets at the ends are cut by the range unless it lies on their borders.';
`;
