/** How the cells of small tables look; numbers stand to the right. */
export const TABLE = 'w-full text-sm';
export const HEAD = 'px-3 py-1.5 text-left text-xs font-medium text-muted';
export const CELL = 'px-3 py-1.5 align-baseline';
export const NUMBER = 'tabular text-right! whitespace-nowrap';
export const ROW = 'border-t border-line';
