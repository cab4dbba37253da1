import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.tsx';

/** A window over the page; Escape and a press beside it close it. */
export function Dialog({
  title,
  isOpen,
  onClose,
  children,
  isWide = false,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  isWide?: boolean;
}) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => open || onClose()}
      isDismissable
      className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto bg-[rgb(0_0_0/0.45)] p-3 sm:p-10"
    >
      <Modal
        className={`w-full rounded-xl border border-line bg-raised shadow-2xl ${isWide ? 'max-w-4xl' : 'max-w-xl'}`}
      >
        <AriaDialog className="flex flex-col outline-none">
          <header className="flex items-center justify-between gap-3 border-b border-line px-4 py-2.5">
            <Heading slot="title" className="text-base font-semibold">
              {title}
            </Heading>
            <Button kind="quiet" aria-label="Close" onPress={onClose} className="px-1.5!">
              <X size={16} />
            </Button>
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
