/** Structured log; attributes must hold no secret. */
export interface Logger {
  debug(message: string, attributes?: LogAttributes): void;
  info(message: string, attributes?: LogAttributes): void;
  warn(message: string, attributes?: LogAttributes): void;
  error(message: string, attributes?: LogAttributes): void;
}

export type LogAttributes = Readonly<Record<string, string | number | boolean | undefined>>;
