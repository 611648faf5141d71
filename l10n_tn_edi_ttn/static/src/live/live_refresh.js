import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { ListController } from "@web/views/list/list_controller";
import { EventBus, onWillUnmount, status, useComponent } from "@odoo/owl";

// What is shown of these models changes when TTN answers.
const WATCHED = { "account.move": "moves", "l10n_tn_edi.document": "documents" };
// A big batch changes something every moment; a screen is read anew at most this often.
const PAUSE = 1500;

/**
 * Hands what the server says about electronic documents to the views that are open. One subscription for the whole
 * client; without an open view it costs nothing.
 */
export const liveRefreshService = {
    dependencies: ["bus_service"],
    start(env, { bus_service: bus }) {
        const changes = new EventBus();
        bus.subscribe("l10n_tn_edi_ttn/changed", (payload) => changes.trigger("changed", payload));
        return { changes };
    },
};
registry.category("services").add("l10n_tn_edi_live", liveRefreshService);

/**
 * Read the view anew when one of the records on the screen changed.
 *
 * @param {(ids: Set<number>) => boolean} concerns whether one of these records is on the screen.
 * @param {() => boolean|Promise<boolean>} busy whether the user would lose what he typed or selected: then it waits.
 */
function useLiveRefresh(concerns, busy) {
    const controller = useComponent();
    const kind = WATCHED[controller.props.resModel];
    if (!kind) {
        return;
    }
    const { changes } = useService("l10n_tn_edi_live");
    const changed = new Set();
    let timer = null;
    let last = 0;
    const refresh = async () => {
        timer = null;
        if (status(controller) !== "mounted" || !concerns(changed)) {
            changed.clear();
        } else if (await busy()) {
            timer = setTimeout(refresh, PAUSE);
        } else {
            changed.clear();
            last = Date.now();
            await controller.model.root.load();
        }
    };
    const listen = ({ detail }) => {
        detail[kind].forEach((id) => changed.add(id));
        timer ??= setTimeout(refresh, Math.max(0, last + PAUSE - Date.now()));
    };
    changes.addEventListener("changed", listen);
    onWillUnmount(() => {
        changes.removeEventListener("changed", listen);
        clearTimeout(timer);
    });
}

patch(FormController.prototype, {
    setup() {
        super.setup(...arguments);
        useLiveRefresh(
            (ids) => ids.has(this.model.root.resId),
            () => this.model.root.isDirty()
        );
    },
});

// One object for each target: a patch's `super` is bound to the target it was given to.
const listRefresh = () => ({
    setup() {
        super.setup(...arguments);
        useLiveRefresh(
            (ids) => {
                const list = this.model.root;
                return list.isGrouped || list.records.some((record) => ids.has(record.resId));
            },
            () => this.model.root.editedRecord || this.model.root.selection?.length
        );
    },
});
patch(ListController.prototype, listRefresh());
patch(KanbanController.prototype, listRefresh());
