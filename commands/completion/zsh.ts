import { flattened, optionKeys, quoted, type CommandShape } from './shapes.ts';

const branch = (patterns: readonly string[], what: string): string => `    (${patterns.map(quoted).join('|')}) ${what} ;;\n`;

/** Words with what they mean, as `_describe` takes them. */
const described = (pairs: ReadonlyArray<readonly [string, string]>): string => pairs.map(([word, meaning]) => quoted(`${word.replaceAll(':', String.raw`\:`)}:${meaning}`)).join(' ');

const steps = (all: readonly CommandShape[]): string =>
  all.flatMap((parent) => parent.commands.map(({ names, place }) => branch(names.map((name) => `${parent.place}/${name}`), `at=${place}`))).join('');

const values = (all: readonly CommandShape[]): string =>
  all
    .flatMap(({ options, place }) =>
      options.flatMap((option) => {
        if (option.value === undefined) return [];
        const { choices, kind } = option.value;
        const what = choices.length > 0 ? `compadd -- ${choices.map(quoted).join(' ')}` : kind === 'folder' ? '_files -/' : kind === 'file' ? '_files' : ':';
        return [branch(optionKeys(place, option), what)];
      }),
    )
    .join('');

const optionsAt = ({ options, place }: CommandShape): string =>
  branch([place], `known=(${described(options.flatMap(({ description, names }) => names.map((name) => [name, description] as const)))}); _describe -o option known`);

const wordsAt = ({ commands, files, place, words }: CommandShape): string => {
  const known: ReadonlyArray<readonly [string, string]> = [...commands.flatMap(({ names, summary }) => names.map((name) => [name, summary] as const)), ...words.map((word) => [word, ''] as const)];
  if (known.length > 0) return branch([place], `known=(${described(known)}); _describe command known`);
  return branch([place], files ? '_files' : ':');
};

export const zshScript = (shape: CommandShape): string => {
  const all = flattened(shape);
  const withValue = all.flatMap(({ options, place }) => options.filter(({ value }) => value !== undefined).flatMap((option) => optionKeys(place, option)));
  return `#compdef jetpack
# Completion of jetpack for zsh. In ~/.zshrc after compinit: source <(jetpack completion zsh)
_jetpack() {
  local current=\${words[CURRENT]} at='' open='' word i
  local -a known
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $open ]]; then open=''; continue; fi
    case "$at $word" in
    (${withValue.map(quoted).join('|')}) open=$word; continue ;;
    esac
    case "$at/$word" in
${steps(all)}    esac
  done
  if [[ -z $open && $current == --*=* ]]; then open=\${current%%=*}; compset -P '*='; fi
  if [[ -n $open ]]; then
    case "$at $open" in
${values(all)}    esac
  elif [[ $current == -* ]]; then
    case $at in
${all.map(optionsAt).join('')}    esac
  else
    case $at in
${all.map(wordsAt).join('')}    esac
  fi
}
if [[ $funcstack[1] == _jetpack ]]; then _jetpack "$@"; else compdef _jetpack jetpack; fi
`;
};
