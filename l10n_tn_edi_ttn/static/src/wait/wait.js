import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

const PAUSE = 1000;

/**
 * Waits for TTN's verdict about one invoice, some seconds long, and shows it. Each look is a short call of its own; who
 * closes the notice or leaves the screen stops waiting, and the invoice goes on by itself.
 */
async function waitForVerdict(env, action) {
    const { move_id: moveId, seconds } = action.params;
    const { action: actions, notification, orm } = env.services;
    let waiting = true;
    const close = notification.add(_t("Signing, depositing and waiting for TTN… You can go on with your work."), {
        type: "info",
        sticky: true,
        onClose: () => (waiting = false),
    });
    const end = Date.now() + seconds * 1000;
    let outcome = {};
    while (waiting && Date.now() < end && !outcome.settled) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        outcome = await orm.silent.call("account.move", "l10n_tn_edi_outcome", [[moveId]]);
    }
    if (!waiting) {
        return;
    }
    close();
    notification.add(outcome.message || outcome.title, {
        type: outcome.settled ? outcome.type : "info",
        title: outcome.message ? outcome.title : "",
        sticky: outcome.settled && outcome.type !== "success",
    });
    await actions.doAction({ type: "ir.actions.client", tag: "soft_reload" });
}

registry.category("actions").add("l10n_tn_edi_wait", (env, action) => {
    // The action ends at once: the screen stays usable while it is waited for.
    waitForVerdict(env, action);
});
