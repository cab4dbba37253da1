import type { ReactNode } from 'react';
import { Tooltip } from 'react-aria-components';

/** What something is, while it is pointed at or focused; inside of a TooltipTrigger. */
export function Tip({ children }: { children: ReactNode }) {
  return (
    <Tooltip
      offset={6}
      className="z-50 max-w-72 rounded-md bg-[light-dark(#1c2028,#e6e9ef)] px-2 py-1 text-xs text-[light-dark(#fff,#12151a)] shadow-md"
    >
      {children}
    </Tooltip>
  );
}
