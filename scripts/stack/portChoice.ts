import { freePort, portIsFree } from './ports';

export interface PortWish {
  /** What will listen, in words. */
  what: string;
  usual: number;
  /** The environment variable that fixes the port. */
  variable: string;
}

/**
 * The port for one program: the fixed one (an error names the clash when it is taken), else the usual one, else a free one.
 *
 * @param taken ports promised to other programs of the same start; the answer is added
 */
export async function choosePort(
  wish: PortWish,
  environment: NodeJS.ProcessEnv,
  taken: Set<number>,
  say: (line: string) => void
): Promise<number> {
  const fixed = environment[wish.variable];
  const port = fixed ? await fixedPort(fixed, wish, taken) : await usualOrFree(wish, taken, say);
  taken.add(port);
  return port;
}

async function fixedPort(text: string, { what, variable }: PortWish, taken: Set<number>): Promise<number> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable} must be a port from 1 to 65535, not "${text}".`);
  }
  if (taken.has(port) || !(await portIsFree(port))) {
    throw new Error(
      `Port ${port} for ${what} (${variable}) is in use. Stop what uses it, or unset ${variable} for a free one.`
    );
  }
  return port;
}

async function usualOrFree(
  { what, usual }: PortWish,
  taken: Set<number>,
  say: (line: string) => void
): Promise<number> {
  if (!taken.has(usual) && (await portIsFree(usual))) {
    return usual;
  }
  let port = await freePort();
  while (taken.has(port)) {
    port = await freePort();
  }
  say(`Port ${usual} is in use; ${what} takes ${port}.`);
  return port;
}
