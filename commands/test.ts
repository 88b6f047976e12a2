// `jetpack test`: runs the tests of all projects of this node (reference, section 5.12).
import { fail, ok } from '../protocol/result.ts';
import { loaded } from './command.ts';
import { examples } from './examples.ts';
import type { TestOutcome } from './host.ts';
import { harmlessLines, printable } from './line.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Style } from './output.ts';

export interface TestInvocation {
  readonly command: 'test';
  readonly json?: true;
}

export const presentOutcome = ({ durationMs, ending, file, output, passed, project, spec }: TestOutcome, { paint }: Style): string => {
  const name = printable(`${project}/${spec} ${file}`);
  if (passed) return `${paint('good', 'passed')}  ${name}, in ${(durationMs / 1000).toFixed(1)} s\n`;
  const written = output.trim() === '' ? [] : harmlessLines(output).map((line) => `  | ${line}`.trimEnd());
  return [`${paint('bad', 'FAILED')}  ${name} ${printable(ending)}`, ...written].map((line) => `${line}\n`).join('');
};

export const test = loaded<TestInvocation>({
  add(program, invoke) {
    const command = program
      .command('test')
      .summary('run the tests of all projects')
      .description(
        "Runs the tests of the node's projects as the last converge brought them, files in tests/ of each spec, and prints how each ended. " +
          'Files named test_*.py or *_test.py are run by pytest where python3 has it, else by unittest; others that begin with #! by their interpreter.\n' +
          'Exit code 0 when all passed, and when there are none.',
      )
      .addHelpText('after', examples('jetpack test', 'jetpack test --json'));
    addForm(command, 'as JSON, when all have ended').action((form: { readonly json?: true; readonly output?: Form }) => invoke({ command: 'test', ...(isJson(form) && { json: true }) }));
  },
  ownProcess: () => true,
  async perform({ json }, { host, node }) {
    const style = styleFor(host.terminal, host.env);
    const outcomes: TestOutcome[] = [];
    const tested = await node.test((outcome) => {
      outcomes.push(outcome);
      if (json !== true) host.out(presentOutcome(outcome, style));
    });
    if (json === true && (tested.ok || outcomes.length > 0)) host.out(jsonText(outcomes));
    if (!tested.ok) return tested;
    const failed = outcomes.filter(({ passed }) => !passed).length;
    if (failed > 0) return fail('tests_failed', `${failed} of ${outcomes.length} files of tests failed`);
    if (json === true) return ok({ out: '' });
    return ok({ out: outcomes.length === 0 ? "no tests: no spec of this node brings one in its folder tests/\n" : `${outcomes.length} passed\n` });
  },
});
