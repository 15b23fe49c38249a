/** The journal says nothing that could be rendered, copied or heard. Whoever meets it need not try again. */
export class NothingToComposeError extends Error {
  override readonly name = 'NothingToComposeError';
}
