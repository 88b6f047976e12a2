// The name of a host, as somebody tells it (RFC 1123, section 2.1). With the underscore, which that does not have and hosts do.
import * as z from 'zod';

const label = '[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?';
const form = new RegExp(`^${label}(?:\\.${label})*$`);

export const hostName = z
  .string()
  .min(1)
  .max(253)
  .refine((text) => form.test(text), 'not the name of a host: letters, digits and hyphens, in words of 1 to 63 joined by dots');
