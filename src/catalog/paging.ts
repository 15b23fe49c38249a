/** Pages of a list: `page` counts from 1; `total` is of the whole list. */
export interface PageRequest {
  readonly page: number;
  readonly perPage: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** Rows before the page. */
export const offsetOf = ({ page, perPage }: PageRequest): number => (page - 1) * perPage;

/** A pattern for `ilike` that finds the text anywhere; its own wildcards are taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
