import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Keys } from '../kit/keys.tsx';
import { useShortcutList } from './shortcuts.ts';

/** What the keys of this page are. */
export function Help({ isOpen, onChange }: { isOpen: boolean; onChange: (open: boolean) => void }) {
  const shortcuts = useShortcutList();
  const groups = Map.groupBy([...new Map(shortcuts.map((each) => [each.keys, each])).values()], ({ group }) => group);
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={onChange}
      isDismissable
      className="fixed inset-0 z-50 flex items-start justify-center overflow-auto bg-black/40 p-4 pt-[12vh]"
    >
      <Modal className="w-full max-w-md rounded-xl border border-line bg-panel p-5 shadow-xl">
        <Dialog className="outline-none">
          <Heading slot="title" className="mb-3 text-base font-semibold">
            Keys
          </Heading>
          <div className="space-y-4">
            {[...groups].map(([group, each]) => (
              <section key={group}>
                <h3 className="mb-1 text-xs font-medium text-muted">{group}</h3>
                <dl className="divide-y divide-line">
                  {each.map(({ keys, label }) => (
                    <div key={keys} className="flex items-center justify-between py-1.5 text-sm">
                      <dt>{label}</dt>
                      <dd>
                        <Keys keys={keys} />
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <a
            href="/ui/licenses.md"
            target="_blank"
            rel="noreferrer"
            className="mt-4 inline-block text-xs text-muted underline"
          >
            Licences of what this page is made of
          </a>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
