import { flattened, optionKeys, quoted, type CommandShape } from './shapes.ts';

const branch = (patterns: readonly string[], what: string): string => `    ${patterns.map(quoted).join(' | ')}) ${what} ;;\n`;

const steps = (all: readonly CommandShape[]): string =>
  all.flatMap((parent) => parent.commands.map(({ names, place }) => branch(names.map((name) => `${parent.place}/${name}`), `at=${place}`))).join('');

const withValue = (all: readonly CommandShape[]): readonly string[] => all.flatMap(({ options, place }) => options.filter(({ value }) => value !== undefined).flatMap((option) => optionKeys(place, option)));

/** A value that is neither a choice nor a path is nothing that the shell could know. */
const values = (all: readonly CommandShape[]): string =>
  all
    .flatMap(({ options, place }) =>
      options.flatMap((option) => {
        const keys = optionKeys(place, option);
        if (option.value === undefined) return [];
        if (option.value.choices.length > 0) return [branch(keys, `known=${quoted(option.value.choices.join(' '))}`)];
        return option.value.kind === 'word' ? [branch(keys, 'compopt +o default 2>/dev/null || :')] : option.value.kind === 'folder' ? [branch(keys, 'mapfile -t COMPREPLY < <(compgen -d -- "$current")')] : [];
      }),
    )
    .join('');

export const bashScript = (shape: CommandShape): string => {
  const all = flattened(shape);
  const options = all.map(({ options: each, place }) => branch([place], `known=${quoted(each.flatMap(({ names }) => names).join(' '))}`)).join('');
  const words = all.map(({ commands, files, place, words: each }) => branch([place], `known=${quoted([...commands.flatMap(({ names }) => names), ...each].join(' '))}${files ? '' : '; compopt +o default 2>/dev/null || :'}`)).join('');
  return `# Completion of jetpack for bash. In ~/.bashrc: source <(jetpack completion bash)
_jetpack() {
  local current=\${COMP_WORDS[COMP_CWORD]} at='' open='' known='' word i
  COMPREPLY=()
  # Readline takes --level=warn for three words.
  [[ $current == = ]] && current=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == = ]] && continue
    if [[ -n $open ]]; then open=''; continue; fi
    case "$at $word" in
    ${withValue(all).map(quoted).join(' | ')}) open=$word; continue ;;
    esac
    case "$at/$word" in
${steps(all)}    esac
  done
  if [[ -n $open ]]; then
    case "$at $open" in
${values(all)}    esac
  elif [[ $current == -* ]]; then
    case $at in
${options}    esac
  else
    case $at in
${words}    esac
  fi
  [[ -n $known ]] && mapfile -t COMPREPLY < <(compgen -W "$known" -- "$current")
  return 0
}
complete -o default -F _jetpack jetpack
`;
};
