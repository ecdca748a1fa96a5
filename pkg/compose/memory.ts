import os from 'node:os';
import v8 from 'node:v8';
import { MemoryBudget } from '../core/memory/memoryBudget';

const MIB = 1024 * 1024;
/** The program itself, before it has answered anything. */
const BASE_BYTES = 96 * MIB;
/** The other half is for what is not collected yet, for a peak that was not foreseen, and for Grafana in the same container. */
const PART = 0.5;
/** Of an answer of many short series 55 % lie in V8's heap, the rest outside it. */
const HEAP_PART = 0.55;
const LEAST_BYTES = 32 * MIB;

/**
 * How much memory answers may take, of what the process really has: the limit of its control group (Node reads version 1 and 2)
 * or the machine's memory, and V8's heap, which is made smaller than either.
 *
 * @param statedMib takes the place of the group's or machine's limit
 */
export function createMemoryBudget(statedMib?: number): MemoryBudget {
  const limitBytes = statedMib ? statedMib * MIB : Math.min(os.totalmem(), process.constrainedMemory() || Infinity);
  const heapBytes = (v8.getHeapStatistics().heap_size_limit - BASE_BYTES / 2) / HEAP_PART;
  const bytes = Math.max(LEAST_BYTES, Math.min(limitBytes * PART - BASE_BYTES / 2, heapBytes * 0.75));
  return new MemoryBudget(Math.floor(bytes), (ms) => AbortSignal.timeout(ms));
}

/** Grafana hands `memory_limit_mib` of `[plugin.promkeep-prometheus-datasource]` over as this variable. */
export function statedMemoryMib(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const mib = Number(environment.GF_PLUGIN_MEMORY_LIMIT_MIB);
  return Number.isFinite(mib) && mib > 0 ? mib : undefined;
}
