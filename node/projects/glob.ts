// Words of a path with `*` for anything. Each part between two stars is looked for once, from left to right, where the one
// before it ended: taking the first place that fits leaves the most room for the rest, so nothing is ever tried again.

/** Whether a name is one that the word names, from its first letter to its last. */
export const globMatcher = (word: string): ((name: string) => boolean) => {
  const [head = '', ...parts] = word.split('*');
  const tail = parts.pop();
  if (tail === undefined) return (name) => name === word;
  // Stars side by side are one.
  const middle = parts.filter((part) => part !== '');
  const fewest = head.length + tail.length;
  return (name) => {
    if (name.length < fewest || !name.startsWith(head) || !name.endsWith(tail)) return false;
    let at = head.length;
    for (const part of middle) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= name.length - tail.length;
  };
};
