/**
 * How many channels of one datasource may run. Each asks Prometheus up to once a second for as long as somebody watches, and a
 * browser opens as many as it likes. A dashboard has one a query, and everybody who looks at it shares them.
 */
const LIVE_CHANNELS = { all: 300, ofOne: 100 };

/** The channels that run now. */
export class LiveSeats {
  private readonly running = new Map<string, { login: string }>();

  constructor(private readonly most = LIVE_CHANNELS) {}

  /** Why a subscriber may not begin a channel; `undefined` when they may, or when it runs already. */
  refusal(path: string, login = ''): string | undefined {
    if (this.running.has(path)) {
      return undefined;
    }
    if (this.running.size >= this.most.all) {
      return `${this.most.all} queries of this datasource are live, which is the limit.`;
    }
    const own = [...this.running.values()].filter((one) => one.login === login).length;
    return own >= this.most.ofOne ? `${this.most.ofOne} live queries of yours run, which is the limit.` : undefined;
  }

  /** @returns what gives the seat back; `undefined` when there is none */
  take(path: string, login = ''): (() => void) | undefined {
    if (this.refusal(path, login) !== undefined) {
      return undefined;
    }
    const seat = { login };
    this.running.set(path, seat);
    return () => {
      // a new run of the same channel may have begun before this one ended
      if (this.running.get(path) === seat) {
        this.running.delete(path);
      }
    };
  }
}
