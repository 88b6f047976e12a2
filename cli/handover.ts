// What the front tells of a run that it hands over: under which id, so that a message which reached the daemon after all is
// still one, and how long it has waited for the daemon already: a command may be allowed days.

export interface Handover {
  readonly id: string;
  readonly waitedMs: number;
}

/** The variable the front sets: `ID MILLISECONDS`. */
const handoverVariable = 'JETPACK_FRONT';

const pattern = /^([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}) (\d{1,15})$/;

/** As the front sets it: whoever is called with it runs its command itself, and asks no front. */
export const handoverIn = ({ id, waitedMs }: Handover): Readonly<Record<typeof handoverVariable, string>> => ({ [handoverVariable]: `${id} ${waitedMs}` });

/** Undefined when there is none, or somebody else set the variable. */
export const readHandover = (env: Readonly<Record<string, string | undefined>>): Handover | undefined => {
  const [, id, waited] = pattern.exec(env[handoverVariable] ?? '') ?? [];
  return id === undefined ? undefined : { id, waitedMs: Number(waited) };
};
