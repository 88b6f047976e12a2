// Redeems a token: proves it to the server without sending its secret, and opens what the server has sealed for it. A server
// that is away, or has too much to do, is asked again for a while with the same nonce, which it answers alike.
import { pause, type Clock } from '../../effects/clock.ts';
import { credentials, enrolAnswer, type Credentials, type EnrolRequest } from '../../protocol/enrolment.ts';
import { keyOf, proofOf, unseal, type Token } from '../../protocol/enrolment-seal.ts';
import { errors } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface RedeemPorts {
  readonly ask: (request: EnrolRequest) => Promise<Result<unknown>>;
  readonly clock: Clock;
}

const pauseMs = 1_000;
/** Long enough for a server that is started at the same time. */
const patienceMs = 30_000;

const open = (key: string, request: EnrolRequest, answer: unknown): Result<Credentials> => {
  const parsed = enrolAnswer.safeParse(answer);
  const text = parsed.success ? unseal(key, request, parsed.data.sealed) : undefined;
  if (text === undefined) return fail('server_unreachable', 'the answer is not from the server that made the token, or was altered on its way');
  const json = parseJson(Buffer.from(text));
  const told = json.ok ? credentials.safeParse(json.value) : undefined;
  return told?.success === true ? ok(told.data) : fail('server_unreachable', 'the answer misses what a node needs: is the server of another version?');
};

/** Fails with what the server says of the token, or with `server_unreachable`. */
export const redeem = async (token: Token, nonce: string, { ask, clock }: RedeemPorts): Promise<Result<Credentials>> => {
  const key = keyOf(token);
  const request: EnrolRequest = { id: token.id, nonce, proof: proofOf(key, token.id, nonce) };
  const begun = clock.monotonic();
  for (;;) {
    const answered = await ask(request);
    if (answered.ok) return open(key, request, answered.value);
    if (!errors[answered.error.code].retryable || clock.monotonic() - begun >= patienceMs) return answered;
    await pause(clock, pauseMs);
  }
};
