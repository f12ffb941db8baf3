import type { Log, Notifier } from "../ports.ts";

/** Notices as log lines: what there is before webhooks and pagers are set up. */
export function createLogNotifier(log: Log): Notifier {
  return {
    send: async ({ key, topic, text }) => {
      log.info(text, { notice: key, topic });
    },
  };
}
