// What went wrong, as the page of a cluster shows it (reference, section 11): a summary, where to look, and what to do.
import * as z from 'zod';

export const card = z.object({
  summary: z.string().describe('one line for a person'),
  recommendation: z.string().describe('what to do about it'),
  aspect: z.string().optional().describe('what kind of matter it is: `Software Configuration`'),
  project: z.string().optional(),
  spec: z.string().optional(),
  script: z.string().optional().describe("the script's file name"),
  exitCode: z.int().optional().describe('absent when the script did not exit by itself'),
  ending: z.string().optional().describe('how it ended instead: `timed out after 300 s`, `killed by SIGSEGV`'),
  output: z.string().optional().describe('the end of what it wrote'),
  log: z.string().optional().describe('the file on the node that has all of it'),
});

export type Card = z.infer<typeof card>;
