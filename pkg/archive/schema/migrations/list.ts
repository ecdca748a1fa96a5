import { archiveTables } from './0001archive';
import { metricsDataView } from './0001metricsData';
import { leases } from './0002leases';
import { packedView } from './0003packedView';
import { packedTables } from './0003packing';
import { rollupViews } from './0004rollups';
import { managedQueries } from './0005management';
import { writingFunctions } from './0006writing';
import { densePacking } from './0007densePacking';
import { storedRollups } from './0008storedRollups';
import { rowSecurity } from './0009rowSecurity';
import { expiredCoverage } from './0010expiredCoverage';
import { settings } from './0011settings';
import { takingApart } from './0012takingApart';
import { ownNames } from './0013ownNames';
import { deletions } from './0014deletions';
import { expectedSeries } from './0015expectedSeries';

export interface Migration {
  name: string;
  /** `{schema}` stands for the quoted schema, `{schemaText}` for its name as a string literal. */
  sql: string;
}

/** In order; the version is the place in this list, from 1. Never change one that was released: add another. */
export const MIGRATIONS: readonly Migration[] = [
  { name: 'archive', sql: archiveTables + metricsDataView },
  { name: 'leases', sql: leases },
  { name: 'packing', sql: packedTables + packedView },
  { name: 'rollups', sql: rollupViews },
  { name: 'managed queries', sql: managedQueries },
  { name: 'writing', sql: writingFunctions },
  { name: 'dense packing', sql: densePacking },
  { name: 'stored rollups', sql: storedRollups },
  { name: 'row security', sql: rowSecurity },
  { name: 'expired coverage', sql: expiredCoverage },
  { name: 'settings', sql: settings },
  { name: 'taking apart', sql: takingApart },
  { name: 'own names', sql: ownNames },
  { name: 'deletions', sql: deletions },
  { name: 'expected series', sql: expectedSeries },
];
