import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { onWillStart, useState } from "@odoo/owl";

/** The list of electronic documents, with a banner for each account whose queue is stopped. */
export class DocumentListController extends ListController {
    static template = "l10n_tn_edi_ttn.DocumentListView";

    setup() {
        super.setup();
        this.l10nTnEdiStopped = useState({ accounts: [] });
        const orm = useService("orm");
        onWillStart(async () => {
            this.l10nTnEdiStopped.accounts = await orm.call("l10n_tn_edi.account", "get_stopped", []);
        });
    }

    openStopped(id) {
        return this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: "l10n_tn_edi.account",
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

registry.category("views").add("l10n_tn_edi_document_list", {
    ...listView,
    Controller: DocumentListController,
});
