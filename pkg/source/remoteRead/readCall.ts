import { type TimeRange } from '../../core/model/timeRange';
import { type Selector } from '../../core/ports/rawSeries';
import { encodeReadRequest } from '../../remote/messages/readRequest';
import { compress } from '../../remote/snappy';
import { type ApiCall } from '../http/apiCaller';

/** One selector of remote read: chunks as they are where the source has them, else samples. Both ends are inclusive. */
export function readCall(selector: Selector, { fromMs, toMs }: TimeRange): ApiCall {
  const queries = [{ startMs: fromMs, endMs: toMs, matchers: [...selector] }];
  const request = encodeReadRequest({ queries, acceptedTypes: ['STREAMED_XOR_CHUNKS', 'SAMPLES'] });
  return {
    method: 'POST',
    path: 'api/v1/read',
    parameters: new URLSearchParams(),
    accept: '*/*',
    body: {
      bytes: compress(request),
      headers: {
        'content-encoding': 'snappy',
        'content-type': 'application/x-protobuf',
        'x-prometheus-remote-read-version': '0.1.0',
      },
    },
  };
}

/** In which form an answer of remote read comes; `undefined`: it is none. */
export function formOf(contentType = ''): 'chunks' | 'samples' | undefined {
  if (/^application\/x-streamed-protobuf\b/i.test(contentType)) {
    return 'chunks';
  }
  return /^application\/x-protobuf\b/i.test(contentType) ? 'samples' : undefined;
}
