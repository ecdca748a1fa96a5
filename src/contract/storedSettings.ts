import * as v from 'valibot';

/**
 * What a stored setting means. Grafana checks neither provisioning files nor what older versions of the page have saved: they
 * hold numbers as texts, texts as numbers and truth as either.
 */
export const storedText = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));

/** A number of 0 or more. */
export const storedAmount = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.nonEmpty(), v.transform(Number))]),
  v.finite(),
  v.minValue(0)
);

export const storedFlag = v.pipe(
  v.unknown(),
  v.check((value) => value !== ''),
  v.transform((value) => value === true || value === 'true' || value === 1)
);
