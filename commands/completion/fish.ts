import { flattened, optionKeys, type CommandShape, type OptionShape } from './shapes.ts';

/** Within single quotes of fish, where a backslash takes the place of another quote. */
const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

const branch = (patterns: readonly string[], what: string): string => `            case ${patterns.map(quoted).join(' ')}\n                ${what}\n`;

const valueFlags = ({ value }: OptionShape): string => {
  if (value === undefined) return '';
  if (value.choices.length > 0) return ` -x -a ${quoted(value.choices.join(' '))}`;
  switch (value.kind) {
    case 'folder':
      return " -x -a '(__fish_complete_directories)'";
    case 'file':
      return ' -r -F';
    case 'word':
      return ' -x';
  }
};

const nameFlags = ({ names }: OptionShape): string => names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('');

const linesOf = ({ commands, files, options, place, words }: CommandShape): readonly string[] => {
  const head = `complete -c jetpack -n '__jetpack_at "${place}"'`;
  return [
    ...commands.flatMap(({ names, summary }) => names.map((name) => `${head} -a ${quoted(name)} -d ${quoted(summary)}`)),
    ...words.map((word) => `${head} -a ${quoted(word)}`),
    ...options.map((option) => `${head}${nameFlags(option)}${valueFlags(option)} -d ${quoted(option.description)}`),
    ...(files ? [`${head} -F`] : []),
  ];
};

export const fishScript = (shape: CommandShape): string => {
  const all = flattened(shape);
  const withValue = all.flatMap(({ options, place }) => options.filter(({ value }) => value !== undefined).flatMap((option) => optionKeys(place, option)));
  const steps = all.flatMap((parent) => parent.commands.map(({ names, place }) => branch(names.map((name) => `${parent.place}/${name}`), `set at ${place}`))).join('');
  return `# Completion of jetpack for fish. In ~/.config/fish/config.fish: jetpack completion fish | source
function __jetpack_at
    set -l at ''
    set -l open ''
    for word in (commandline -opc)[2..-1]
        if test -n "$open"
            set open ''
            continue
        end
        switch "$at $word"
            case ${withValue.map(quoted).join(' ')}
                set open $word
                continue
        end
        switch "$at/$word"
${steps}        end
    end
    test "$at" = "$argv[1]"
end
complete -c jetpack -f
${all.flatMap(linesOf).join('\n')}
`;
};
