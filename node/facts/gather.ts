// What the machine says of itself, as a tree in Ohai's names (reference, section 5.1).
import { pause, type Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { cpuFacts, filesystemFacts, memoryFacts } from './hardware.ts';
import { physicalHostFacts } from './hyperv.ts';
import { networkFacts } from './network.ts';
import type { Ohai } from './ohai.ts';
import { platformFacts, releaseFacts } from './platform.ts';
import { systemSources, type FactSources } from './sources.ts';

/** How long one answer of the machine is waited for. */
const patienceMs = 5_000;

export interface FactOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waiting: what is known by then is the result. */
  readonly signal?: AbortSignal;
  readonly sources?: FactSources;
  /** Whose word counts for what it knows too. */
  readonly ohai?: Pick<Ohai, 'ask'>;
}

const noOhai: Pick<Ohai, 'ask'> = { ask: async () => ({}) };

/** Names of the machine: `hostname` without its domain, `machinename` as the kernel has it. */
const nameFacts = (machine: string, full: string): Tree => {
  const [hostname = machine, ...domain] = full.split('.');
  return { hostname, machinename: machine, fqdn: full, ...(domain.length === 0 ? {} : { domain: domain.join('.') }) };
};

/**
 * Every fact that could be had within five seconds, and what ohai tells of the same where it is installed. One that could not is left out, with a line in the log of level debug;
 * never rejects. An empty answer is none: that is how some sources say that they failed. Nothing in it changes while the
 * machine stays as it is.
 */
export const gatherFacts = async ({ clock, logger, ohai = noOhai, signal, sources = systemSources }: FactOptions): Promise<Tree> => {
  const given = Symbol('given up');

  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T | undefined> => {
    const over = new AbortController();
    const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    try {
      const answer = await Promise.race([question(), pause(clock, patienceMs, until).then(() => given)]);
      if (answer !== given) return answer as T; // the symbol is the only other thing it can be
      logger.debug(`no ${what} among the facts: no answer in time`);
    } catch (error) {
      logger.debug(`no ${what} among the facts: ${String(error)}`);
    } finally {
      over.abort();
    }
    return undefined;
  };

  const names = async (): Promise<Tree> => {
    const [machine, full] = await Promise.all([ask('host name', sources.hostname), ask('full host name', sources.fullName)]);
    if (machine === undefined) return {};
    return nameFacts(machine, full === undefined || full === '' ? machine : full);
  };

  const system = async (): Promise<Tree> => {
    const [kernel, release] = await Promise.all([ask('kernel', sources.kernel), ask('os-release', sources.osRelease)]);
    const known = kernel === undefined ? {} : { os: kernel.name.toLowerCase(), os_version: kernel.release, kernel: { ...kernel } };
    return { ...known, ...(release === undefined ? {} : { ...platformFacts(release, kernel?.release ?? ''), ...releaseFacts(release) }) };
  };

  const processors = async (): Promise<Tree> => {
    const [cpu, cpuinfo] = await Promise.all([ask('processors', sources.cpu), ask('model of the processors', sources.cpuinfo)]);
    return cpu === undefined || cpu.cores === 0 ? {} : cpuFacts(cpu, cpuinfo ?? '');
  };

  const memory = async (): Promise<Tree> => {
    const found = await ask('memory', sources.memory);
    return found === undefined || found.total === 0 ? {} : memoryFacts(found);
  };

  const network = async (): Promise<Tree> => {
    const [interfaces, name, gateway] = await Promise.all([
      ask('network', sources.interfaces),
      ask('default interface', sources.defaultInterface),
      ask('default gateway', sources.gateway),
    ]);
    if (interfaces === undefined) return {};
    // "None" is an empty text here.
    return networkFacts({ interfaces, defaultInterface: name === '' ? undefined : name, gateway: gateway === '' ? undefined : gateway });
  };

  const fileSystems = async (): Promise<Tree> => {
    const mounted = await ask('file systems', sources.fileSystems);
    return mounted === undefined || mounted.length === 0 ? {} : filesystemFacts(mounted);
  };

  const physicalHost = async (): Promise<Tree> => physicalHostFacts((await ask('physical host', sources.hypervPool)) ?? new Uint8Array());

  const [told, ...parts] = await Promise.all([ohai.ask(signal), names(), system(), processors(), memory(), network(), fileSystems(), physicalHost()]);
  const facts = Object.assign({}, ...parts) as Tree; // each part is one
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, Object.hasOwn(told, name) ? (told[name] ?? fact) : fact]));
};
