// Attributes of a resource, each as soon as it is known.

/** Without those whose value never comes: the SDK would warn of each, as of the `host.id` of a machine that has no id. */
export const settledAttributes = async <T>(attributes: Readonly<Record<string, T>>): Promise<Record<string, NonNullable<Awaited<T>>>> => {
  const known: Record<string, NonNullable<Awaited<T>>> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const settled = await value;
    if (settled !== undefined && settled !== null) known[name] = settled;
  }
  return known;
};
