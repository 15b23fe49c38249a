/** The list envelope: `{"pageInfo":{"currentPage","perPage","lastPage","total"},"data":[…]}`, and the query that asks for a page. */
import { z } from 'zod';
import type { Page, PageRequest } from './ports.ts';

/** More on one page is refused: answers stay small, and nobody reads a database in one call. */
const MOST_PER_PAGE = 1000;

export const pageQuery = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1).meta({ description: 'Counts from 1.' }),
  perPage: z.coerce.number().int().min(1).max(MOST_PER_PAGE).default(20),
});

const pageInfo = z.object({
  currentPage: z.number().int(),
  perPage: z.number().int(),
  lastPage: z.number().int(),
  total: z.number().int(),
});

export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ pageInfo, data: z.array(item) });

/** For a page whose `data` is one object around the list, as the participants of a session are. */
export const pageAround = <Data extends z.ZodType>(data: Data) => z.object({ pageInfo, data });

export const pageInfoOf = ({ page, perPage }: PageRequest, total: number): z.infer<typeof pageInfo> => ({
  currentPage: page,
  perPage,
  lastPage: Math.max(1, Math.ceil(total / perPage)),
  total,
});

export const toPage = <View, Wire>(request: PageRequest, page: Page<View>, toWire: (view: View) => Wire) => ({
  pageInfo: pageInfoOf(request, page.total),
  data: page.items.map(toWire),
});

export const EMPTY_PAGE: Page<never> = { items: [], total: 0 };
