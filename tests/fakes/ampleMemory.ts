import { MemoryBudget } from '../../pkg/core/memory/memoryBudget';

/** Room for whatever a test asks for. */
export function ampleMemory(): MemoryBudget {
  return new MemoryBudget(1024 ** 3, () => new AbortController().signal);
}
