/** Thrown where a run finds out that jetpackd cannot do it: the Node form does all of it anew, under the same message id. */
export class NotHere extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotHere';
  }
}
