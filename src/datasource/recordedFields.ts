/** The fields of a JSON object from the backend. Throws a `TypeError` that names the field of a wrong type. */
export class RecordedFields {
  private readonly fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError('The answer is not a JSON object.');
    }
    this.fields = new Map(Object.entries(value));
  }

  text(key: string): string {
    return this.optionalText(key) ?? this.missing(key);
  }

  optionalText(key: string): string | undefined {
    const value = this.fields.get(key);
    return value === undefined || typeof value === 'string' ? value : this.missing(key);
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.missing(key);
  }

  optionalNumber(key: string): number | undefined {
    const value = this.fields.get(key);
    return value === undefined || typeof value === 'number' ? value : this.missing(key);
  }

  flag(key: string): boolean {
    const value = this.fields.get(key);
    return typeof value === 'boolean' ? value : this.missing(key);
  }

  object(key: string): RecordedFields {
    return new RecordedFields(this.fields.get(key));
  }

  list(key: string): RecordedFields[] {
    const value = this.fields.get(key);
    return Array.isArray(value) ? value.map((one) => new RecordedFields(one)) : this.missing(key);
  }

  texts(key: string): string[] {
    const value: unknown = this.fields.get(key);
    const texts = Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
    return texts ?? this.missing(key);
  }

  private missing(key: string): never {
    throw new TypeError(`The answer's ${key} is missing or of another form.`);
  }
}
