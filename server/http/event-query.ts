// The queries of /api/events, and of lists that are read in pages as it is, into what the store is asked.
import type { PageQuery } from '../../actors/server/enrolment-ports.ts';
import type { EventQuery } from '../../actors/server/ports.ts';
import { priorities } from '../../protocol/events.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';

const names = ['after', 'limit', 'cluster', 'node', 'priority'] as const;

type Name = (typeof names)[number];

const most = { limit: 1_000, name: 255 } as const;
const usualLimit = 100;


const wholeNumber = (name: Name, text: string, from: number, to: number): Result<number> => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
  return value >= from && value <= to ? ok(value) : fail('request_invalid', `${name} is not a whole number from ${from} to ${to}`);
};

/** One parameter, checked, as part of the query. */
const part = (name: Name, text: string): Result<Partial<EventQuery>> => {
  switch (name) {
    case 'after': {
      const after = wholeNumber(name, text, 0, Number.MAX_SAFE_INTEGER);
      return after.ok ? ok({ after: after.value }) : after;
    }
    case 'limit': {
      const limit = wholeNumber(name, text, 1, most.limit);
      return limit.ok ? ok({ limit: limit.value }) : limit;
    }
    case 'cluster':
    case 'node':
      return text !== '' && text.length <= most.name ? ok({ [name]: text }) : fail('request_invalid', `${name} is not a name of 1 to ${most.name} characters`);
    case 'priority': {
      const priority = priorities.find((each) => each === text);
      return priority === undefined ? fail('request_invalid', `priority is not one of ${priorities.join(', ')}`) : ok({ priority });
    }
  }
};

/** The query of a list that has no parameter but `limit`. Fails with `request_invalid`, naming the parameter. */
export const parseLimit = (query: Readonly<Record<string, unknown>>): Result<number> => {
  const { limit = String(usualLimit), ...others } = query;
  const [other] = Object.keys(others);
  if (other !== undefined) return fail('request_invalid', `there is no parameter ${JSON.stringify(other.slice(0, 64))}: known is limit`);
  return typeof limit === 'string' ? wholeNumber('limit', limit, 1, most.limit) : fail('request_invalid', 'limit is given more than once');
};

/** `query` as the HTTP server parsed it: text, or a list where a name came more than once. */
const parseKnown = (query: Readonly<Record<string, unknown>>, known: readonly Name[]): Result<EventQuery> => {
  let parsed: EventQuery = { limit: usualLimit };
  for (const [given, text] of Object.entries(query)) {
    const name = known.find((each) => each === given);
    if (name === undefined) return fail('request_invalid', `there is no parameter ${JSON.stringify(given.slice(0, 64))}: known are ${known.join(', ')}`);
    if (typeof text !== 'string') return fail('request_invalid', `${name} is given more than once`);
    const checked = part(name, text);
    if (!checked.ok) return checked;
    parsed = { ...parsed, ...checked.value };
  }
  return ok(parsed);
};

/** Fails with `request_invalid`, naming the parameter. */
export const parseEventQuery = (query: Readonly<Record<string, unknown>>): Result<EventQuery> => parseKnown(query, names);

/** The query of a list that is read in pages. Fails with `request_invalid`, naming the parameter. */
export const parsePage = (query: Readonly<Record<string, unknown>>): Result<PageQuery> => parseKnown(query, ['after', 'limit']);
